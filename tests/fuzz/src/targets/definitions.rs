//! Definitions: any text as YAML or JSON, up to the plan and to what people read of it.

use std::collections::BTreeSet;

use pavane::workflow::v1::{DeployedWorkflow, Diagnostic as Message, ListWorkflowsResponse};
use pavane_flow::diagnostic::{Diagnostic, Renderer, Style};
use pavane_flow::language::{Definition, compile};
use pavane_flow::{evolution, proto2};
use prost::Message as _;

use super::shop;
use crate::random::Random;
use crate::{Target, corpus};

mod shapes;

pub(super) struct Definitions;

impl Target for Definitions {
    fn corpus(&self) -> Vec<Vec<u8>> {
        corpus::definitions()
            .into_iter()
            .map(String::into_bytes)
            .collect()
    }

    fn dictionary(&self) -> Vec<Vec<u8>> {
        let workflow = "pavane.workflow.v1.";
        let contract = shop::pool().all_messages();
        let contract = contract.filter(|message| message.full_name().starts_with(workflow));
        let fields = contract.flat_map(|message| message.fields().collect::<Vec<_>>());
        let keys: BTreeSet<String> = fields.map(|field| field.name().to_owned()).collect();
        let pieces = [
            "&a ",
            "*a",
            "<<: *a",
            "!!binary ",
            "!!str ",
            "? ",
            "- ",
            "|\n",
            ">-\n",
            "---\n",
            "...\n",
            "%YAML 1.2\n",
            "~",
            "null",
            ".inf",
            ".nan",
            "0x7f",
            "0o17",
            "2026-11-23",
            "\"\\ud800\"",
            "\"\\u0000\"",
            "#",
            ": ",
            "test.Tests/Run",
            "test.Tests/Watch",
            "test.Everything",
            "shop.order.v1.OrderService/PlaceOrder",
            "input",
            "execution.id",
            "1h30m",
            "-1s",
            "1e300s",
        ];
        let pieces = pieces.into_iter().map(str::to_owned);
        keys.into_iter()
            .map(|key| format!("{key}: "))
            .chain(pieces)
            .map(String::into_bytes)
            .collect()
    }

    fn generate(&self, random: &mut Random, corpus: &[Vec<u8>]) -> Vec<u8> {
        shapes::generate(random, corpus)
    }

    fn run(&self, input: &[u8]) -> String {
        // What is sent is a `string`, so it is text, whatever it says.
        let text = String::from_utf8_lossy(input);
        let definition = Definition::parse("fuzz.yaml", &text);
        let compiled = compile(&definition, shop::pool());
        let renderer = |style, source| Renderer {
            file_name: "fuzz.yaml",
            source,
            style,
        };
        renderer(Style::ANSI, Some(&text)).render(&compiled.diagnostics);
        renderer(Style::PLAIN, None).render(&compiled.diagnostics);
        for found in &compiled.diagnostics {
            let sent = Message::from(found).encode_to_vec();
            let heard = Message::decode(sent.as_slice()).expect("what was encoded can be decoded");
            assert_eq!(
                &Diagnostic::from(heard),
                found,
                "a diagnostic survives the wire"
            );
        }
        proto2::check(&definition, shop::pool());
        if let Some(plan) = &compiled.plan {
            evolution::uses(&compiled.workflow);
            // It is kept as a message, listed as one, and compiled from that at every start.
            let listed = ListWorkflowsResponse {
                workflows: vec![DeployedWorkflow {
                    workflow: Some(compiled.workflow),
                    ..DeployedWorkflow::default()
                }],
                ..ListWorkflowsResponse::default()
            };
            let read = ListWorkflowsResponse::decode(listed.encode_to_vec().as_slice());
            let read = read.expect("deployed, but not read again");
            let kept = read
                .workflows
                .into_iter()
                .find_map(|deployed| deployed.workflow);
            let again = Definition::from(kept.expect("it was deployed"));
            let again = compile(&again, shop::pool());
            let again = again.plan.unwrap_or_else(|| {
                panic!("deployed, but not compiled again: {:?}", again.diagnostics)
            });
            assert_eq!(plan.revision, again.revision);
        }
        said(compiled.plan.is_some(), &compiled.diagnostics)
    }
}

/// What an input is known by: what is said of it, not where and how often.
pub(super) fn said(is_accepted: bool, diagnostics: &[Diagnostic]) -> String {
    let reasons: BTreeSet<&str> = diagnostics
        .iter()
        .map(|found| found.reason.as_ref())
        .collect();
    let reasons: Vec<&str> = reasons.into_iter().collect();
    format!("{is_accepted} {}", reasons.join(" "))
}

//! What must be true when the storm is over.

use std::collections::BTreeMap;

use pavane::feed::v1::Event;
use pavane::workflow::v1::{
    CompensationFailed, ExecutionCanceled, ExecutionFailed, ExecutionStarted, ExecutionSucceeded,
    StepAbandoned, StepCompensated, StepCompleted, StepFailed, StepSkipped,
};
use pavane_cli::demo::audit::{Addresses, Books, Expectation};
use pavane_tests::load::Answers;
use pavane_tests::shop::{Role, Shop};
use pavane_tests::{journal, orders};
use prost::{Message, Name};

use crate::watcher::Watcher;

/// What an execution may have only once, whatever happened to its conductor.
#[derive(Debug, Default)]
struct Life {
    begins: usize,
    outcomes: Vec<(String, bool)>,
    after_outcome: Vec<String>,
    /// By what happened and the step.
    steps: BTreeMap<(String, String), usize>,
}

/// The journal: one outcome for each order, the one that its client was told; no gap, no event
/// twice; and who followed it live heard exactly that.
pub(crate) async fn journal(shop: &Shop, watcher: Watcher, answers: &Answers) {
    let events = journal::read(shop.channel(Role::Orchestrator), "orchestrator").await;
    let mut wrong = Vec::new();
    for (at, event) in events.iter().enumerate() {
        if event.sequence != at as u64 + 1 {
            wrong.push(format!(
                "sequence {} is at place {}",
                event.sequence,
                at + 1
            ));
        }
    }
    let heard = watcher
        .up_to(events.last().map_or(0, |event| event.sequence))
        .await;
    if heard != events {
        let (heard, written) = (heard.len(), events.len());
        wrong.push(format!(
            "the subscriber heard {heard} events, not the {written} written"
        ));
    }

    let lives = lives(&events);
    for (id, life) in &lives {
        if life.begins != 1 {
            wrong.push(format!("{id} began {} times", life.begins));
        }
        match &life.outcomes[..] {
            [(outcome, succeeded)] => match answers.outcomes.get(id) {
                Some(told) if told == succeeded => {}
                told => wrong.push(format!("{id} is {outcome}; its client was told {told:?}")),
            },
            outcomes => wrong.push(format!("{id} has the outcomes {outcomes:?}")),
        }
        if !life.after_outcome.is_empty() {
            wrong.push(format!(
                "{id} went on after its outcome: {:?}",
                life.after_outcome
            ));
        }
        let twice = life.steps.iter().filter(|(_, count)| **count > 1);
        wrong.extend(twice.map(|((what, step), count)| format!("{id}: {what} {step} x {count}")));
    }
    let lost = answers
        .outcomes
        .keys()
        .filter(|id| !lives.contains_key(*id));
    wrong.extend(lost.map(|id| format!("{id} was answered, and is not in the journal")));
    report("the journal", &wrong);
}

fn lives(events: &[Event]) -> BTreeMap<String, Life> {
    let mut lives: BTreeMap<String, Life> = BTreeMap::new();
    for event in events {
        let life = lives.entry(event.subject.clone()).or_default();
        let data = event
            .data
            .as_ref()
            .map(|data| &data.value[..])
            .unwrap_or_default();
        let kind = event.r#type.clone();
        if !life.outcomes.is_empty() {
            life.after_outcome.push(kind.clone());
        }
        if kind == ExecutionStarted::full_name() {
            life.begins += 1;
        } else if kind == ExecutionSucceeded::full_name() {
            life.outcomes.push((kind, true));
        } else if kind == ExecutionFailed::full_name() || kind == ExecutionCanceled::full_name() {
            life.outcomes.push((kind, false));
        } else if let Some(step) = step_of(&kind, data) {
            *life.steps.entry((kind, step)).or_default() += 1;
        }
    }
    lives
}

/// The step that an event is about, if it may happen to a step only once.
fn step_of(kind: &str, data: &[u8]) -> Option<String> {
    macro_rules! step {
        ($($message:ty),*) => {
            $(if kind == <$message>::full_name() {
                return Some(<$message>::decode(data).expect("an event holds its message").step);
            })*
        };
    }
    step!(
        StepCompleted,
        StepFailed,
        StepSkipped,
        StepAbandoned,
        StepCompensated
    );
    assert_ne!(
        kind,
        CompensationFailed::full_name(),
        "no compensation fails for good here"
    );
    None
}

/// Money, stock and shipments agree with the outcomes; no effect twice; no call of a step after
/// its completion was recorded.
pub(crate) async fn books(shop: &Shop, answers: &Answers) {
    let addresses = Addresses {
        orchestrator: shop.address(Role::Orchestrator),
        inventory: shop.address(Role::Inventory),
        payment: shop.address(Role::Payment),
        shipping: shop.address(Role::Shipping),
    };
    let books = Books::read(&addresses)
        .await
        .expect("everything can be read");
    assert!(!books.calls.is_empty(), "the services counted no calls");
    let expectation = Expectation {
        stock: orders::stock(),
        answers: answers.outcomes.clone(),
    };
    let audit = books.audit(&expectation);
    let mut wrong = audit.violations.clone();
    if audit.outcomes.len() != answers.outcomes.len() {
        let (known, told) = (audit.outcomes.len(), answers.outcomes.len());
        wrong.push(format!(
            "{known} orders are in the books, {told} were answered"
        ));
    }
    if audit.duplicate_effects > 0 {
        wrong.push(format!(
            "{} effects happened again",
            audit.duplicate_effects
        ));
    }
    report("the audit", &wrong);
    let succeeded = answers
        .outcomes
        .values()
        .filter(|succeeded| **succeeded)
        .count();
    assert!(
        succeeded > 0 && succeeded < answers.outcomes.len(),
        "{succeeded} of {} orders succeeded: the load is to have both",
        answers.outcomes.len()
    );
}

/// Fails if anything is wrong, with all of it.
fn report(what: &str, wrong: &[String]) {
    assert!(
        wrong.is_empty(),
        "{what} is wrong in {} places:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

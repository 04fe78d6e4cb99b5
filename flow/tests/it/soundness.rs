//! Whatever the checker accepts does not fail for a type: random expressions, of types that fit by
//! construction and of types that may not, evaluated on random messages.
//!
//! Each case is made from its seed alone: `PAVANE_SEED=n` replays one, `PAVANE_SEEDS=n` runs more.

use bytes::Bytes;
use pavane_flow::Timestamp;
use pavane_flow::language::Compiled;
use pavane_flow::plan::Plan;
use pavane_flow::program::{Cause, EvaluationError, ExecutionInfo, Scope};

use crate::support::{compiled, computing, message};
use grammar::Grammar;
use kind::Kind;
use random::Random;

mod grammar;
mod kind;
mod messages;
mod random;

/// How many expressions a run tries, of each sort.
const SEEDS: u64 = 2_000;
/// How many messages each expression is evaluated on.
const MESSAGES: usize = 3;

#[expect(clippy::print_stdout, reason = "a random test says how to replay it")]
fn each_seed(check: impl Fn(u64)) {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse().ok());
    if let Some(seed) = number("PAVANE_SEED") {
        return check(seed);
    }
    let seeds = number("PAVANE_SEEDS").unwrap_or(SEEDS);
    println!("seeds 0 to {seeds}; replay one with PAVANE_SEED=n");
    (0..seeds).for_each(check);
}

/// A workflow whose output has an expression of a kind in it: in a field of its type, if there is one.
fn workflow(kind: &Kind, expression: &str) -> Compiled {
    let (field, expression) = match kind.field() {
        Some(field) => (field, expression.to_owned()),
        None => ("a_bool", format!("[{expression}].size() == 1")),
    };
    let quoted = serde_json::Value::from(expression).to_string();
    compiled(&computing(&format!("{field}: {quoted}")))
}

fn evaluate(plan: &Plan, input: &Bytes) -> Result<Bytes, EvaluationError> {
    plan.evaluate_output(&Scope {
        input,
        outputs: &[None],
        execution: ExecutionInfo {
            id: "e-1",
            workflow: "test",
            revision: "abc",
            create_time: Timestamp::from_nanos(1_500_000_000),
        },
        element: None,
        event: None,
    })
}

/// Evaluates an accepted expression on random messages.
fn check_sound(seed: u64, plan: &Plan, expression: &str, random: &mut Random) {
    let everything = message("test.Everything");
    for _ in 0..MESSAGES {
        let input = messages::encoded(&everything, random);
        if let Err(error) = evaluate(plan, &input) {
            let is_of_types = matches!(error.cause, Cause::Type | Cause::Field);
            assert!(
                !is_of_types,
                "seed {seed}: `{expression}` was accepted, but {}",
                error.problem
            );
            assert_ne!(error.cause, Cause::Malformed, "seed {seed}: {error}");
        }
    }
}

/// What is said of an expression besides that it has no value, or is too long.
fn objections(compiled: &Compiled) -> Vec<String> {
    const OF_VALUES: [&str; 3] = ["NO_VALUE", "LIMIT_EXCEEDED", "UNKNOWN_ENUM_VALUE"];
    let errors = compiled.diagnostics.iter().filter(|found| found.is_error());
    let told = errors.filter(|found| !OF_VALUES.contains(&found.reason.as_ref()));
    told.map(|found| format!("{}: {}", found.reason, found.message))
        .collect()
}

#[test]
fn what_fits_by_construction_is_accepted_and_sound() {
    each_seed(|seed| {
        let mut random = Random::new(seed);
        let mut grammar = Grammar::new(&mut random, 0);
        let kind = grammar.any_kind();
        let expression = grammar.expression(&kind, 5);
        let compiled = workflow(&kind, &expression);
        let objections = objections(&compiled);
        assert!(
            objections.is_empty(),
            "seed {seed}: `{expression}`, {kind:?}, was refused: {objections:?}"
        );
        if let Some(plan) = &compiled.plan {
            check_sound(seed, plan, &expression, &mut random);
        }
    });
}

#[test]
fn what_does_not_fit_is_refused_or_sound() {
    let (accepted, refused) = (std::cell::Cell::new(0), std::cell::Cell::new(0));
    each_seed(|seed| {
        let mut random = Random::new(seed);
        let mut grammar = Grammar::new(&mut random, 6);
        let kind = grammar.any_kind();
        let expression = grammar.expression(&kind, 4);
        let compiled = workflow(&kind, &expression);
        match &compiled.plan {
            Some(plan) => {
                accepted.set(accepted.get() + 1);
                check_sound(seed, plan, &expression, &mut random);
            }
            None => refused.set(refused.get() + 1),
        }
    });
    let (accepted, refused) = (accepted.get(), refused.get());
    println!("{accepted} accepted, {refused} refused");
    if accepted + refused > 100 {
        assert!(
            accepted > (accepted + refused) / 5,
            "most are refused at once"
        );
        assert!(refused > (accepted + refused) / 5, "few are wrong");
    }
}

//! What is broken on purpose is noticed, and for the reason that it is broken.

use pavane_flow::choreography::projection::EventType;
use pavane_simulation::{Sabotage, run};

/// Within so many seeds.
const MOST_SEEDS: u64 = 3_000;

const BOTH: [&str; 2] = ["Orchestrated", "Choreographed"];
const CHOREOGRAPHED: [&str; 1] = ["Choreographed"];

/// In each of these modes some seed fails, with one of these words. Says which.
fn check(sabotage: Sabotage, modes: &[&str], expected: &[&str]) -> String {
    let noticed = modes.iter().map(|mode| {
        let is_expected = |problem: &str| {
            problem.starts_with(mode) && expected.iter().any(|words| problem.contains(words))
        };
        let mut failures = (0..MOST_SEEDS).filter_map(|seed| run(seed, sabotage).err());
        match failures.find(|failure| is_expected(&failure.problem)) {
            Some(failure) => format!("{sabotage:?}: seed {}: {}", failure.seed, failure.problem),
            None => panic!("{sabotage:?} was not noticed, {mode}"),
        }
    });
    noticed.collect::<Vec<_>>().join("\n")
}

#[test]
fn calls_that_are_forgotten_leave_effects() {
    let noticed = check(
        Sabotage::ForgetsCalls,
        &BOTH,
        &[
            "took effect, and was never called",
            "ended as nothing allows",
        ],
    );
    println!("{noticed}");
}

#[test]
fn without_tombstones_what_comes_late_stays() {
    let noticed = check(
        Sabotage::NoTombstones,
        &BOTH,
        &["ended as nothing allows", "stands"],
    );
    println!("{noticed}");
}

#[test]
fn without_idempotency_a_repetition_takes_effect() {
    println!(
        "{}",
        check(Sabotage::NoIdempotency, &BOTH, &["took effect twice"])
    );
}

#[test]
fn cursors_without_what_was_heard_lose_it() {
    println!(
        "{}",
        check(Sabotage::CursorsWithoutHeard, &CHOREOGRAPHED, &["is stuck"])
    );
}

#[test]
fn a_checkpoint_before_the_events_that_follow_from_it_is_noticed() {
    let noticed = check(
        Sabotage::CheckpointsFirst,
        &CHOREOGRAPHED,
        &["stuck", "has not forgotten", "remembers cursor"],
    );
    println!("{noticed}");
}

#[test]
fn a_good_ending_that_is_believed_for_too_long_is_noticed() {
    let noticed = check(
        Sabotage::KeepsNewestStarts,
        &CHOREOGRAPHED,
        &["a second time", "is called though it is recorded as"],
    );
    println!("{noticed}");
}

#[test]
fn a_compensation_that_ignores_the_graph_is_noticed() {
    println!(
        "{}",
        check(Sabotage::IgnoresGraph, &BOTH, &["is undone before"])
    );
}

#[test]
fn calls_that_leave_too_early_are_noticed() {
    let noticed = check(
        Sabotage::ActsFirst,
        &BOTH,
        &["is called before", "is undone before", "is undone though"],
    );
    println!("{noticed}");
}

#[test]
fn a_call_that_may_be_made_once_and_has_not_begun_is_noticed() {
    let words = ["is called before it is recorded as begun"];
    println!("{}", check(Sabotage::WritesNoBeginnings, &BOTH, &words));
}

#[test]
fn a_wait_that_begins_anew_after_a_restart_is_noticed() {
    let words = ["begun-1 was recorded a second time"];
    println!("{}", check(Sabotage::ReadsNoBeginnings, &BOTH, &words));
}

#[test]
fn elements_that_are_forgotten_leave_effects() {
    let words = [
        "took effect, and was never called",
        "ended as nothing allows",
    ];
    println!("{}", check(Sabotage::ForgetsElements, &BOTH, &words));
}

#[test]
fn a_step_counts_as_settled_when_its_performer_says_so() {
    let noticed = check(
        Sabotage::CountsResolved,
        &CHOREOGRAPHED,
        &["is called before", "before its dependencies were"],
    );
    println!("{noticed}");
}

#[test]
fn who_does_not_hear_of_operators_goes_its_own_way() {
    let sabotage = Sabotage::Deaf(EventType::StepResolved);
    let words = ["is stuck", "ended as nothing allows"];
    println!("{}", check(sabotage, &CHOREOGRAPHED, &words));
}

#[test]
fn whoever_does_not_hear_what_it_needs_gets_stuck() {
    for needed in [
        EventType::StepCompleted,
        EventType::StepFailed,
        EventType::StepSkipped,
        EventType::StepAbandoned,
        EventType::StepCompensated,
        EventType::CancelRequested,
        EventType::DeadlineExceeded,
        EventType::ExecutionResumed,
    ] {
        println!(
            "{}",
            check(Sabotage::Deaf(needed), &CHOREOGRAPHED, &["is stuck"])
        );
    }
    for outcome in [
        EventType::ExecutionSucceeded,
        EventType::ExecutionFailed,
        EventType::ExecutionCanceled,
    ] {
        check(
            Sabotage::Deaf(outcome),
            &CHOREOGRAPHED,
            &["has not forgotten"],
        );
    }
}

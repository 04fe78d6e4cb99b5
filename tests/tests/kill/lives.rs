//! The lives of executions, as the journal tells them: what may happen only once has. Pure.

use std::collections::BTreeMap;

use pavane::feed::v1::Event;
use pavane::workflow::v1::{
    CompensationFailed, ExecutionCanceled, ExecutionFailed, ExecutionStarted, ExecutionSucceeded,
    StepAbandoned, StepCompensated, StepCompleted, StepFailed, StepSkipped,
};
use pavane_tests::load::Told;
use prost::{Message, Name};

/// What an execution may have only once, whatever happened to its conductor.
#[derive(Debug, Default)]
struct Life {
    begins: usize,
    /// Each, and whether it is success.
    outcomes: Vec<(String, bool)>,
    after_outcome: Vec<String>,
    /// By what happened and the step.
    steps: BTreeMap<(String, String), usize>,
}

/// Whatever is wrong with a whole journal, or does not agree with what clients were told.
pub(crate) fn contradictions(events: &[Event], told: &Told) -> Vec<String> {
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
    let lives = lives(events);
    for (id, life) in &lives {
        if life.begins != 1 {
            wrong.push(format!("{id} began {} times", life.begins));
        }
        match &life.outcomes[..] {
            [(_, succeeded)] if told.get(id).map(Result::is_ok) == Some(*succeeded) => {}
            [(outcome, _)] => {
                wrong.push(format!(
                    "{id} is {outcome}; its client was told {:?}",
                    told.get(id)
                ));
            }
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
    let lost = told.keys().filter(|id| !lives.contains_key(*id));
    wrong.extend(lost.map(|id| format!("{id} was answered, and is not in the journal")));
    wrong
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

/// What cannot fail is no check.
mod tests {
    use tonic::Status;

    use super::*;

    fn event(sequence: u64, message: &impl Name) -> Event {
        let data = prost_types::Any::from_msg(message).expect("a message can be encoded");
        Event {
            sequence,
            subject: "order".to_owned(),
            r#type: data
                .type_url
                .rsplit('/')
                .next()
                .unwrap_or_default()
                .to_owned(),
            data: Some(data),
            ..Event::default()
        }
    }

    fn completed(sequence: u64) -> Event {
        let step = "charge".to_owned();
        event(
            sequence,
            &StepCompleted {
                step,
                ..StepCompleted::default()
            },
        )
    }

    fn check(events: &[Event], told: Option<bool>, expected: &str) {
        let told = told.map(|success| success.then_some(()).ok_or(Status::aborted("undone")));
        let told = told.map(|told| ("order".to_owned(), told));
        let told = told.into_iter().collect();
        let wrong = contradictions(events, &told).join("\n");
        if expected.is_empty() {
            assert_eq!(wrong, "");
        } else {
            assert!(wrong.contains(expected), "{expected:?} is not in {wrong:?}");
        }
    }

    #[test]
    fn each_contradiction_is_found() {
        let begun = event(1, &ExecutionStarted::default());
        let done = |sequence| event(sequence, &ExecutionSucceeded::default());
        let failed = |sequence| event(sequence, &ExecutionFailed::default());
        let sound = [begun.clone(), completed(2), done(3)];
        check(&sound, Some(true), "");
        check(&sound, Some(false), "its client was told Some(Err(");
        check(&sound, None, "its client was told None");
        check(&[], Some(true), "is not in the journal");
        check(&sound[..2], Some(true), "has the outcomes []");
        check(&sound[1..], Some(true), "began 0 times");
        check(
            &[begun.clone(), done(2), done(3)],
            Some(true),
            "has the outcomes [",
        );
        check(
            &[begun.clone(), done(2), failed(3)],
            Some(true),
            "went on after its outcome",
        );
        check(
            &[begun.clone(), done(2), completed(3)],
            Some(true),
            "went on after its outcome",
        );
        check(
            &[begun.clone(), completed(2), completed(3), done(4)],
            Some(true),
            "charge x 2",
        );
        check(
            &[begun.clone(), done(3)],
            Some(true),
            "sequence 3 is at place 2",
        );
        check(
            &[begun.clone(), done(1)],
            Some(true),
            "sequence 1 is at place 2",
        );
    }
}

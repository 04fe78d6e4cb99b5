//! The fold is a join: whatever the order and the repetitions, one state.

use bytes::Bytes;
use proptest::prelude::*;

use super::{Progress, State};
use crate::Timestamp;
use crate::event::{Context, Event, EventKind, Failure, Mode, Origin, Resolution};
use crate::plan::{Plan, StepIndex, Unit};
use crate::testing;

const STEPS: u16 = 3;

fn plan() -> Plan {
    let mut random = testing::Random::new(1);
    loop {
        let plan = testing::random_plan(&mut random);
        if plan.steps.len() == usize::from(STEPS) {
            return std::sync::Arc::into_inner(plan).expect("nobody else holds it");
        }
    }
}

fn any_event() -> impl Strategy<Value = Event> {
    let step = (0..STEPS).prop_map(StepIndex);
    let unit = (0..STEPS, prop_oneof![Just(None), (0..3u32).prop_map(Some)]).prop_map(
        |(step, element)| Unit {
            step: StepIndex(step),
            element,
        },
    );
    let bytes = prop_oneof![
        Just(Bytes::from_static(b"a")),
        Just(Bytes::from_static(b"b"))
    ];
    let failure = (9..12i32, "[xy]").prop_map(|(code, message)| Failure {
        code,
        message,
        details: Vec::new(),
    });
    let kind = prop_oneof![
        bytes.clone().prop_map(|input| EventKind::ExecutionStarted {
            input,
            mode: Mode::Orchestrated,
            deadline: None,
            origin: Origin::default(),
        }),
        (unit.clone(), proptest::option::of(0..4i64), 1..4u32).prop_map(|(unit, until, round)| {
            let until = until.map(Timestamp::from_nanos);
            EventKind::StepBegun { unit, until, round }
        }),
        (unit.clone(), bytes.clone()).prop_map(|(unit, output)| EventKind::StepCompleted {
            unit,
            output,
            attempts: 1
        }),
        (unit.clone(), failure.clone(), 1..4u32).prop_map(|(unit, failure, round)| {
            EventKind::StepSuspended {
                unit,
                failure,
                round,
            }
        }),
        (unit.clone(), 1..4i32, bytes.clone()).prop_map(|(unit, resolution, output)| {
            let resolution = Resolution::try_from(resolution).expect("one of three");
            let reason = "r".to_owned();
            EventKind::StepResolved {
                unit,
                resolution,
                output,
                reason,
            }
        }),
        (unit.clone(), failure.clone(), any::<bool>()).prop_map(|(unit, failure, ambiguous)| {
            EventKind::StepFailed {
                unit,
                failure,
                ambiguous,
                attempts: 1,
            }
        }),
        step.clone()
            .prop_map(|step| EventKind::StepSkipped { step }),
        step.clone()
            .prop_map(|step| EventKind::StepAbandoned { step }),
        unit.clone()
            .prop_map(|unit| EventKind::StepCompensated { unit, attempts: 1 }),
        (unit, failure.clone(), 1..4u32).prop_map(|(unit, failure, round)| {
            EventKind::CompensationFailed {
                unit,
                failure,
                attempts: 1,
                round,
            }
        }),
        failure
            .clone()
            .prop_map(|failure| EventKind::OutputFailed { failure }),
        "[xy]".prop_map(|reason| EventKind::CancelRequested { reason }),
        Just(EventKind::DeadlineExceeded),
        bytes.prop_map(|output| EventKind::ExecutionSucceeded { output }),
        (step, failure).prop_map(|(step, failure)| EventKind::ExecutionFailed {
            step: Some(step),
            failure,
            compensated: Vec::new(),
        }),
        "[xy]".prop_map(|reason| EventKind::ExecutionCanceled {
            reason,
            compensated: Vec::new()
        }),
        (1..4u32).prop_map(|round| EventKind::ExecutionSuspended {
            round,
            steps: Vec::new()
        }),
        (1..4u32).prop_map(|round| EventKind::ExecutionResumed { round }),
    ];
    (0..4i64, kind).prop_map(|(time, kind)| Event {
        time: Timestamp::from_nanos(time),
        kind,
    })
}

fn fold<'a>(plan: &Plan, events: impl IntoIterator<Item = &'a Event>) -> State {
    let mut state = State::new(plan);
    for event in events {
        state.apply(event);
    }
    state
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_order_and_repetition_of_the_same_events_gives_the_same_state(
        (events, shuffled, repeated) in prop::collection::vec(any_event(), 0..16).prop_flat_map(
            |events| {
                let shuffled = Just(events.clone()).prop_shuffle();
                let repeated = prop::collection::vec(0..events.len().max(1), 0..8);
                (Just(events), shuffled, repeated)
            }
        )
    ) {
        let plan = plan();
        let expected = fold(&plan, &events);
        let repetitions = repeated.iter().filter_map(|&index| events.get(index));
        prop_assert_eq!(fold(&plan, shuffled.iter().chain(repetitions)), expected);
    }

    #[test]
    fn nothing_that_was_known_is_ever_taken_back(
        events in prop::collection::vec(any_event(), 1..16)
    ) {
        let plan = plan();
        let mut state = State::new(&plan);
        for event in &events {
            let before = state.clone();
            state.apply(event);
            prop_assert!(!before.is_failing() || state.is_failing());
            for step in plan.step_indices() {
                prop_assert!(before.progress(step) <= state.progress(step));
            }
        }
    }

    #[test]
    fn an_event_survives_its_encoding(event in any_event()) {
        let plan = plan();
        let stored = event.clone().encode("order-1", &plan, Context::default());
        prop_assert_eq!(Event::decode_encoded(&stored, &plan).expect("just encoded"), event);
    }
}

#[test]
fn an_ambiguous_failure_owes_its_compensation_and_a_definite_one_does_not() {
    let steps = vec![crate::plan::Step {
        id: "charge".into(),
        position: 0,
        work: crate::plan::Work::Call(testing::call("Charge", 1)),
        for_each: None,
        data_dependencies: vec![],
        dependencies: vec![],
        descendants: vec![],
        when: None,
        compensation_references: vec![],
        compensation: Some(testing::call("Refund", 1)),
    }];
    let plan = testing::plan(steps, None);
    let failed = |ambiguous| Event {
        time: Timestamp::from_nanos(1),
        kind: EventKind::StepFailed {
            unit: StepIndex(0).into(),
            failure: Failure::default(),
            ambiguous,
            attempts: 1,
        },
    };
    let definite = fold(&plan, &[failed(false)]);
    assert_eq!(
        definite.progress(StepIndex(0)),
        Progress::Failed { ambiguous: false }
    );
    assert!(definite.is_rolled_back(&plan));
    let ambiguous = fold(&plan, &[failed(true)]);
    assert!(ambiguous.is_compensation_ready(&plan, StepIndex(0)));
    assert!(!ambiguous.is_rolled_back(&plan));
}

//! Traces as a person sees them, and as a program does.

use pavane::workflow::v1::{
    ExecutionFailed, ExecutionStarted, ExecutionState, Failure, Incident, Mode, StepCompleted,
    StepFailed, StepState, StepStatus,
};
use prost::Message;
use prost_types::Any;

use super::*;

fn at(micros: i64) -> Option<Timestamp> {
    let nanos = i32::try_from(micros % 1_000_000 * 1000).expect("below a billion");
    Some(Timestamp {
        seconds: 1_795_396_329 + micros / 1_000_000,
        nanos,
    })
}

/// An event in a feed, with what it and its cause are called within the execution.
fn event(source: &str, micros: i64, ids: [&str; 2], name: &str, data: &impl Message) -> Event {
    let id = |id: &str| match id {
        "" => String::new(),
        id => format!("order-0077/{id}"),
    };
    let name = format!("pavane.workflow.v1.{name}");
    let data = Any {
        type_url: format!("type.googleapis.com/{name}"),
        value: data.encode_to_vec(),
    };
    Event {
        id: id(ids[0]),
        causation_id: id(ids[1]),
        source: format!("/{source}"),
        sequence: 8000 + micros.unsigned_abs(),
        r#type: name,
        time: at(micros),
        data: Some(data),
        ..Event::default()
    }
}

fn completed(source: &str, micros: i64, step: &str, cause: &str) -> Event {
    let id = format!("{step}/completed");
    let said = StepCompleted {
        step: step.to_owned(),
        attempts: 1,
        ..StepCompleted::default()
    };
    event(source, micros, [&id, cause], "StepCompleted", &said)
}

fn step(id: &str, state: StepState) -> StepStatus {
    StepStatus {
        id: id.to_owned(),
        call: format!("shop.v1.{id}Service/Do"),
        state: state as i32,
        ..StepStatus::default()
    }
}

fn stalled() -> Execution {
    let started = ExecutionStarted::default();
    let wait = Wait {
        step: "ship".to_owned(),
        participant: "shipping".to_owned(),
        cause_id: "order-0077/charge/completed".to_owned(),
        cause_type: "pavane.workflow.v1.StepCompleted".to_owned(),
        cause_source: "/payment".to_owned(),
        cause_sequence: 8812,
        since_time: at(2_300),
        expected_time: at(12_002_300),
        target: "127.0.0.1:7403".to_owned(),
        reachable: false,
        unreachable_since_time: at(2_000_000),
        unreachable_reason: "connection refused".to_owned(),
        ..Wait::default()
    };
    let incident = Incident {
        reason: "PARTICIPANT_SILENT".to_owned(),
        message: "shipping has said nothing about `ship`".to_owned(),
        step: "ship".to_owned(),
        participant: "shipping".to_owned(),
        raise_time: at(12_002_300),
    };
    Execution {
        id: "order-0077".to_owned(),
        workflow: "place-order".to_owned(),
        revision: "7b0c91e2".repeat(8),
        mode: Mode::Choreographed as i32,
        state: ExecutionState::Running as i32,
        create_time: at(0),
        steps: vec![
            step("reserve", StepState::Completed),
            step("charge", StepState::Completed),
            step("ship", StepState::Pending),
        ],
        events: vec![
            event(
                "orchestrator",
                0,
                ["started", ""],
                "ExecutionStarted",
                &started,
            ),
            completed("inventory", 1_100, "reserve", "started"),
            completed("payment", 2_300, "charge", "reserve/completed"),
        ],
        waits: vec![wait],
        incidents: vec![incident],
        ..Execution::default()
    }
}

fn show(execution: &Execution) -> String {
    text(execution, &at(41_000_000).expect("is set"), Paint::PLAIN)
}

#[test]
fn a_stalled_choreography_says_who_is_silent() {
    insta::assert_snapshot!(show(&stalled()), @r"
    order-0077   running   place-order @7b0c91e2   choreographed   for 41 s   STALLED
      orchestrator   +0.0 ms   started
      inventory      +1.1 ms   reserve completed   because of started
      payment        +2.3 ms   charge completed    because of reserve completed
      shipping                 waiting: ship       for 41 s; expected within 12 s
                               is to react to charge completed (payment, sequence 8812)
                               127.0.0.1:7403 cannot be reached since 39 s (connection refused)
      STALLED PARTICIPANT_SILENT: shipping has said nothing about `ship`
    ");
}

#[test]
fn a_wait_is_part_of_the_plain_timeline_too() {
    let execution = stalled();
    let now = at(41_000_000).expect("is set");
    let shown = timeline::timeline(&execution.id, &execution, &now, Paint::PLAIN);
    insta::assert_snapshot!(shown, @r"
    order-0077   running   place-order @7b0c91e2   choreographed   for 41 s   STALLED
      +0.0 ms   started
      +1.1 ms   reserve   completed   reserve
      +2.3 ms   charge    completed   charge
                ship      waiting     shipping   to react to charge completed (payment, sequence 8812), for 41 s; expected within 12 s; 127.0.0.1:7403 cannot be reached since 39 s (connection refused)
      STALLED PARTICIPANT_SILENT: shipping has said nothing about `ship`
    ");
}

#[test]
fn an_undoing_that_is_waited_for_says_so() {
    let mut execution = stalled();
    let wait = &mut execution.waits[0];
    wait.compensation = true;
    wait.reachable = true;
    wait.cause_id = "unknown".to_owned();
    wait.expected_time = None;
    execution.incidents.clear();
    insta::assert_snapshot!(show(&execution), @r"
    order-0077   running   place-order @7b0c91e2   choreographed   for 41 s
      orchestrator   +0.0 ms   started
      inventory      +1.1 ms   reserve completed            because of started
      payment        +2.3 ms   charge completed             because of reserve completed
      shipping                 waiting: ship to be undone   for 41 s
                               is to react to StepCompleted (payment, sequence 8812)
                               127.0.0.1:7403 can be reached
    ");
}

#[test]
fn an_effect_follows_its_cause_whatever_the_clocks_say() {
    let failure = Some(Failure {
        code: 9,
        message: "card is declined".to_owned(),
        details: Vec::new(),
    });
    let failed = StepFailed {
        step: "charge".to_owned(),
        failure: failure.clone(),
        attempts: 1,
        ambiguous: false,
        element: None,
    };
    let outcome = ExecutionFailed {
        step: "charge".to_owned(),
        failure,
        compensated: Vec::new(),
    };
    let ids = ["charge/failed", "reserve/completed"];
    let mut events = stalled().events;
    // The clock of payment is late by 3 ms.
    events[2] = event("payment", -700, ids, "StepFailed", &failed);
    let ids = ["outcome", "charge/failed"];
    events.insert(
        0,
        event("orchestrator", 3_000, ids, "ExecutionFailed", &outcome),
    );
    let execution = Execution {
        state: ExecutionState::Failed as i32,
        end_time: at(3_000),
        events,
        waits: Vec::new(),
        incidents: Vec::new(),
        steps: Vec::new(),
        ..stalled()
    };
    insta::assert_snapshot!(show(&execution), @r"
    order-0077   failed   place-order @7b0c91e2   choreographed   3.0 ms
      orchestrator   +0.0 ms   started
      inventory      +1.1 ms   reserve completed   because of started
      payment        +0.0 ms   charge failed       because of reserve completed   FAILED_PRECONDITION: card is declined
      orchestrator   +3.0 ms   failed              because of charge failed       FAILED_PRECONDITION: card is declined
    ");
}

#[test]
fn causes_that_run_in_a_ring_or_are_not_known_are_borne() {
    let mut execution = stalled();
    execution.events[0].causation_id = execution.events[2].id.clone();
    execution.events[1].causation_id = "other/outcome".to_owned();
    execution.waits.clear();
    execution.incidents.clear();
    insta::assert_snapshot!(show(&execution), @r"
    order-0077   running   place-order @7b0c91e2   choreographed   for 41 s
      inventory      +1.1 ms   reserve completed   because of other/outcome
      payment        +2.3 ms   charge completed    because of reserve completed
      orchestrator   +0.0 ms   started             because of charge completed
                               ship waiting        ship
    ");
}

#[test]
fn an_orchestrated_one_says_what_is_under_way() {
    let mut ship = step("ship", StepState::BackingOff);
    ship.attempts = 2;
    ship.last_failure = Some(Failure {
        code: 14,
        message: "connection refused".to_owned(),
        details: Vec::new(),
    });
    let mut execution = stalled();
    execution.mode = Mode::Orchestrated as i32;
    execution.waits.clear();
    execution.incidents.clear();
    execution.steps[2] = ship;
    for event in &mut execution.events {
        event.source = "/orchestrator".to_owned();
    }
    insta::assert_snapshot!(show(&execution), @r"
    order-0077   running   place-order @7b0c91e2   orchestrated   for 41 s
      orchestrator   +0.0 ms   started
      orchestrator   +1.1 ms   reserve completed   because of started
      orchestrator   +2.3 ms   charge completed    because of reserve completed
      orchestrator             ship backing off    ship                           attempt 2 failed: UNAVAILABLE: connection refused
    ");
}

#[test]
fn a_program_is_told_the_same() {
    insta::assert_snapshot!(format!("{:#}", json(&stalled())), @r#"
    {
      "events": [
        {
          "because_of": null,
          "facts": "",
          "feed": "orchestrator",
          "id": "order-0077/started",
          "offset_ms": 0.0,
          "sequence": 8000,
          "type": "pavane.workflow.v1.ExecutionStarted",
          "what": "started"
        },
        {
          "because_of": "order-0077/started",
          "facts": "",
          "feed": "inventory",
          "id": "order-0077/reserve/completed",
          "offset_ms": 1.1,
          "sequence": 9100,
          "type": "pavane.workflow.v1.StepCompleted",
          "what": "reserve completed"
        },
        {
          "because_of": "order-0077/reserve/completed",
          "facts": "",
          "feed": "payment",
          "id": "order-0077/charge/completed",
          "offset_ms": 2.3,
          "sequence": 10300,
          "type": "pavane.workflow.v1.StepCompleted",
          "what": "charge completed"
        }
      ],
      "id": "order-0077",
      "incidents": [
        {
          "message": "shipping has said nothing about `ship`",
          "participant": "shipping",
          "raiseTime": "2026-11-23T01:12:21.002300Z",
          "reason": "PARTICIPANT_SILENT",
          "step": "ship"
        }
      ],
      "mode": "choreographed",
      "revision": "7b0c91e27b0c91e27b0c91e27b0c91e27b0c91e27b0c91e27b0c91e27b0c91e2",
      "stalled": true,
      "state": "running",
      "waits": [
        {
          "causeId": "order-0077/charge/completed",
          "causeSequence": "8812",
          "causeSource": "/payment",
          "causeType": "pavane.workflow.v1.StepCompleted",
          "expectedTime": "2026-11-23T01:12:21.002300Z",
          "participant": "shipping",
          "sinceTime": "2026-11-23T01:12:09.002300Z",
          "step": "ship",
          "target": "127.0.0.1:7403",
          "unreachableReason": "connection refused",
          "unreachableSinceTime": "2026-11-23T01:12:11Z"
        }
      ],
      "workflow": "place-order"
    }
    "#);
}

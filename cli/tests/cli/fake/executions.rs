//! The executions that the fake server knows.

use pavane::error::Details;
use pavane::feed::v1::Event;
use pavane::workflow::v1::*;
use prost::Message;
use prost_types::{Any, Timestamp};
use tonic::{Code, Status};

/// An execution whose first watcher is sent away after two events.
pub(crate) const INTERRUPTED: &str = "interrupted";
/// An execution that waits for an operator.
pub(crate) const SUSPENDED: &str = "suspended";
/// A choreographed execution that waits for payment, which is silent, until it is watched.
pub(crate) const STALLED: &str = "stalled";

pub(super) fn at(micros: i32) -> Option<Timestamp> {
    Some(Timestamp {
        seconds: 1_795_396_329,
        nanos: micros * 1000,
    })
}

fn event(micros: i32, name: &str, data: &impl Message) -> Event {
    let name = format!("pavane.workflow.v1.{name}");
    let type_url = format!("type.googleapis.com/{name}");
    let data = Some(Any {
        type_url,
        value: data.encode_to_vec(),
    });
    Event {
        id: micros.to_string(),
        sequence: micros.unsigned_abs().into(),
        r#type: name,
        time: at(micros),
        data,
        ..Event::default()
    }
}

fn step(id: &str, service: &str, state: StepState) -> StepStatus {
    let call = format!("shop.x.v1.{service}/Do");
    StepStatus {
        id: id.to_owned(),
        call,
        state: state as i32,
        ..StepStatus::default()
    }
}

pub(super) fn execution() -> Execution {
    let refused = pavane::error::status(Code::FailedPrecondition, "CARD_DECLINED", "");
    let details = tonic_types::pb::Status::decode(refused.details())
        .unwrap()
        .details;
    let message = "card is declined".to_owned();
    let failure = Some(Failure {
        code: 9,
        message,
        details,
    });
    let failed = StepFailed {
        step: "charge".to_owned(),
        failure: failure.clone(),
        attempts: 1,
        ambiguous: false,
        element: None,
    };
    let completed = StepCompleted {
        step: "reserve".to_owned(),
        attempts: 1,
        ..StepCompleted::default()
    };
    let outcome = ExecutionFailed {
        step: "charge".to_owned(),
        failure: failure.clone(),
        compensated: Vec::new(),
    };
    Execution {
        id: "order-1".to_owned(),
        workflow: "place-order".to_owned(),
        revision: "7b0c91e2".repeat(8),
        state: ExecutionState::Failed as i32,
        create_time: at(0),
        end_time: at(4200),
        failure,
        failed_step: "charge".to_owned(),
        steps: vec![
            step("reserve", "InventoryService", StepState::Completed),
            step("charge", "PaymentService", StepState::Failed),
        ],
        events: vec![
            event(0, "ExecutionStarted", &ExecutionStarted::default()),
            event(900, "StepCompleted", &completed),
            event(3100, "StepFailed", &failed),
            event(4200, "ExecutionFailed", &outcome),
        ],
        ..Execution::default()
    }
}

fn suspended() -> Execution {
    let stuck = ExecutionSuspended {
        round: 1,
        steps: vec!["reserve".to_owned()],
    };
    let failed = execution();
    let mut events = failed.events;
    events.pop();
    events.push(event(5000, "ExecutionSuspended", &stuck));
    Execution {
        id: SUSPENDED.to_owned(),
        state: ExecutionState::Suspended as i32,
        end_time: None,
        events,
        ..failed
    }
}

/// The year 2100: no time has passed since then.
const FUTURE: i64 = 4_102_444_800;

fn later(micros: i32) -> Option<Timestamp> {
    let seconds = FUTURE;
    at(micros).map(|time| Timestamp { seconds, ..time })
}

/// The events of several feeds, whose sequences say nothing about each other.
pub(super) fn stalled() -> Execution {
    let failed = execution();
    let mut events = failed.events;
    events.truncate(2);
    for (event, (id, source, sequence)) in events.iter_mut().zip([
        ("stalled/started", "/orchestrator", 907),
        ("stalled/reserve/completed", "/inventory", 12),
    ]) {
        event.id = id.to_owned();
        event.source = source.to_owned();
        event.sequence = sequence;
        event.time = event.time.map(|time| Timestamp {
            seconds: FUTURE,
            ..time
        });
    }
    events[1].causation_id = events[0].id.clone();
    let wait = Wait {
        step: "charge".to_owned(),
        participant: "payment".to_owned(),
        cause_id: events[1].id.clone(),
        cause_type: events[1].r#type.clone(),
        cause_source: events[1].source.clone(),
        cause_sequence: events[1].sequence,
        since_time: later(900),
        target: "127.0.0.1:7402".to_owned(),
        unreachable_since_time: later(800),
        unreachable_reason: "connection refused".to_owned(),
        ..Wait::default()
    };
    Execution {
        id: STALLED.to_owned(),
        create_time: later(0),
        mode: Mode::Choreographed as i32,
        state: ExecutionState::Running as i32,
        end_time: None,
        failure: None,
        failed_step: String::new(),
        steps: vec![
            step("reserve", "InventoryService", StepState::Completed),
            step("charge", "PaymentService", StepState::Pending),
        ],
        events,
        waits: vec![wait],
        incidents: vec![silent()],
        ..failed
    }
}

fn silent() -> Incident {
    Incident {
        reason: "PARTICIPANT_SILENT".to_owned(),
        message: "payment has said nothing about `charge`".to_owned(),
        step: "charge".to_owned(),
        participant: "payment".to_owned(),
        raise_time: later(900),
    }
}

pub(super) fn known(id: &str) -> Result<Option<Execution>, Status> {
    if id == "order-1" {
        return Ok(Some(execution()));
    }
    if id == INTERRUPTED {
        let id = id.to_owned();
        return Ok(Some(Execution { id, ..execution() }));
    }
    if id == SUSPENDED {
        return Ok(Some(suspended()));
    }
    if id == STALLED {
        return Ok(Some(stalled()));
    }
    let message = format!("there is no execution `{id}`; did you mean `order-1`?");
    let details = Details::new().fact("execution_id", id);
    Err(details.status(Code::NotFound, "UNKNOWN_EXECUTION", message))
}

pub(super) fn told(event: Event) -> WatchExecutionResponse {
    WatchExecutionResponse {
        event: Some(event),
        incident: None,
    }
}

/// What happened, the incident, and then payment is back: the end of it.
pub(super) fn stalled_watched(events: Vec<Event>) -> Vec<Result<WatchExecutionResponse, Status>> {
    let incident = WatchExecutionResponse {
        event: None,
        incident: Some(silent()),
    };
    let charged = StepCompleted {
        step: "charge".to_owned(),
        attempts: 1,
        ..StepCompleted::default()
    };
    let mut charged = event(5_000, "StepCompleted", &charged);
    charged.source = "/payment".to_owned();
    charged.sequence = 3;
    charged.time = later(5_000);
    let mut outcome = event(5_100, "ExecutionSucceeded", &ExecutionSucceeded::default());
    outcome.source = "/orchestrator".to_owned();
    outcome.sequence = 908;
    outcome.time = later(5_100);
    let before = events.into_iter().map(told);
    let all = before.chain([incident]).chain([charged, outcome].map(told));
    all.map(Ok).collect()
}

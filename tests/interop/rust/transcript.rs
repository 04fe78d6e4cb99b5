//! What the scenario prints: a line for each step, and facts as the transcript has them.

use std::error::Error;
use std::io::Write;

use pavane::feed::v1::Event;
use pavane::shop::inventory::v1::{StockReleased, StockReserved};
use pavane::workflow::v1::{CheckWorkflowResponse, Execution, StepCompleted, StepStatus};
use pavane_client::{Failure, Meta};
use prost::Name;
use prost_types::value::Kind;
use serde_json::{Map, Value, json};
use tonic::Code;

/// Prints a line, at once.
///
/// # Panics
/// Nobody reads.
pub(crate) fn say(step: &str, mut facts: Value) {
    facts["step"] = step.into();
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{facts}").expect("the tests read");
    stdout.flush().expect("the tests read");
}

pub(crate) fn failure(error: &Failure) -> Value {
    let violations = error.field_violations().iter();
    let violations = violations
        .map(|violation| json!({ "field": violation.field, "description": violation.description }));
    json!({
        "code": code(error.code()),
        "message": error.message(),
        "reason": error.reason(),
        "domain": error.domain(),
        "metadata": error.metadata(),
        "violations": violations.collect::<Vec<_>>(),
    })
}

/// Of a deploy that was refused.
pub(crate) fn diagnostics(error: &Failure) -> Value {
    let checked: Option<CheckWorkflowResponse> = error.detail();
    let diagnostics = checked.unwrap_or_default().diagnostics.into_iter();
    diagnostics
        .map(|one| json!({ "reason": one.reason, "line": one.line, "column": one.column }))
        .collect()
}

/// The canonical name.
pub(crate) fn code(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

pub(crate) fn structure(fields: prost_types::Struct) -> Value {
    let fields = fields.fields.into_iter();
    Value::Object(
        fields
            .map(|(name, field)| (name, value(field)))
            .collect::<Map<_, _>>(),
    )
}

fn value(value: prost_types::Value) -> Value {
    match value.kind {
        None | Some(Kind::NullValue(_)) => Value::Null,
        Some(Kind::NumberValue(number)) => number.into(),
        Some(Kind::StringValue(text)) => text.into(),
        Some(Kind::BoolValue(flag)) => flag.into(),
        Some(Kind::StructValue(fields)) => structure(fields),
        Some(Kind::ListValue(list)) => list.values.into_iter().map(self::value).collect(),
    }
}

pub(crate) fn steps(execution: &Execution) -> Value {
    let steps = execution.steps.iter();
    let shown = |step: &StepStatus| json!({ "id": step.id, "state": step.state().as_str_name() });
    steps.map(shown).collect()
}

/// The step that the event says is completed; empty if it says something else.
pub(crate) fn completed_step(event: Event) -> String {
    let completed = Meta::with_data::<StepCompleted>(event);
    completed.map(|(_, data)| data.step).unwrap_or_default()
}

pub(crate) fn stock_event(event: Event) -> Result<Value, Box<dyn Error>> {
    let (meta, reservation) = if event.r#type == StockReserved::full_name() {
        let (meta, data) = Meta::with_data::<StockReserved>(event)?;
        (meta, data.reservation)
    } else {
        let (meta, data) = Meta::with_data::<StockReleased>(event)?;
        (meta, data.reservation)
    };
    let reservation = reservation.unwrap_or_default();
    Ok(json!({
        "sequence": meta.sequence,
        "type": meta.r#type,
        "subject": meta.subject,
        "order_id": reservation.order_id,
        "released": reservation.released,
    }))
}

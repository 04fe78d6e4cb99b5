//! What the caller of a front door is told of the outcome.

use std::collections::HashMap;

use crate::{Error, GoesOn};
use bytes::Bytes;
use pavane::error::{COMPENSATED, DOMAIN};
use pavane::{error, metadata};
use pavane_flow::event::Failure;
use pavane_flow::fold::Outcome;
use pavane_flow::plan::Plan;
use prost::Message;
use tonic::metadata::MetadataMap;
use tonic::{Code, Response, Status};
use tonic_types::pb;

/// The output, or the status of the step that failed, with the execution's id in either case.
pub(super) fn to_caller(
    execution: &str,
    plan: &Plan,
    outcome: Outcome,
) -> Result<Response<Bytes>, Status> {
    let step_name = |step| plan.step(step).id.to_string();
    let mut answer = match outcome {
        Outcome::Succeeded { output, .. } => Ok(Response::new(output)),
        Outcome::Failed { step, failure, .. } => {
            // Without a step it was the deadline, or the output that could not be computed.
            let reason = if step.is_some() {
                "STEP_FAILED"
            } else {
                "EXECUTION_FAILED"
            };
            let step = step.map(step_name).unwrap_or_default();
            let facts = facts(execution, plan, &step);
            Err(failed(failure, reason, facts))
        }
        Outcome::Canceled { reason, .. } => {
            let failure = Failure {
                code: Code::Aborted.into(),
                message: format!("the execution was canceled: {reason}"),
                details: Vec::new(),
            };
            Err(failed(
                failure,
                "EXECUTION_CANCELED",
                facts(execution, plan, ""),
            ))
        }
    };
    let metadata = match &mut answer {
        Ok(response) => response.metadata_mut(),
        Err(status) => status.metadata_mut(),
    };
    add_execution_id(metadata, execution);
    answer
}

/// For a caller who cannot wait any longer: the execution goes on without.
pub(super) fn sent_away(execution: &str, why: GoesOn) -> Status {
    let execution_id = execution.to_owned();
    let mut status = Status::from(Error::GoesOn {
        execution: execution_id,
        why,
    });
    add_execution_id(status.metadata_mut(), execution);
    status
}

/// An outcome is only declared once everything that had to be undone is.
fn facts(execution: &str, plan: &Plan, step: &str) -> HashMap<String, String> {
    let mut facts = HashMap::from([
        (error::EXECUTION_ID.to_owned(), execution.to_owned()),
        ("workflow".to_owned(), plan.name.to_string()),
        (COMPENSATED.to_owned(), "true".to_owned()),
    ]);
    if !step.is_empty() {
        facts.insert("step".to_owned(), step.to_owned());
    }
    facts
}

/// The status as the service gave it. Its `ErrorInfo` is kept, for that is what a typed client
/// looks at, and the facts are added to it; without one there is ours.
fn failed(failure: Failure, reason: &str, facts: HashMap<String, String>) -> Status {
    let code = Code::from(failure.code);
    let mut details = failure.details;
    let info = details
        .iter_mut()
        .find(|any| any.type_url.ends_with(ERROR_INFO));
    match info.map(|any| (pb::ErrorInfo::decode(any.value.as_slice()), any)) {
        Some((Ok(mut info), any)) => {
            info.metadata.extend(facts);
            any.value = info.encode_to_vec();
        }
        Some((Err(_), _)) | None => {
            let info = pb::ErrorInfo {
                reason: reason.to_owned(),
                domain: DOMAIN.to_owned(),
                metadata: facts,
            };
            let type_url = format!("type.googleapis.com{ERROR_INFO}");
            details.insert(
                0,
                prost_types::Any {
                    type_url,
                    value: info.encode_to_vec(),
                },
            );
        }
    }
    let status = pb::Status {
        code: failure.code,
        message: failure.message,
        details,
    };
    Status::with_details(code, status.message.clone(), status.encode_to_vec().into())
}

const ERROR_INFO: &str = "/google.rpc.ErrorInfo";

fn add_execution_id(answer: &mut MetadataMap, execution: &str) {
    if let Ok(id) = execution.parse() {
        answer.insert(metadata::EXECUTION_ID, id);
    }
}

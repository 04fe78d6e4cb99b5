//! How a deploy is refused for what it would break.

use pavane::error::Details;
use pavane::workflow::v1::impact::Role;
use pavane::workflow::v1::type_change::Severity;
use pavane::workflow::v1::{Impact, ImpactReport};
use prost::Message;
use tonic::{Code, Status};

/// Most of those who are broken that a message names; all are in the details.
const MOST_NAMED: usize = 3;

/// Most bytes of a report: a status travels in headers, which are commonly bounded to 8 KiB.
const MOST_BYTES: usize = 4_096;

/// Whether something of it is breaking.
pub(crate) fn breaks(impact: &Impact) -> bool {
    let mut changes = impact.changes.iter();
    changes.any(|change| change.severity() == Severity::Breaking)
}

/// Those who are broken, in words.
pub(super) fn whom(impacts: &[Impact]) -> String {
    let broken: Vec<String> = impacts.iter().filter(|it| breaks(it)).map(who).collect();
    match broken.len().checked_sub(MOST_NAMED) {
        None | Some(0) => broken.join("; "),
        Some(more) => format!("{}; and {more} more", broken[..MOST_NAMED].join("; ")),
    }
}

fn who(impact: &Impact) -> String {
    let revision: String = impact.revision.chars().take(8).collect();
    let workflow = &impact.workflow;
    let in_flight = match impact.executions {
        0 => String::new(),
        1 => "1 execution in flight".to_owned(),
        many => format!("{many} executions in flight"),
    };
    let some = impact.execution_ids.join(", ");
    match impact.role() {
        Role::Callers => format!("those who call `{workflow}` as revision {revision} has it"),
        Role::CallingWorkflow | Role::Unspecified if impact.executions == 0 => {
            format!("workflow `{workflow}`, revision {revision}")
        }
        Role::CallingWorkflow | Role::Unspecified => {
            format!("workflow `{workflow}`, revision {revision}, with {in_flight} ({some})")
        }
    }
}

/// The status, with the report for those who know what it is.
pub(super) fn refusal(workflow: &str, message: String, impacts: Vec<Impact>) -> Status {
    let executions: i64 = impacts
        .iter()
        .map(|impact| i64::from(impact.executions))
        .sum();
    let (report, is_whole) = bounded(impacts);
    let mut details = Details::new()
        .fact("workflow", workflow)
        .fact("executions", executions);
    if !is_whole {
        details = details.fact("report", "cut short; CheckWorkflow gives all of it");
    }
    let base = details.status(Code::FailedPrecondition, "BREAKING_CHANGE", message);
    let mut status = tonic_types::pb::Status::decode(base.details()).unwrap_or_default();
    let report = prost_types::Any::from_msg(&report).expect("a message can be encoded");
    status.details.push(report);
    Status::with_details(base.code(), base.message(), status.encode_to_vec().into())
}

/// As much as fits into a status, and whether that is all: what breaks before what does not.
fn bounded(impacts: Vec<Impact>) -> (ImpactReport, bool) {
    let mut report = ImpactReport::default();
    let mut room = MOST_BYTES;
    let mut is_whole = true;
    let (broken, others): (Vec<_>, Vec<_>) = impacts.into_iter().partition(breaks);
    for mut impact in broken.into_iter().chain(others) {
        let changes = std::mem::take(&mut impact.changes);
        room = room.saturating_sub(impact.encoded_len());
        for change in changes {
            let Some(left) = room.checked_sub(change.encoded_len()) else {
                is_whole = false;
                break;
            };
            room = left;
            impact.changes.push(change);
        }
        if !impact.changes.is_empty() {
            report.impacts.push(impact);
        }
    }
    (report, is_whole)
}

#[cfg(test)]
mod tests {
    use pavane::workflow::v1::TypeChange;

    use super::*;

    fn impact(changes: usize) -> Impact {
        let change = TypeChange {
            consequence: "x".repeat(100),
            severity: Severity::Breaking.into(),
            ..TypeChange::default()
        };
        Impact {
            role: Role::CallingWorkflow.into(),
            workflow: "orders".to_owned(),
            revision: "0123456789".to_owned(),
            executions: 2,
            execution_ids: vec!["o-1".to_owned(), "o-2".to_owned()],
            changes: vec![change; changes],
            ..Impact::default()
        }
    }

    #[test]
    fn a_report_is_no_longer_than_a_header_may_be() {
        let (report, is_whole) = bounded(vec![impact(3), impact(1)]);
        assert!(is_whole);
        assert_eq!(report.impacts, [impact(3), impact(1)]);
        let (report, is_whole) = bounded(vec![impact(1_000), impact(1_000)]);
        assert!(!is_whole);
        assert!(!report.impacts.is_empty());
        assert!(report.encoded_len() < MOST_BYTES + 100);
    }

    #[test]
    fn those_who_are_broken_are_named_and_the_rest_counted() {
        let one = "workflow `orders`, revision 01234567, with 2 executions in flight (o-1, o-2)";
        assert_eq!(whom(&[impact(1), impact(0)]), one);
        let many = vec![impact(1); 5];
        assert_eq!(whom(&many), format!("{one}; {one}; {one}; and 2 more"));
    }
}

//! Timeouts, deadlines and retry policies: their ranges and their defaults.

use std::time::Duration;

use pavane::workflow::v1::RetryPolicy as Message;

use super::duration::{show, to_std};
use super::limits::{MAX_ATTEMPTS, MAX_BACKOFF_MULTIPLIER, MAX_TIMEOUT, MIN_DURATION};
use super::report::Report;
use crate::diagnostic::Diagnostic;
use crate::plan::RetryPolicy;

/// What a call does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Step,
    Compensation,
}

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
const DEFAULT_INITIAL_BACKOFF: Duration = Duration::from_millis(100);
const DEFAULT_MAX_BACKOFF: Duration = Duration::from_secs(10);
const DEFAULT_MULTIPLIER: f64 = 2.0;

/// The status codes by name; the position is the code.
const CODES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

/// Codes that a step's call is tried again after, unless it says otherwise.
const STEP_CODES: [&str; 4] = [
    "UNAVAILABLE",
    "RESOURCE_EXHAUSTED",
    "DEADLINE_EXCEEDED",
    "ABORTED",
];

/// Codes that no repetition can mend: a compensation is tried again after all others.
const HOPELESS_CODES: [&str; 9] = [
    "INVALID_ARGUMENT",
    "UNIMPLEMENTED",
    "PERMISSION_DENIED",
    "UNAUTHENTICATED",
    "FAILED_PRECONDITION",
    "NOT_FOUND",
    "OUT_OF_RANGE",
    "ALREADY_EXISTS",
    "DATA_LOSS",
];

/// The timeout of a call.
pub(super) fn timeout(
    given: Option<&prost_types::Duration>,
    path: &str,
    report: &mut Report<'_>,
) -> Duration {
    let given = duration(given, path, Some(MAX_TIMEOUT), report);
    given.unwrap_or(DEFAULT_TIMEOUT)
}

/// The deadline of a workflow.
pub(super) fn deadline(
    given: Option<&prost_types::Duration>,
    report: &mut Report<'_>,
) -> Option<Duration> {
    duration(given, "deadline", None, report)
}

/// A duration within its range; `None` if none is given or it is refused.
fn duration(
    given: Option<&prost_types::Duration>,
    path: &str,
    most: Option<Duration>,
    report: &mut Report<'_>,
) -> Option<Duration> {
    let found = to_std(given?);
    let in_range =
        found.filter(|found| *found >= MIN_DURATION && most.is_none_or(|most| *found <= most));
    if in_range.is_none() {
        let what = found.map_or_else(
            || "negative".to_owned(),
            |found| format!("`{}`", show(found)),
        );
        let range = match most {
            Some(most) => format!("from `{}` to `{}`", show(MIN_DURATION), show(most)),
            None => format!("at least `{}`", show(MIN_DURATION)),
        };
        let key = path.rsplit('.').next().unwrap_or(path);
        let message = format!("`{key}` is {range}, this is {what}");
        report.add(
            path,
            Diagnostic::error("OUT_OF_RANGE", message).label("out of range"),
        );
    }
    in_range
}

/// The retry policy of a call.
pub(super) fn policy(
    given: Option<&Message>,
    purpose: Purpose,
    path: &str,
    report: &mut Report<'_>,
) -> RetryPolicy {
    let default = Message::default();
    let given = given.unwrap_or(&default);
    let inner = |name: &str| format!("{path}.{name}");
    let max_attempts = (given.max_attempts != 0).then_some(given.max_attempts);
    if given.max_attempts > MAX_ATTEMPTS {
        let message = format!(
            "`max_attempts` is at most {MAX_ATTEMPTS}, this is {}",
            given.max_attempts
        );
        let found = Diagnostic::error("OUT_OF_RANGE", message).label("out of range");
        report.add(&inner("max_attempts"), found);
    }
    let initial = duration(
        given.initial_backoff.as_ref(),
        &inner("initial_backoff"),
        None,
        report,
    );
    let most = duration(
        given.max_backoff.as_ref(),
        &inner("max_backoff"),
        None,
        report,
    );
    let initial_backoff = initial.unwrap_or(DEFAULT_INITIAL_BACKOFF);
    if let Some(most) = most
        && most < initial_backoff
    {
        let message = format!(
            "`max_backoff` is {}, less than `initial_backoff`, which is {}",
            show(most),
            show(initial_backoff)
        );
        let found = Diagnostic::error("OUT_OF_RANGE", message).label("out of range");
        report.add(&inner("max_backoff"), found);
    }
    let multiplier = given.backoff_multiplier;
    let in_range = (1.0..=MAX_BACKOFF_MULTIPLIER).contains(&multiplier);
    if multiplier != 0.0 && !in_range {
        let message = format!(
            "`backoff_multiplier` is from 1 to {MAX_BACKOFF_MULTIPLIER}, this is {multiplier}"
        );
        let found = Diagnostic::error("OUT_OF_RANGE", message).label("out of range");
        report.add(&inner("backoff_multiplier"), found);
    }
    RetryPolicy {
        max_attempts,
        initial_backoff,
        // What is not given must not be less than what is.
        max_backoff: most.unwrap_or(DEFAULT_MAX_BACKOFF.max(initial_backoff)),
        backoff_multiplier: if in_range {
            multiplier
        } else {
            DEFAULT_MULTIPLIER
        },
        retryable_codes: codes(
            &given.retryable_codes,
            purpose,
            &inner("retryable_codes"),
            report,
        ),
    }
}

fn codes(given: &[String], purpose: Purpose, path: &str, report: &mut Report<'_>) -> u32 {
    let bits = |names: &[&str]| {
        names
            .iter()
            .filter_map(|name| bit(name))
            .fold(0, |a, b| a | b)
    };
    if given.is_empty() {
        return match purpose {
            Purpose::Step => bits(&STEP_CODES),
            Purpose::Compensation => bits(&CODES[1..]) & !bits(&HOPELESS_CODES),
        };
    }
    let mut set = 0;
    for (index, name) in given.iter().enumerate() {
        let path = format!("{path}[{index}]");
        match bit(name) {
            Some(1) => {
                let found = Diagnostic::error("UNKNOWN_CODE", "`OK` is no failure to retry");
                report.add(&path, found.label("not a failure"));
            }
            Some(bit) => set |= bit,
            None if report.was_refused(&path) => {}
            None => {
                let message = format!("there is no status code `{name}`");
                let found = Diagnostic::error("UNKNOWN_CODE", message)
                    .label("unknown code")
                    .nearest(&name.to_uppercase(), "a code", CODES[1..].iter().copied());
                report.add(&path, found);
            }
        }
    }
    set
}

fn bit(name: &str) -> Option<u32> {
    let code = CODES.iter().position(|known| *known == name)?;
    Some(1 << code)
}

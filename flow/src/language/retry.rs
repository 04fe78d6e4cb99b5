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

pub(super) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
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

/// The timeout of a call, as given.
pub(super) fn timeout(
    given: Option<&prost_types::Duration>,
    path: &str,
    report: &mut Report<'_>,
) -> Option<Duration> {
    duration(given, path, Some(MAX_TIMEOUT), report)
}

/// How long to wait for an event, as given.
pub(super) fn patience(
    given: Option<&prost_types::Duration>,
    path: &str,
    report: &mut Report<'_>,
) -> Option<Duration> {
    duration(given, path, None, report)
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

/// What a definition says of retries, in one place.
#[derive(Clone, Debug, Default)]
pub(super) struct Partial {
    max_attempts: Option<u32>,
    initial_backoff: Option<Duration>,
    max_backoff: Option<Duration>,
    backoff_multiplier: Option<f64>,
    retryable_codes: Option<u32>,
}

/// What is given of a retry policy. Reports what is out of its range.
pub(super) fn partial(given: Option<&Message>, path: &str, report: &mut Report<'_>) -> Partial {
    let Some(given) = given else {
        return Partial::default();
    };
    let inner = |name: &str| format!("{path}.{name}");
    let mut out_of_range = |name: &str, message: String| {
        let found = Diagnostic::error("OUT_OF_RANGE", message).label("out of range");
        report.add(&inner(name), found);
    };
    if given.max_attempts > MAX_ATTEMPTS {
        let message = format!(
            "`max_attempts` is at most {MAX_ATTEMPTS}, this is {}",
            given.max_attempts
        );
        out_of_range("max_attempts", message);
    }
    let multiplier = given.backoff_multiplier;
    let in_range = (1.0..=MAX_BACKOFF_MULTIPLIER).contains(&multiplier);
    if multiplier != 0.0 && !in_range {
        let message = format!(
            "`backoff_multiplier` is from 1 to {MAX_BACKOFF_MULTIPLIER}, this is {multiplier}"
        );
        out_of_range("backoff_multiplier", message);
    }
    let mut backoff = |given: Option<&prost_types::Duration>, name: &str| {
        duration(given, &inner(name), None, report)
    };
    Partial {
        max_attempts: (given.max_attempts != 0).then_some(given.max_attempts),
        initial_backoff: backoff(given.initial_backoff.as_ref(), "initial_backoff"),
        max_backoff: backoff(given.max_backoff.as_ref(), "max_backoff"),
        backoff_multiplier: in_range.then_some(multiplier),
        retryable_codes: codes(&given.retryable_codes, &inner("retryable_codes"), report),
    }
}

impl Partial {
    /// The same, and where it says nothing, what another says.
    pub(super) fn or(&self, other: &Self) -> Self {
        Self {
            max_attempts: self.max_attempts.or(other.max_attempts),
            initial_backoff: self.initial_backoff.or(other.initial_backoff),
            max_backoff: self.max_backoff.or(other.max_backoff),
            backoff_multiplier: self.backoff_multiplier.or(other.backoff_multiplier),
            retryable_codes: self.retryable_codes.or(other.retryable_codes),
        }
    }

    /// Reports, at the path of what is given, backoffs that contradict each other with what is
    /// inherited.
    pub(super) fn check_backoffs(&self, inherited: &Self, path: &str, report: &mut Report<'_>) {
        let name = match (self.max_backoff, self.initial_backoff) {
            (Some(_), _) => "max_backoff",
            (None, Some(_)) => "initial_backoff",
            (None, None) => return,
        };
        let both = self.or(inherited);
        let initial = both.initial_backoff.unwrap_or(DEFAULT_INITIAL_BACKOFF);
        let Some(most) = both.max_backoff.filter(|most| *most < initial) else {
            return;
        };
        let message = format!(
            "`max_backoff` is {}, less than `initial_backoff`, which is {}",
            show(most),
            show(initial)
        );
        let found = Diagnostic::error("OUT_OF_RANGE", message).label("out of range");
        report.add(&format!("{path}.{name}"), found);
    }

    /// The policy, and where nothing is said, the defaults.
    pub(super) fn policy(&self, purpose: Purpose) -> RetryPolicy {
        let initial_backoff = self.initial_backoff.unwrap_or(DEFAULT_INITIAL_BACKOFF);
        // What is not given must not be less than what is.
        let max_backoff = DEFAULT_MAX_BACKOFF.max(initial_backoff);
        let codes = match purpose {
            Purpose::Step => bits(&STEP_CODES),
            Purpose::Compensation => bits(&CODES[1..]) & !bits(&HOPELESS_CODES),
        };
        RetryPolicy {
            max_attempts: self.max_attempts,
            initial_backoff,
            max_backoff: self.max_backoff.unwrap_or(max_backoff),
            backoff_multiplier: self.backoff_multiplier.unwrap_or(DEFAULT_MULTIPLIER),
            retryable_codes: self.retryable_codes.unwrap_or(codes),
        }
    }
}

/// The codes that are given; `None` if none are.
fn codes(given: &[String], path: &str, report: &mut Report<'_>) -> Option<u32> {
    if given.is_empty() {
        return None;
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
    Some(set)
}

fn bits(names: &[&str]) -> u32 {
    let bits = names.iter().filter_map(|name| bit(name));
    bits.fold(0, |all, bit| all | bit)
}

fn bit(name: &str) -> Option<u32> {
    let code = CODES.iter().position(|known| *known == name)?;
    Some(1 << code)
}

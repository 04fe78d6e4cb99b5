//! What holds for every step of a workflow that does not say otherwise.

use std::time::Duration;

use pavane::workflow::v1::Workflow;

use super::environment::Environment;
use super::metadata::{self, Metadata};
use super::report::Report;
use super::retry::{self, Partial, Purpose};

/// The defaults of a workflow.
pub(super) struct Defaults {
    pub(super) timeout: Option<Duration>,
    retry: Partial,
    compensation_retry: Partial,
    pub(super) metadata: Metadata,
}

impl Defaults {
    /// Of retries.
    pub(super) fn retry(&self, purpose: Purpose) -> &Partial {
        match purpose {
            Purpose::Step => &self.retry,
            Purpose::Compensation => &self.compensation_retry,
        }
    }
}

/// Compiles the defaults of a workflow, in an environment that every call has.
pub(super) fn compile(
    workflow: &Workflow,
    environment: &Environment<'_>,
    expressions: &mut usize,
    report: &mut Report<'_>,
) -> Defaults {
    let given = workflow.defaults.clone().unwrap_or_default();
    let mut policy = |given, path| {
        let partial = retry::partial(given, path, report);
        partial.check_backoffs(&Partial::default(), path, report);
        partial
    };
    let retry = policy(given.retry.as_ref(), "defaults.retry");
    let compensation_retry = policy(
        given.compensation_retry.as_ref(),
        "defaults.compensation_retry",
    );
    Defaults {
        timeout: retry::timeout(given.timeout.as_ref(), "defaults.timeout", report),
        retry,
        compensation_retry,
        metadata: metadata::defaults(&given.metadata, environment, expressions, report),
    }
}

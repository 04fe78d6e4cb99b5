//! The calls of a workflow, forward and compensating: their methods, and the programs of their requests.

use pavane::workflow::v1::{Compensation, RetryPolicy as Policy, Step};
use prost_reflect::MethodDescriptor;

use super::checker::Environment;
use super::decode::join;
use super::names::to_method;
use super::report::Report;
use super::retry::{self, Purpose};
use super::template::{Compiler, Reference};
use crate::plan::Call;

/// A call as a definition has it, whether it is a step's or a compensation's.
pub(super) struct Given<'a> {
    pub(super) purpose: Purpose,
    pub(super) path: String,
    request: Option<&'a prost_types::Struct>,
    timeout: Option<&'a prost_types::Duration>,
    retry: Option<&'a Policy>,
}

impl<'a> Given<'a> {
    pub(super) fn step(step: &'a Step, path: &str) -> Self {
        Self {
            purpose: Purpose::Step,
            path: path.to_owned(),
            request: step.request.as_ref(),
            timeout: step.timeout.as_ref(),
            retry: step.retry.as_ref(),
        }
    }

    pub(super) fn compensation(compensation: &'a Compensation, path: &str) -> Self {
        Self {
            purpose: Purpose::Compensation,
            path: path.to_owned(),
            request: compensation.request.as_ref(),
            timeout: compensation.timeout.as_ref(),
            retry: compensation.retry.as_ref(),
        }
    }
}

/// Compiles a call. `None` if its method is not known; all else of it is checked all the same.
pub(super) fn compile(
    given: &Given<'_>,
    method: Option<&MethodDescriptor>,
    environment: &Environment<'_>,
    expressions: &mut usize,
    report: &mut Report<'_>,
) -> (Option<Call>, Vec<Reference>) {
    let timeout = retry::timeout(given.timeout, &join(&given.path, "timeout"), report);
    let retry = retry::policy(
        given.retry,
        given.purpose,
        &join(&given.path, "retry"),
        report,
    );
    let input = method.map(MethodDescriptor::input);
    let path = join(&given.path, "request");
    let compiler = Compiler::new(environment, report, expressions);
    let (request, references) = compiler.program(given.request, input.as_ref(), &path);
    let call = method.map(|method| Call {
        method: to_method(method),
        response: method.output(),
        request,
        metadata: Vec::new(),
        timeout,
        has_default_timeout: given.timeout.is_none(),
        at_most_once: false,
        retry,
    });
    (call, references)
}

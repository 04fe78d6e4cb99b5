//! The calls of a workflow, forward and compensating: their methods, and the programs of their requests.

use std::collections::BTreeMap;

use pavane::workflow::v1::{Compensation, Delivery, RetryPolicy as Policy, Step};
use prost_reflect::{DescriptorPool, MessageDescriptor, MethodDescriptor};

use super::decode::join;
use super::defaults::Defaults;
use super::environment::Environment;
use super::metadata;
use super::named::to_method;
use super::report::Report;
use super::retry::{self, DEFAULT_TIMEOUT, Purpose};
use super::template::{Compiler, Reference};
use crate::plan::Call;

/// A call as a definition has it, whether it is a step's or a compensation's.
pub(super) struct Given<'a> {
    purpose: Purpose,
    path: String,
    request: Option<&'a prost_types::Struct>,
    timeout: Option<&'a prost_types::Duration>,
    retry: Option<&'a Policy>,
    metadata: &'a BTreeMap<String, String>,
    at_most_once: bool,
}

impl<'a> Given<'a> {
    pub(super) fn step(step: &'a Step, path: &str) -> Self {
        Self {
            purpose: Purpose::Step,
            path: path.to_owned(),
            request: step.request.as_ref(),
            timeout: step.timeout.as_ref(),
            retry: step.retry.as_ref(),
            metadata: &step.metadata,
            at_most_once: step.delivery() == Delivery::AtMostOnce,
        }
    }

    pub(super) fn compensation(compensation: &'a Compensation, path: &str) -> Self {
        Self {
            purpose: Purpose::Compensation,
            path: path.to_owned(),
            request: compensation.request.as_ref(),
            timeout: compensation.timeout.as_ref(),
            retry: compensation.retry.as_ref(),
            metadata: &compensation.metadata,
            at_most_once: false,
        }
    }
}

/// Compiles a call. `None` if its method is not known; all else of it is checked all the same.
pub(super) fn compile(
    given: &Given<'_>,
    method: Option<&MethodDescriptor>,
    defaults: &Defaults,
    environment: &Environment<'_>,
    expressions: &mut usize,
    report: &mut Report<'_>,
) -> (Option<Call>, Vec<Reference>) {
    let inner = |key| join(&given.path, key);
    let own_timeout = retry::timeout(given.timeout, &inner("timeout"), report);
    let timeout = own_timeout.or(defaults.timeout);
    let inherited = defaults.retry(given.purpose);
    let retry = retry::partial(given.retry, &inner("retry"), report);
    retry.check_backoffs(inherited, &inner("retry"), report);
    let input = method.map(|method| same(&method.input(), environment.pool));
    let compiler = Compiler::new(environment, report, expressions);
    let (request, mut references) =
        compiler.program(given.request, input.as_ref(), &inner("request"));
    let (metadata, others) = metadata::compile(
        given.metadata,
        &defaults.metadata,
        &inner("metadata"),
        environment,
        expressions,
        report,
    );
    references.extend(others);
    let call = method.map(|method| Call {
        method: to_method(method),
        response: method.output(),
        request,
        metadata,
        timeout: timeout.unwrap_or(DEFAULT_TIMEOUT),
        has_default_timeout: timeout.is_none(),
        at_most_once: given.at_most_once,
        retry: retry.or(inherited).policy(given.purpose),
    });
    (call, references)
}

/// The same message in another pool, which has all that the first has.
pub(super) fn same(message: &MessageDescriptor, pool: &DescriptorPool) -> MessageDescriptor {
    let found = pool.get_message_by_name(message.full_name());
    found.expect("the pool has all types of the one that it is a copy of")
}

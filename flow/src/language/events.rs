//! Events of feeds: those that a step waits for, and those that start executions.

use pavane::workflow::v1::{EventStart as StartMessage, StepAwait};
use prost_reflect::{DescriptorPool, MessageDescriptor};

use super::calls::same;
use super::decode::join;
use super::environment::{Environment, Meaning};
use super::named;
use super::names;
use super::report::Report;
use super::retry;
use super::template::{Compiler, Reference};
use crate::plan::{Await, EventMatch, EventStart};
use crate::program::Variable;

/// What expressions about an event call it, and its data.
pub(super) const NAMES: [&str; 2] = ["event", "data"];

/// Where they mean that.
pub(super) const PLACE: &str =
    "an awaited event is looked at in `match` alone; its data is what the step's id stands for";

/// The type of the data of events: a message that the descriptors hold.
pub(super) fn find_type(
    name: &str,
    path: &str,
    pool: &DescriptorPool,
    report: &mut Report<'_>,
) -> Option<MessageDescriptor> {
    named::find_message(name, &join(path, "type"), pool, report)
}

/// Compiles a wait for an event. `path` is that of its step, `data` the type of the event's data.
pub(super) fn compile_await(
    given: &StepAwait,
    path: &str,
    data: Option<&MessageDescriptor>,
    environment: &Environment<'_>,
    expressions: &mut usize,
    report: &mut Report<'_>,
) -> (Option<Await>, Vec<Reference>) {
    let path = join(path, "await");
    names::check_feed_name(&given.feed, &join(&path, "feed"), report);
    let timeout = retry::patience(given.timeout.as_ref(), &join(&path, "timeout"), report);
    let mut references = Vec::new();
    let mut subject = None;
    if !given.subject.is_empty() {
        let compiler = Compiler::new(environment, report, expressions);
        let inner = join(&path, "subject");
        (subject, references) = compiler.text(&given.subject, &inner, "subject");
    }
    let seen = seeing(environment, data);
    let mut condition = None;
    if !given.r#match.is_empty() {
        let compiler = Compiler::new(&seen, report, expressions);
        let inner = join(&path, "match");
        let (found, others) = compiler.condition(&given.r#match, &inner, "match");
        condition = found;
        references.extend(others);
    }
    let compiled = data.map(|data| Await {
        events: EventMatch {
            feed: given.feed.as_str().into(),
            event_type: data.full_name().into(),
            subject,
            condition,
        },
        data: data.clone(),
        timeout,
    });
    (compiled, references)
}

/// Compiles which events start executions. `input` is the type of the input, `data` that of their data,
/// and `constants` an environment that has no more than those.
pub(super) fn compile_start(
    given: &StartMessage,
    input: Option<&MessageDescriptor>,
    data: Option<&MessageDescriptor>,
    constants: &Environment<'_>,
    expressions: &mut usize,
    report: &mut Report<'_>,
) -> Option<EventStart> {
    let path = "start";
    names::check_feed_name(&given.feed, &join(path, "feed"), report);
    let seen = seeing(constants, data);
    let mut condition = None;
    if !given.r#match.is_empty() {
        let compiler = Compiler::new(&seen, report, expressions);
        (condition, _) = compiler.condition(&given.r#match, "start.match", "match");
    }
    let compiler = Compiler::new(&seen, report, expressions);
    let input = input.map(|input| same(input, seen.pool));
    let (input, _) = compiler.program(given.input.as_ref(), input.as_ref(), "start.input");
    Some(EventStart {
        events: EventMatch {
            feed: given.feed.as_str().into(),
            event_type: data?.full_name().into(),
            subject: None,
            condition,
        },
        input,
    })
}

/// The same environment with an event and its data.
fn seeing<'a>(environment: &Environment<'a>, data: Option<&MessageDescriptor>) -> Environment<'a> {
    let event = pavane::descriptor_pool().get_message_by_name("pavane.feed.v1.Event");
    debug_assert!(event.is_some(), "the contract holds Event");
    let data = data.map(|data| same(data, environment.pool));
    let [event_name, data_name] = NAMES;
    environment.with([
        (event_name, Meaning::Message(Variable::Event, event)),
        (data_name, Meaning::Message(Variable::Data, data)),
    ])
}

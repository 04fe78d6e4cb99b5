//! A checked plan: what the compiler makes of a definition, and all that the fold and the drivers
//! need to know of it. Nothing here can be wrong any more; nothing here is text to be looked up.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use prost_reflect::MessageDescriptor;
use smallvec::SmallVec;

use crate::event::Mode;
use crate::program::{
    Condition, Elements, EvaluationError, MessageProgram, Pause, Scope, TextExpression,
};

/// Position of a step in its plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepIndex(pub u16);

impl StepIndex {
    /// As an index into [`Plan::steps`].
    pub fn at(self) -> usize {
        usize::from(self.0)
    }
}

/// Something for each step of a plan, in their order; few steps need no memory of its own.
pub(crate) type PerStep<T> = SmallVec<[T; 4]>;

/// What is performed as one: a step, or one element of a step over a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Unit {
    /// The step.
    pub step: StepIndex,
    /// Position of the element in the list. `None`: the step as a whole.
    pub element: Option<u32>,
}

impl Unit {
    /// One element of a step over a list.
    pub fn element(step: StepIndex, element: u32) -> Self {
        Self {
            step,
            element: Some(element),
        }
    }
}

impl From<StepIndex> for Unit {
    /// The step as a whole.
    fn from(step: StepIndex) -> Self {
        Self {
            step,
            element: None,
        }
    }
}

/// What a service remembers a call by; shown as `<execution>/<step>[/<element>]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdempotencyKey<'a> {
    execution: &'a str,
    step: &'a str,
    element: Option<u32>,
}

impl fmt::Display for IdempotencyKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.execution, self.step)?;
        self.element
            .map_or(Ok(()), |element| write!(f, "/{element}"))
    }
}

/// A unary gRPC method.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Method {
    /// Full name of the service: `shop.payment.v1.PaymentService`.
    pub service: Arc<str>,
    /// HTTP/2 path of the call: `/shop.payment.v1.PaymentService/ChargeCard`.
    pub path: Arc<str>,
}

impl fmt::Display for Method {
    /// As written in definitions: `shop.payment.v1.PaymentService/ChargeCard`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path[1..])
    }
}

/// Identifies a definition and the descriptors it was checked against: 64 hexadecimal digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub Arc<str>);

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Revision({})", self.0)
    }
}

/// A workflow that has passed every check.
pub struct Plan {
    /// Name of the workflow.
    pub name: Arc<str>,
    /// Which content of it.
    pub revision: Revision,
    /// The method that it implements.
    pub implements: Method,
    /// Type of the input: the request of `implements`.
    pub input: MessageDescriptor,
    /// Type of the output: the response of `implements`.
    pub output: MessageDescriptor,
    /// How an execution is run if nobody says otherwise.
    pub mode: Mode,
    /// The steps that do something, in the order of the definition, at most 256.
    pub steps: Vec<Step>,
    /// Computes the output.
    pub output_program: MessageProgram,
    /// How long an execution may take.
    pub deadline: Option<Duration>,
    /// The events that start executions.
    pub start: Option<EventStart>,
}

/// Which events start executions, and with what input.
#[derive(Clone)]
pub struct EventStart {
    /// Which events of which feed.
    pub events: EventMatch,
    /// Computes the input. Its scope has an event, and nothing else.
    pub input: MessageProgram,
}

/// Which events of a feed are meant.
#[derive(Clone)]
pub struct EventMatch {
    /// Name of the feed.
    pub feed: Arc<str>,
    /// The full name of the message that is the events' type and the type of their data.
    pub event_type: Arc<str>,
    /// Computes the subject that they must have.
    pub subject: Option<TextExpression>,
    /// Must hold of them. Its scope has an event.
    pub condition: Option<Condition>,
}

/// One step of a plan.
#[derive(Debug)]
pub struct Step {
    /// Its name in the definition.
    pub id: Arc<str>,
    /// Its position in the definition, which also has steps that are only values: as in `steps[1].call`.
    pub position: usize,
    /// What it does.
    pub work: Work,
    /// It is done once for each element of a list.
    pub for_each: Option<ForEach>,
    /// The steps whose responses it refers to, ascending.
    pub data_dependencies: Vec<StepIndex>,
    /// All steps that must be settled before it begins: `data_dependencies` and `after`, ascending.
    pub dependencies: Vec<StepIndex>,
    /// All steps that come after it, directly or through others, ascending: they are undone first.
    pub descendants: Vec<StepIndex>,
    /// Run only if this holds.
    pub when: Option<Condition>,
    /// What undoes it.
    pub compensation: Option<Call>,
    /// The steps whose responses are needed to undo it, ascending: those that the compensation
    /// refers to, and the list of elements. All of them come before it.
    pub compensation_references: Vec<StepIndex>,
}

/// What a step does.
#[derive(Debug)]
pub enum Work {
    /// Calls a method.
    Call(Call),
    /// Lets time pass.
    Wait(Pause),
    /// Waits for an event of a feed.
    Await(Await),
}

/// One call for each element of a list.
pub struct ForEach {
    /// Computes the elements.
    pub elements: Elements,
    /// Most calls on their way at the same time, at least 1.
    pub max_concurrency: u32,
    /// Type of the step's response as a whole: a message whose field 1 is the list of responses.
    pub responses: MessageDescriptor,
}

/// A wait for an event.
pub struct Await {
    /// Which.
    pub events: EventMatch,
    /// Type of the event's data, which is the step's response.
    pub data: MessageDescriptor,
    /// How long to wait before the step fails.
    pub timeout: Option<Duration>,
}

impl Step {
    /// What it calls, if it calls anything.
    pub fn call(&self) -> Option<&Call> {
        match &self.work {
            Work::Call(call) => Some(call),
            Work::Wait(_) | Work::Await(_) => None,
        }
    }

    /// Its calls, forward and compensating.
    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        self.call().into_iter().chain(&self.compensation)
    }

    /// Type of its response as a whole. `None`: it has none, as a wait.
    pub fn response(&self) -> Option<&MessageDescriptor> {
        match (&self.work, &self.for_each) {
            (Work::Call(_), Some(for_each)) => Some(&for_each.responses),
            (Work::Call(call), None) => Some(&call.response),
            (Work::Await(wait), _) => Some(&wait.data),
            (Work::Wait(_), _) => None,
        }
    }

    /// How long one attempt at its call may take; nothing if it calls nothing.
    pub fn timeout(&self) -> Duration {
        self.call().map(|call| call.timeout).unwrap_or_default()
    }

    /// What it does, in a few words: the method that it calls, `wait`, `await <type>`.
    pub fn summary(&self) -> String {
        match &self.work {
            Work::Call(call) => call.method.to_string(),
            Work::Wait(_) => "wait".to_owned(),
            Work::Await(wait) => format!("await {}", wait.events.event_type),
        }
    }
}

/// A unary call, forward or compensating.
pub struct Call {
    /// The method.
    pub method: Method,
    /// Type of the response.
    pub response: MessageDescriptor,
    /// Computes the request.
    pub request: MessageProgram,
    /// What it is sent with besides, by name in lower case.
    pub metadata: Vec<(Arc<str>, TextExpression)>,
    /// How long one attempt may take.
    pub timeout: Duration,
    /// Whether nobody has said how long: the configuration of the target may.
    pub has_default_timeout: bool,
    /// Whether it may be made only once.
    pub at_most_once: bool,
    /// When and how often it is tried again.
    pub retry: RetryPolicy,
}

/// When and how often a call is tried again.
#[derive(Clone, Debug, PartialEq)]
pub struct RetryPolicy {
    /// Most attempts, the first included; `None`: without end.
    pub max_attempts: Option<u32>,
    /// Wait before the second attempt.
    pub initial_backoff: Duration,
    /// Longest wait between attempts.
    pub max_backoff: Duration,
    /// Factor from one wait to the next, at least 1.
    pub backoff_multiplier: f64,
    /// Which codes are tried again: bit `1 << code`.
    pub retryable_codes: u32,
}

impl RetryPolicy {
    /// Whether a status with this gRPC code is tried again.
    pub fn is_retryable(&self, code: i32) -> bool {
        (1..=16).contains(&code) && self.retryable_codes & (1 << code) != 0
    }

    /// How long to wait after the given number of failed attempts (from 1), before jitter.
    pub fn backoff(&self, failed_attempts: u32) -> Duration {
        let exponent = i32::try_from(failed_attempts.saturating_sub(1)).unwrap_or(i32::MAX);
        let factor = self.backoff_multiplier.powi(exponent);
        let seconds = self.initial_backoff.as_secs_f64() * factor;
        if seconds.is_finite() && seconds < self.max_backoff.as_secs_f64() {
            Duration::from_secs_f64(seconds)
        } else {
            self.max_backoff
        }
    }
}

// By hand: the descriptors of recursive types show themselves without end.
impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan")
            .field("name", &self.name)
            .field("revision", &self.revision)
            .field("implements", &self.implements)
            .field("steps", &self.steps)
            .field("output_program", &self.output_program)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("method", &self.method)
            .field("request", &self.request)
            .field("timeout", &self.timeout)
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for EventMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventMatch")
            .field("feed", &self.feed)
            .field("event_type", &self.event_type)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ForEach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForEach")
            .field("elements", &self.elements)
            .field("max_concurrency", &self.max_concurrency)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Await {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Await")
            .field("events", &self.events)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

impl Plan {
    /// The index of a step by its name.
    pub fn step_index(&self, id: &str) -> Option<StepIndex> {
        let position = self.steps.iter().position(|step| &*step.id == id)?;
        Some(StepIndex(
            u16::try_from(position).expect("at most 256 steps"),
        ))
    }

    /// What a service remembers a call by.
    pub fn idempotency_key<'a>(&'a self, execution: &'a str, unit: Unit) -> IdempotencyKey<'a> {
        IdempotencyKey {
            execution,
            step: &self.step(unit.step).id,
            element: unit.element,
        }
    }

    /// The step at an index that came from this plan.
    pub fn step(&self, index: StepIndex) -> &Step {
        &self.steps[index.at()]
    }

    /// All indices, in the order of the definition.
    pub fn step_indices(&self) -> impl Iterator<Item = StepIndex> + use<> {
        (0..u16::try_from(self.steps.len()).expect("at most 256 steps")).map(StepIndex)
    }

    /// Computes the output. Errors: the program's, such as a division by zero.
    pub fn evaluate_output(&self, scope: &Scope<'_>) -> Result<Bytes, EvaluationError> {
        self.output_program.evaluate(scope)
    }
}

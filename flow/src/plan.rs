//! A checked plan: what the compiler makes of a definition, and all that the fold and the drivers
//! need to know of it. Nothing here can be wrong any more; nothing here is text to be looked up.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use prost_reflect::MessageDescriptor;

use crate::event::Mode;
use crate::program::{Condition, EvaluationError, MessageProgram, Scope};

/// Position of a step in its definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepIndex(pub u16);

impl StepIndex {
    /// As an index into [`Plan::steps`].
    pub fn at(self) -> usize {
        usize::from(self.0)
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
    /// The steps in the order of the definition, at most 256.
    pub steps: Vec<Step>,
    /// Computes the output.
    pub output_program: MessageProgram,
    /// How long an execution may take.
    pub deadline: Option<Duration>,
}

/// One step of a plan.
#[derive(Debug)]
pub struct Step {
    /// Its name in the definition.
    pub id: Arc<str>,
    /// What is called.
    pub call: Call,
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
    /// The steps whose responses the compensation refers to, ascending. All of them come before it.
    pub compensation_references: Vec<StepIndex>,
}

/// A unary call, forward or compensating.
pub struct Call {
    /// The method.
    pub method: Method,
    /// Type of the response.
    pub response: MessageDescriptor,
    /// Computes the request.
    pub request: MessageProgram,
    /// How long one attempt may take.
    pub timeout: Duration,
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

impl Plan {
    /// The index of a step by its name.
    pub fn step_index(&self, id: &str) -> Option<StepIndex> {
        let position = self.steps.iter().position(|step| &*step.id == id)?;
        Some(StepIndex(
            u16::try_from(position).expect("at most 256 steps"),
        ))
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

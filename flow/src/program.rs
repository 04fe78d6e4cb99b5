//! Compiled expressions: what computes requests, outputs and conditions.
//!
//! Evaluation is bounded, has no side effects and never panics, whatever bytes it is given.

use bytes::Bytes;

use crate::plan::Scope;

/// Computes an encoded message from a scope.
#[derive(Clone, Debug)]
pub struct MessageProgram {
    constant: Bytes,
}

impl MessageProgram {
    /// A program that always gives these bytes.
    pub fn constant(bytes: Bytes) -> Self {
        Self { constant: bytes }
    }

    /// Computes the message. Errors: see [`EvaluationError`].
    pub fn evaluate(&self, _scope: &Scope<'_>) -> Result<Bytes, EvaluationError> {
        Ok(self.constant.clone())
    }
}

/// Computes whether a step is to run.
#[derive(Clone, Debug)]
pub struct Condition {
    constant: bool,
}

impl Condition {
    /// A condition that always has this value.
    pub fn constant(value: bool) -> Self {
        Self { constant: value }
    }

    /// Computes the condition. Errors: see [`EvaluationError`].
    pub fn evaluate(&self, _scope: &Scope<'_>) -> Result<bool, EvaluationError> {
        Ok(self.constant)
    }
}

/// Why an expression has no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{expression}` has no value: {problem}")]
pub struct EvaluationError {
    /// The expression as written.
    pub expression: String,
    /// What went wrong, such as a division by zero.
    pub problem: String,
}

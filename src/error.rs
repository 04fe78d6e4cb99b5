//! How an error leaves a server: a canonical gRPC code and a `google.rpc.ErrorInfo` whose reason is
//! documented in `docs/errors.md`.

use std::collections::HashMap;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// Domain of every `google.rpc.ErrorInfo` that Pavane makes.
pub const DOMAIN: &str = "pavane";

/// Fact of the outcome of an execution that failed, beside [`EXECUTION_ID`]: everything that had to
/// be undone is. So nothing of the call stands, and making it again gives the same answer.
pub const COMPENSATED: &str = "compensated";

/// Fact: the id of the execution that an error is about.
pub const EXECUTION_ID: &str = "execution_id";

/// What a server says of an error besides code and message.
#[derive(Debug, Default)]
pub struct Details {
    details: ErrorDetails,
    metadata: HashMap<String, String>,
}

impl Details {
    /// No details but the reason.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a fact to the `ErrorInfo`, such as `earliest_cursor`.
    #[must_use]
    pub fn fact(mut self, name: &str, value: impl ToString) -> Self {
        self.metadata.insert(name.to_owned(), value.to_string());
        self
    }

    /// Adds a violation to the `google.rpc.BadRequest`: which field, and what is wrong with it.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>, description: impl Into<String>) -> Self {
        self.details.add_bad_request_violation(field, description);
        self
    }

    /// Adds a `google.rpc.RetryInfo`.
    #[must_use]
    pub fn retry_after(mut self, delay: std::time::Duration) -> Self {
        self.details.set_retry_info(Some(delay));
        self
    }

    /// Makes the status. `reason` is UPPER_SNAKE_CASE and has an entry in `docs/errors.md`.
    pub fn status(mut self, code: Code, reason: &str, message: impl Into<String>) -> Status {
        self.details.set_error_info(reason, DOMAIN, self.metadata);
        Status::with_error_details(code, message, self.details)
    }
}

/// A status with a reason and no further details.
pub fn status(code: Code, reason: &str, message: impl Into<String>) -> Status {
    Details::new().status(code, reason, message)
}

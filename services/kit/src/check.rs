//! Checks of a request's fields, all of them before the answer: a caller learns every mistake at
//! once, each as a violation of `google.rpc.BadRequest`.

use std::fmt::Display;
use std::ops::RangeInclusive;

use pavane::validation::Violations;
use tonic::Status;

/// The violations found so far, for what the rules of a .proto file do not say.
///
/// ```
/// let mut checks = pavane_kit::Checks::default();
/// checks.text("order_id", "", 64);
/// checks.range("lines[0].quantity", 0, 1..=1000);
/// let status = checks.finish().unwrap_err();
/// assert_eq!(status.code(), tonic::Code::InvalidArgument);
/// assert_eq!(status.message(), "order_id must be 1 to 64 bytes, found 0 bytes (and 1 more)");
/// ```
#[derive(Debug, Default)]
#[must_use = "checks mean nothing until `finish`"]
pub struct Checks {
    violations: Violations,
}

impl Checks {
    /// A text of 1 to `max_bytes` bytes without control characters.
    pub fn text(&mut self, field: &str, value: &str, max_bytes: usize) {
        if value.is_empty() || value.len() > max_bytes {
            let found = value.len();
            self.fail(
                field,
                format!("must be 1 to {max_bytes} bytes, found {found} bytes"),
            );
        } else if let Some(control) = value.chars().find(|c| c.is_control()) {
            self.fail(
                field,
                format!("must have no control character, found {control:?}"),
            );
        }
    }

    /// A number within a range.
    pub fn range<T: PartialOrd + Display>(
        &mut self,
        field: &str,
        value: T,
        range: RangeInclusive<T>,
    ) {
        if !range.contains(&value) {
            let (least, most) = (range.start(), range.end());
            self.fail(field, format!("must be {least} to {most}, found {value}"));
        }
    }

    /// The number of elements of a repeated field.
    pub fn count(&mut self, field: &str, found: usize, range: RangeInclusive<usize>) {
        if !range.contains(&found) {
            let (least, most) = (range.start(), range.end());
            self.fail(
                field,
                format!("must have {least} to {most} elements, found {found}"),
            );
        }
    }

    /// A code of so many upper-case letters, such as `EUR`: an ISO 4217 currency, an ISO 3166-1
    /// country.
    pub fn code(&mut self, field: &str, value: &str, example: &str) {
        let letters = value.bytes().all(|byte| byte.is_ascii_uppercase());
        if value.len() != example.len() || !letters {
            let found: String = value.chars().take(16).collect();
            self.fail(
                field,
                format!("must be a code such as `{example}`, found `{found}`"),
            );
        }
    }

    /// Any other violation; `description` goes on from the field's name: `must be ...`.
    pub fn fail(&mut self, field: &str, description: impl Into<String>) {
        self.violations.add(field, description);
    }

    /// Ok if nothing was wrong.
    ///
    /// # Errors
    /// INVALID_ARGUMENT, reason `INVALID_REQUEST`, with a violation per field.
    pub fn finish(self) -> Result<(), Status> {
        self.violations.into_result()
    }
}

//! What is wrong with a request: all of it, told at once.

use tonic::{Code, Status};

use super::path::Path;
use crate::error::Details;

/// Most violations that are told one by one; the others are counted.
const MOST: usize = 20;

/// What is wrong with a request, field by field.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
#[must_use]
pub struct Violations {
    told: Vec<(String, String)>,
    more: usize,
}

impl Violations {
    /// Adds a violation; `description` goes on from the field: `must be ...`.
    pub fn add(&mut self, field: impl Into<String>, description: impl Into<String>) {
        self.add_lazily(|| (field.into(), description.into()));
    }

    pub(super) fn add_at(&mut self, path: &Path<'_>, description: impl FnOnce() -> String) {
        self.add_lazily(|| {
            let whose = if path.is_name() { "the key " } else { "" };
            (path.to_string(), format!("{whose}{}", description()))
        });
    }

    fn add_lazily(&mut self, violation: impl FnOnce() -> (String, String)) {
        if self.told.len() < MOST {
            self.told.push(violation());
        } else {
            self.more += 1;
        }
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.told.is_empty()
    }

    /// The fields, as `events[3].id`, and what is wrong with each. At most 20.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let told = self.told.iter();
        told.map(|(field, description)| (&**field, &**description))
    }

    /// Ok if nothing is wrong.
    ///
    /// # Errors
    /// INVALID_ARGUMENT, reason `INVALID_REQUEST`, with a violation for each field.
    pub fn into_result(self) -> Result<(), Status> {
        let Some((field, description)) = self.told.first() else {
            return Ok(());
        };
        let field = match field.as_str() {
            "" => "the request",
            field => field,
        };
        let more = match self.told.len() - 1 + self.more {
            0 => String::new(),
            more => format!(" (and {more} more)"),
        };
        let message = format!("{field} {description}{more}");
        let told = self.told.into_iter();
        let details = told.fold(Details::new(), |details, (field, description)| {
            details.field(field, description)
        });
        Err(details.status(Code::InvalidArgument, "INVALID_REQUEST", message))
    }
}

//! The rules of the contract, enforced. They stand in the .proto files as `buf.validate` options, where
//! every language can read them; `build/` writes them out as Rust, and [`CheckedCodec`](crate::CheckedCodec)
//! applies them to each request where it is decoded, before any handler sees it.
//!
//! Only what a message says by itself is checked here. What takes knowledge (whether a workflow
//! exists, whether a cursor belongs to a feed) is its service's to say.

mod checks;
mod path;
mod pattern;
mod violations;

pub use violations::Violations;

use path::Path;
use prost::{DecodeError, Message};
use tonic::Status;

/// A message with rules, or with messages that have some.
trait Validate {
    /// Adds what is wrong with it; `path` leads to it.
    fn validate(&self, path: &Path<'_>, found: &mut Violations);
}

/// What a server takes or a client is given. Requests are checked, all else is taken as it is.
pub trait Received {
    /// Whether it keeps the rules.
    ///
    /// # Errors
    /// INVALID_ARGUMENT, reason `INVALID_REQUEST`, with a violation for each field that does not.
    fn check(&self) -> Result<(), Status> {
        Ok(())
    }
}

fn check(request: &impl Validate) -> Result<(), Status> {
    let mut found = Violations::default();
    request.validate(&Path::root(), &mut found);
    found.into_result()
}

/// What is wrong with an encoded message of a type of the contract, such as
/// `pavane.feed.v1.PublishRequest`. Nothing, if it is not one or has no rules.
///
/// # Errors
/// It is no encoding of such a message.
pub fn violations(message: &str, encoded: &[u8]) -> Result<Violations, DecodeError> {
    generated::by_name(message, encoded)
}

/// Full names of the messages that have rules, or that have messages that do.
pub fn messages_with_rules() -> &'static [&'static str] {
    generated::WITH_RULES
}

// What is written has a path and a value at hand for every check, and some fields are only required.
#[allow(clippy::all, unused_variables)]
mod generated {
    use prost::DecodeError;
    use tonic::Status;

    use super::pattern::{Part, Pattern};
    use super::{Path, Received, Validate, Violations, check, checks, violations_of};

    include!(concat!(env!("OUT_DIR"), "/validators.rs"));
}

fn violations_of<M>(encoded: &[u8]) -> Result<Violations, DecodeError>
where
    M: Message + Default + Validate,
{
    let mut found = Violations::default();
    M::decode(encoded)?.validate(&Path::root(), &mut found);
    Ok(found)
}

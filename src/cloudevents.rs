//! Events as CloudEvents 1.0, and back, without loss: as `io.cloudevents.v1.CloudEvent`, and as
//! CloudEvents JSON. <https://github.com/cloudevents/spec>
//!
//! An event is a CloudEvent but for the names of a few attributes, see `docs/cloudevents.md`. What a
//! CloudEvent from elsewhere has that an event has no place for (types of attributes, data that is
//! no message) is noted in an attribute of the event, [`NOTES`], so that it comes out as it went in.

mod check;
mod from_event;
pub mod json;
mod names;
mod notes;
mod to_event;

/// The generated messages.
#[allow(missing_docs, unreachable_pub, clippy::all)]
pub mod v1 {
    tonic::include_proto!("io.cloudevents.v1");
}

pub use from_event::from_event;
pub use notes::NOTES;
pub use to_event::to_event;

/// The version of the specification.
pub const SPEC_VERSION: &str = "1.0";

/// The content type of data that is a message.
pub const PROTOBUF: &str = "application/protobuf";

/// Why something is no CloudEvent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// An attribute that each must have.
    #[error("attribute `{0}` is missing or empty")]
    Missing(&'static str),
    /// Another version of the specification.
    #[error("specversion is `{found}`, expected `{SPEC_VERSION}`")]
    Version {
        /// What it says.
        found: String,
    },
    /// A name that no attribute can have.
    #[error("`{0}` is no name of an attribute, expected lower-case letters and digits")]
    Name(String),
    /// An attribute that says something else than it may.
    #[error("attribute `{name}` is {found}, expected {expected}")]
    Value {
        /// The attribute.
        name: String,
        /// What it is.
        found: String,
        /// What it may be.
        expected: &'static str,
    },
    /// Data in two places.
    #[error("there is `data` and `data_base64`, expected one of them")]
    DataTwice,
    /// Data that is not what it is said to be.
    #[error("data is not {expected}: {found}")]
    Data {
        /// What was expected.
        expected: &'static str,
        /// What was found.
        found: String,
    },
    /// What is to be noted has no place.
    #[error("attribute `{NOTES}` is in use, and what else there is would have to be noted in it")]
    Notes,
}

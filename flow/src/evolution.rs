//! Whether types that have changed still fit those who use them as they were.
//!
//! Whoever calls a method was compiled with the types as they **were**; whoever serves it speaks them as
//! they **are**. So requests are written as they were and read as they are, and responses the other way
//! round: what is harmless in one direction can break the other.
//!
//! The rules are those of the wire and, where a method is called with JSON, of its JSON mapping. They are
//! the classes of buf's WIRE and WIRE_JSON, made sharper by the direction and by what is used at all.
//! <https://protobuf.dev/programming-guides/proto3/#updating>, <https://buf.build/docs/breaking/rules>

use std::collections::BTreeSet;
use std::fmt;

use prost_reflect::{MethodDescriptor, ServiceDescriptor};

mod conflict;
mod enums;
mod exclusive;
mod field;
mod kinds;
mod messages;
mod scan;
mod union;
mod usage;

pub use union::{Conflict, Origin, union};
pub use usage::{StepUse, uses};

/// Whether a change breaks somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// What is sent is lost, or reads as something else.
    Breaking,
    /// What was said before is still understood.
    Compatible,
}

/// One change, as one who uses the method sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Whether it breaks them.
    pub severity: Severity,
    /// The method: `shop.payment.v1.PaymentService/ChargeCard`.
    pub method: String,
    /// Where in its messages: `request.amount.currency`; empty: the method itself.
    pub path: String,
    /// What was there.
    pub was: String,
    /// What is there now.
    pub is: String,
    /// What comes of it.
    pub why: String,
}

/// Which fields of a message are used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fields {
    /// Any of them may be.
    All,
    /// Only those of these names, with all that is in them.
    Only(BTreeSet<String>),
}

/// How somebody uses a method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// The fields of the request that are written.
    pub request: Fields,
    /// The fields of the response that are read.
    pub response: Fields,
    /// Whether it is also called with JSON, where names matter.
    pub json: bool,
}

impl Use {
    /// By whoever may come.
    pub const fn by_anyone() -> Self {
        Self {
            request: Fields::All,
            response: Fields::All,
            json: true,
        }
    }
}

impl Fields {
    fn contains(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(names) => names.contains(name),
        }
    }

    /// These and those.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Only(mut these), Self::Only(those)) => {
                these.extend(those);
                Self::Only(these)
            }
            (Self::All, _) | (_, Self::All) => Self::All,
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Breaking => "breaking",
            Self::Compatible => "compatible",
        })
    }
}

/// Which way a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Way {
    /// Written as it was, read as it is.
    Request,
    /// Written as it is, read as it was.
    Response,
}

/// What a service that is spoken differently from now on means for one who uses a method of it as it
/// was. The breaking findings come first.
pub fn compare(was: &MethodDescriptor, is: &ServiceDescriptor, used: &Use) -> Vec<Finding> {
    let name = format!("{}/{}", was.parent_service().full_name(), was.name());
    let mut comparison = messages::Comparison::new(&name, used.json);
    let is = is.methods().find(|method| method.name() == was.name());
    match is {
        None => comparison.breaking(
            "",
            "a method",
            "nothing",
            "the method is gone: every call of it fails",
        ),
        Some(is) if shape(was) != shape(&is) => comparison.breaking(
            "",
            shape(was),
            shape(&is),
            "calls of the one kind cannot be answered by the other",
        ),
        Some(is) => {
            comparison.top(Way::Request, &was.input(), &is.input(), &used.request);
            comparison.top(Way::Response, &was.output(), &is.output(), &used.response);
        }
    }
    comparison.finish()
}

fn shape(method: &MethodDescriptor) -> &'static str {
    match (method.is_client_streaming(), method.is_server_streaming()) {
        (false, false) => "a unary method",
        (true, false) => "a client-streaming method",
        (false, true) => "a server-streaming method",
        (true, true) => "a bidirectional method",
    }
}

//! What an order to start an execution consists of, and when two are the same.

use std::sync::Arc;

use bytes::Bytes;
use pavane::trace::Trace;
use pavane::workflow::v1::Mode;
use pavane_flow::event::Origin;
use pavane_flow::plan::Plan;
use prost_reflect::{DynamicMessage, MessageDescriptor};
use tonic::metadata::MetadataMap;

use crate::Error;

/// Longest id of an execution.
pub(crate) const MAX_ID_BYTES: usize = 128;

/// What to start.
#[derive(Debug)]
pub(crate) struct StartOrder {
    pub(crate) plan: Arc<Plan>,
    /// Unspecified: as the workflow says.
    pub(crate) mode: Mode,
    /// Chosen by the caller; without one the execution is new for certain.
    pub(crate) id: Option<String>,
    pub(crate) input: Bytes,
    pub(crate) origin: Origin,
    pub(crate) trace: Trace,
}

/// Whether two encodings are of the same message: a client may write the entries of a map in any
/// order.
pub(super) fn is_same(descriptor: &MessageDescriptor, one: &Bytes, other: &Bytes) -> bool {
    let decode = |bytes: &Bytes| DynamicMessage::decode(descriptor.clone(), bytes.clone());
    one == other || matches!((decode(one), decode(other)), (Ok(one), Ok(other)) if one == other)
}

/// The caller's trace, or a new one that is not sampled.
pub(crate) fn trace_of(call: &MetadataMap) -> Trace {
    Trace::of_call(call).unwrap_or_else(|| Trace::new(rand::random()))
}

/// Errors: [`Error::InvalidArgument`].
pub(super) fn check_id(id: &str) -> Result<(), Error> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
    let problem = if id.is_empty() {
        "is empty; expected the id of an execution".to_owned()
    } else if id.len() > MAX_ID_BYTES {
        format!("has {} bytes; expected at most {MAX_ID_BYTES}", id.len())
    } else if let Some(wrong) = id.chars().find(|&c| !c.is_ascii() || !is_allowed(c as u8)) {
        format!("`{id}` contains {wrong:?}; expected letters, digits, `-`, `_`, `.` and `:`")
    } else {
        return Ok(());
    };
    Err(Error::InvalidArgument {
        field: "execution_id",
        problem,
    })
}

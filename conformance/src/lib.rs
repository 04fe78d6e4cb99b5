//! Conformance suites, written against the contract alone: pointed at any server that speaks it,
//! each says which promises are kept. They never depend on a server of ours, and never look at
//! anything but what comes over the wire.
//!
//! A check has the name of the promise. It waits for what must come and never asserts how long that
//! takes; what is random follows from a seed that the report names.

mod error;
pub mod feed;
mod report;

pub use error::Error;
pub use report::{CheckResult, Outcome, Report};

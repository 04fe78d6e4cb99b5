//! The demo: the sample shop with its three services and an orchestrator in one process, orders
//! placed through the front door, and an audit of what they left behind.
//!
//! Everything is done and read over gRPC, as anybody else would; [`audit`] is of use wherever the
//! shop runs.

pub mod audit;

pub(crate) mod house;
pub(crate) mod load;
pub(crate) mod orders;
pub(crate) mod report;
pub(crate) mod round;

//! What a workflow means, without doing any of it: definition -> checked plan -> fold -> drivers'
//! cores.
//!
//! Pure: no I/O, no clock, no randomness, no threads. Time and results come in as values,
//! decisions go out as values.

pub mod choreography;
pub mod descriptors;
pub mod diagnostic;
pub mod driver;
pub mod event;
pub mod evolution;
pub mod fold;
pub mod language;
pub mod plan;
pub mod program;
pub mod proto2;
#[cfg(test)]
mod testing;
mod time;

pub use time::Timestamp;

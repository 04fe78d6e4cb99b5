//! What is kept, held against the contract as it is.

#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod cloudevents;
mod reference;
mod rules;
mod types;
mod vectors;

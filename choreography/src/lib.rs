//! Taking part in choreographies: the shell around the pure core in `pavane_flow::choreography`. It
//! hears the feeds of others, has its host perform the steps that are its own, and remembers where it
//! stands.
//!
//! Whoever takes part is a [`Host`]: a service with its own feed (the kit), a sidecar, or the home of
//! choreographed executions (the orchestrator). This crate never decides what an execution means, and
//! never calls anything itself.
//!
//! **Invariant:** a cursor is never durable before the events that were caused by what it covers:
//! both go through the host's one writer, in that order.
//! **Invariant:** a call leaves only after all events that its execution said before are durable.

mod checkpoint;
mod error;
mod host;
mod options;
mod parts;
mod peers;
mod runtime;
mod service;
mod view;

pub use checkpoint::Checkpoint;
pub use error::Error;
pub use host::{Ack, Answer, Appended, Ended, Host, Round};
pub use options::Options;
pub use pavane_flow::choreography::member::StepCall;
pub use runtime::Runtime;
pub use service::Service;

//! The conductor, the home and observer of choreographies, and the services' front door, as one
//! server.
//!
//! `Options` -> [`Orchestrator::start`] -> [`Handle`]. What a workflow means is `pavane-flow`'s to
//! say; this crate keeps the journal, makes the calls and answers the questions.

mod choreography;
mod codec;
mod engine;
mod error;
mod events;
mod executions;
mod failing;
mod front_door;
mod journal;
mod options;
mod orchestrator;
mod reflection;
mod restart;
mod retention;
mod services;
mod task;
mod timers;
mod view;
mod waking;
mod workflows;

pub use choreography::Unprepared;
pub use error::{Error, GoesOn};
pub use options::{Definition, Limits, Options, Retention};
pub use orchestrator::{Handle, Orchestrator};
pub use pavane_calls::{Target, Targets};

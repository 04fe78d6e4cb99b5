//! Events of feeds that come in: those that steps await, and those that start executions. Which event
//! is the one is for the core to say; here is which are worth its while.
//!
//! **Invariant:** no event is missed between what is read of the past and what comes live.

mod awaiting;
mod feeds;
mod hub;
mod index;
mod pass;
mod reader;
mod triggers;

pub(crate) use awaiting::{Awaiting, Registration};
pub(crate) use feeds::Feeds;
pub(crate) use hub::{Seen, run};
pub(crate) use triggers::{Triggers, run as run_triggers};

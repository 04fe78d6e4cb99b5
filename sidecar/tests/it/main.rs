//! Services that know nothing of Pavane, each with a sidecar, and an orchestrator as the home.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod plain;
mod stage;

mod choreographies;
mod served;

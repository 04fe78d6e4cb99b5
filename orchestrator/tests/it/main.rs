//! The orchestrator as its clients and the services see it: over gRPC, on free ports, in folders of
//! its own.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod front_door;
mod graph;
mod identity;
mod retries;
mod steering;
mod support;

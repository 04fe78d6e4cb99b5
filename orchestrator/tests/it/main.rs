//! The orchestrator as its clients and the services see it: over gRPC, on free ports, in folders of
//! its own.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod awaiting;
mod choreography;
mod data_dir;
mod deploying;
mod evolving;
mod family;
mod front_door;
mod garbage;
mod graph;
mod identity;
mod json;
mod limits;
mod listing;
mod observing;
mod refusals;
mod restart;
mod resting;
mod retries;
mod steering;
mod support;
mod triggers;
mod types;
mod watching;

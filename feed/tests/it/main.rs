//! What a store, its feeds, its service and its client promise, from the outside.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod client;
mod damage;
mod directory;
mod publishing;
mod random;
mod retention;
mod service;
mod subjects;
mod subscriptions;
mod support;
mod transactions;

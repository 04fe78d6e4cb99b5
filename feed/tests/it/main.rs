//! What a store, its feeds and its service promise, from the outside.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod damage;
mod directory;
mod publishing;
mod random;
mod reasons;
mod retention;
mod service;
mod subjects;
mod subscriptions;
mod support;
mod transactions;

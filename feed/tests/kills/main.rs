//! What stores promise to whoever is killed. In a program of its own, and one test at a time: a
//! process that is being started holds, for a moment, the locks of the one that starts it.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod crash;
mod creation;
#[path = "../it/support.rs"]
#[allow(dead_code, reason = "shared with the other tests, which use all of it")]
mod support;

/// Held by each test while it runs.
static ONE_AT_A_TIME: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

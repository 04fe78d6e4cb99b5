//! What a client promises, against real servers in this process and against scripted ones.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod subscriber;
mod support;

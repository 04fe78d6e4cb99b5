//! What a client promises, against real servers in this process and against scripted ones.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod calls;
mod cutting;
mod scripted;
mod subscriber;
mod subscription;
mod support;

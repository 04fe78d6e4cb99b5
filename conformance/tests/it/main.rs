//! The suite tried on servers: ours keep every promise, and each that breaks one is found out.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod defects;
mod ours;
mod server;
mod unchecked;

//! Calls of a server that is told how to behave, in the clear and over TLS.

#![allow(clippy::unwrap_used, reason = "tests")]

mod limits;
mod metadata;
mod support;
mod tls;
mod tls_refused;

//! A server over real sockets, by what its clients see.

#![allow(clippy::unwrap_used)]

mod drain;
mod grpc;
mod health;
mod json;
mod reflection;
mod support;

//! A server over real sockets, by what its clients see.

#![allow(clippy::unwrap_used)]

mod cors;
mod drain;
mod events;
mod grpc;
mod grpc_web;
mod health;
mod json;
mod openapi;
mod reflection;
mod stream;
mod support;

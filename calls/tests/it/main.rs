//! Calls of a server that is told how to behave, in the clear and over TLS.

mod limits;
mod metadata;
mod support;
mod tls;
mod tls_refused;

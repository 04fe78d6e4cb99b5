//! Names of the gRPC metadata (HTTP headers) that Pavane sends and understands.

/// On every call of a step: `<execution>/<step>`. A service that remembers it performs the call
/// once, however often it arrives.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// `true` on the call that undoes the one with the same [`IDEMPOTENCY_KEY`].
pub const IDEMPOTENCY_COMPENSATION: &str = "idempotency-compensation";

/// On a call of a front door: the id that the execution shall have. In the response and its
/// trailers: the id that it has.
pub const EXECUTION_ID: &str = "pavane-execution-id";

/// W3C trace context of the caller.
pub const TRACEPARENT: &str = "traceparent";

/// W3C vendor-specific trace context.
pub const TRACESTATE: &str = "tracestate";

/// On a call of a front door: how the execution is to be run, `orchestrated` or `choreographed`.
pub const MODE: &str = "pavane-mode";

/// `true` on every call of a step: the [`IDEMPOTENCY_KEY`] is `<execution>/<step>[/<element>]`, and an
/// execution that the call starts is the child of that one.
pub const STEP: &str = "pavane-step";

/// On the calls of an execution that an event has started: the names of the workflows that led to it,
/// its own included, with commas between them. Who appends events on account of the call passes it on,
/// as the attribute [`crate::attributes::CAUSAL_CHAIN`].
pub const CAUSAL_CHAIN: &str = "pavane-causal-chain";

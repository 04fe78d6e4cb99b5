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

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

/// Names that are for Pavane, for HTTP/2 or for gRPC itself to say, and for nobody else.
const RESERVED: [&str; 14] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    TRACEPARENT,
    TRACESTATE,
    "transfer-encoding",
    "upgrade",
    "user-agent",
];

/// How further names begin that nobody else may say.
const RESERVED_PREFIXES: [&str; 4] = [":", "grpc-", "idempotency-", "pavane-"];

/// Whether metadata of this lower-case name is not for a workflow or an operator to set.
pub fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name)
        || RESERVED_PREFIXES
            .iter()
            .any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_pavane_and_the_protocol_say_is_reserved() {
        for ours in [
            IDEMPOTENCY_KEY,
            IDEMPOTENCY_COMPENSATION,
            EXECUTION_ID,
            TRACEPARENT,
            TRACESTATE,
            MODE,
            "grpc-timeout",
            "te",
            "content-type",
            ":path",
        ] {
            assert!(is_reserved(ours), "{ours}");
        }
        for free in ["authorization", "x-tenant", "token-bin", "tenant"] {
            assert!(!is_reserved(free), "{free}");
        }
    }
}

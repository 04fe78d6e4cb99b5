//! The `[limits]` of `pavane.toml`: what is not named keeps its default.

use std::time::Duration;

use pavane_calls::BreakerOptions;
use serde::Deserialize;

use super::targets::BreakerTable;

/// Limits as written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Limits {
    executions: Option<usize>,
    message_bytes: Option<usize>,
    workflows: Option<usize>,
    watchers: Option<usize>,
    calls_per_target: Option<usize>,
    queue_per_target: Option<usize>,
    breaker: Option<BreakerTable>,
    causal_depth: Option<usize>,
    connect_timeout_ms: Option<u64>,
    max_connections: Option<usize>,
    max_concurrent_streams: Option<u32>,
    max_requests_in_flight: Option<usize>,
    max_header_bytes: Option<u32>,
    max_receive_bytes: Option<usize>,
    max_send_bytes: Option<usize>,
    request_timeout_ms: Option<u64>,
}

impl Limits {
    /// Changes the limits of an orchestrator that are named.
    pub(crate) fn apply(
        &self,
        own: &mut pavane_orchestrator::Limits,
        server: &mut pavane_server::Limits,
    ) {
        set(&mut own.executions, self.executions);
        set(&mut own.message_bytes, self.message_bytes);
        set(&mut own.workflows, self.workflows);
        set(&mut own.watchers, self.watchers);
        set(&mut own.calls_per_target, self.calls_per_target);
        set(&mut own.queue_per_target, self.queue_per_target);
        set(&mut own.breaker, self.breaker());
        set(&mut own.causal_depth, self.causal_depth);
        set(&mut own.connect_timeout, millis(self.connect_timeout_ms));
        self.apply_to_server(server);
    }

    /// Changes the limits of a sidecar that are named. It has no others.
    pub(crate) fn apply_to_sidecar(&self, options: &mut pavane_sidecar::Options) {
        let calls = &mut options.calls;
        set(&mut calls.message_bytes, self.message_bytes);
        set(&mut calls.calls_per_target, self.calls_per_target);
        set(&mut calls.queue_per_target, self.queue_per_target);
        set(&mut calls.breaker, self.breaker());
        set(&mut calls.connect_timeout, millis(self.connect_timeout_ms));
        self.apply_to_server(&mut options.server);
    }

    fn breaker(&self) -> Option<BreakerOptions> {
        self.breaker.as_ref().map(BreakerTable::options)
    }

    fn apply_to_server(&self, server: &mut pavane_server::Limits) {
        set(&mut server.max_connections, self.max_connections);
        set(
            &mut server.max_concurrent_streams,
            self.max_concurrent_streams,
        );
        set(
            &mut server.max_requests_in_flight,
            self.max_requests_in_flight,
        );
        set(&mut server.max_header_bytes, self.max_header_bytes);
        set(&mut server.max_receive_bytes, self.max_receive_bytes);
        set(&mut server.max_send_bytes, self.max_send_bytes);
        set(&mut server.request_timeout, millis(self.request_timeout_ms));
    }
}

fn millis(written: Option<u64>) -> Option<Duration> {
    written.map(Duration::from_millis)
}

fn set<T>(limit: &mut T, written: Option<T>) {
    if let Some(written) = written {
        *limit = written;
    }
}

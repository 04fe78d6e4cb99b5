//! Calls of unary methods by path, with bytes passed through, over shared HTTP/2 connections.
//!
//! This is the hot path of every step, so it speaks HTTP/2 through `h2` itself: a call is encoded
//! by the task that makes it, and answered to that task, without a queue in between. It never makes a
//! call again: whether one may be repeated is for those to say who know what it means.

mod connection;
mod exchange;
mod target;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::RwLock;
use pavane::error::{COMPENSATED, EXECUTION_ID};
use pavane_flow::driver::CallFailure;
use pavane_flow::event::Failure;
use prost::Message;
use tokio::sync::Semaphore;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use connection::Connection;
pub use exchange::{Attempt, frame, timeout_value, unframe};
pub use target::{InvalidTarget, Target, Targets};

/// Limits of the calls.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Largest request and response, in bytes.
    pub message_bytes: usize,
    /// Calls in flight to one target; more wait for their turn, their timeout not yet running.
    pub calls_per_target: usize,
    /// How long to try to connect to a service, an attempt.
    pub connect_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes: 1024 * 1024,
            calls_per_target: 1_000,
            connect_timeout: Duration::from_secs(5),
        }
    }
}

/// The ways to all targets.
#[derive(Debug)]
pub struct Calls {
    targets: Targets,
    lines: RwLock<HashMap<String, Arc<Line>>>,
    limits: Limits,
}

/// The way to a target: a connection, shared by all services there, and the places of the calls
/// that may be on it at a time.
#[derive(Debug)]
struct Line {
    connection: Connection,
    places: Semaphore,
}

/// Why an attempt has no response.
#[derive(Debug)]
struct Failed {
    status: Status,
    /// Whether the request may have left this process.
    sent: bool,
}

impl Calls {
    /// Connects to nothing yet.
    pub fn new(targets: Targets, limits: Limits) -> Self {
        Self {
            targets,
            lines: RwLock::default(),
            limits,
        }
    }

    /// Which service is called where.
    pub fn targets(&self) -> &Targets {
        &self.targets
    }

    /// A tonic channel of its own to a target, for what is no step. Not connected yet.
    pub fn channel(&self, target: &Target) -> Channel {
        Endpoint::from(target.uri().clone())
            .connect_timeout(self.limits.connect_timeout)
            .connect_lazy()
    }

    /// Performs one attempt. It ends within its timeout, whatever the network does; waiting for a
    /// place before it does not count.
    pub async fn perform(&self, attempt: Attempt<'_>) -> Result<Bytes, CallFailure> {
        let Some(line) = self.line(&attempt.method.service) else {
            let message = format!("no target is configured for `{}`", attempt.method.service);
            return Err(Failed::before(Status::unavailable(message)).into());
        };
        let _place = line
            .places
            .acquire()
            .await
            .expect("nobody closes this semaphore");
        let exchange = line
            .connection
            .exchange(&attempt, self.limits.message_bytes);
        match tokio::time::timeout(attempt.timeout, exchange).await {
            Ok(result) => result.map_err(Into::into),
            Err(_) => {
                line.connection.doubt();
                let message = format!("no answer within {:?}", attempt.timeout);
                Err(Failed::after(Status::deadline_exceeded(message)).into())
            }
        }
    }

    fn line(&self, service: &str) -> Option<Arc<Line>> {
        if let Some(line) = self.lines.read().get(service) {
            return Some(Arc::clone(line));
        }
        let target = self.targets.get(service)?;
        let mut lines = self.lines.write();
        let shared = self
            .targets
            .iter()
            .filter(|(_, other)| *other == target)
            .find_map(|(name, _)| lines.get(name).cloned());
        let line = shared.unwrap_or_else(|| Arc::new(self.new_line(target)));
        lines.insert(service.to_owned(), Arc::clone(&line));
        Some(line)
    }

    fn new_line(&self, target: &Target) -> Line {
        Line {
            connection: Connection::new(target.clone(), self.limits.connect_timeout),
            places: Semaphore::new(self.limits.calls_per_target),
        }
    }
}

impl Failed {
    /// The request has not left.
    fn before(status: Status) -> Self {
        Self {
            status,
            sent: false,
        }
    }

    /// The request may have left.
    fn after(status: Status) -> Self {
        Self { status, sent: true }
    }
}

impl From<Failed> for CallFailure {
    fn from(Failed { status, sent }: Failed) -> Self {
        failure(status, sent)
    }
}

/// What a status means that a call was answered with. `sent`: whether the request may have left.
pub fn failure(status: Status, sent: bool) -> CallFailure {
    let retry_after = match status.details() {
        [] => None,
        _ => status
            .get_details_retry_info()
            .and_then(|info| info.retry_delay),
    };
    let details = tonic_types::pb::Status::decode(status.details())
        .map(|status| status.details)
        .unwrap_or_default();
    let settled = details.iter().any(is_settled);
    // A server that says OK without a response has not kept the protocol.
    let code = if status.code() == Code::Ok {
        Code::Unknown
    } else {
        status.code()
    };
    CallFailure {
        failure: Failure {
            code: code.into(),
            message: status.message().to_owned(),
            details,
        },
        retry_after,
        sent,
        settled,
        held_back: false,
    }
}

/// Whether a detail says that an execution has failed and was undone, as a front door does.
fn is_settled(detail: &prost_types::Any) -> bool {
    detail.type_url.ends_with("/google.rpc.ErrorInfo")
        && tonic_types::pb::ErrorInfo::decode(detail.value.as_slice()).is_ok_and(|info| {
            info.metadata.contains_key(COMPENSATED) && info.metadata.contains_key(EXECUTION_ID)
        })
}

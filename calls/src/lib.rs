//! Calls of unary methods by path, with bytes passed through, over shared HTTP/2 connections.
//!
//! This is the hot path of every step, so it speaks HTTP/2 through `h2` itself: a call is encoded
//! by the task that makes it, and answered to that task, without a queue in between. It never makes a
//! call again: whether one may be repeated is for those to say who know what it means.

mod breaker;
mod connect;
mod connection;
mod error;
mod exchange;
mod health;
mod line;
mod metadata;
mod pacer;
mod target;
mod tls;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use pavane::error::{COMPENSATED, EXECUTION_ID};
use pavane_flow::driver::CallFailure;
use pavane_flow::event::Failure;
use prost::Message;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};
use tonic_types::StatusExt;

pub use breaker::BreakerOptions;
use connect::{ConnectError, Connector};
pub use error::Error;
pub use exchange::{Attempt, TimeoutValue, frame, put_frame, unframe};
pub use health::{Health, Loss, State, Totals};
use line::Line;
pub use line::{Way, WithMetadata};
pub use metadata::{Metadata, ValueSource};
pub use target::{Identity, InvalidTarget, Target, Targets, Tls};

/// Limits of the calls.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Largest request and response, in bytes.
    pub message_bytes: usize,
    /// Calls in flight to one target; more wait for their turn, their timeout not yet running.
    pub calls_per_target: usize,
    /// Calls that wait for their turn at one target; more are held back, and come again later.
    pub queue_per_target: usize,
    /// How long to try to connect to a service, an attempt.
    pub connect_timeout: Duration,
    /// When nothing is sent to a target for a while.
    pub breaker: BreakerOptions,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes: 1024 * 1024,
            calls_per_target: 1_000,
            queue_per_target: 10_000,
            connect_timeout: Duration::from_secs(5),
            breaker: BreakerOptions::default(),
        }
    }
}

/// The ways to all targets.
#[derive(Debug)]
pub struct Calls {
    targets: Targets,
    /// By service. Services whose targets are equal share a line.
    lines: HashMap<String, Arc<Line>>,
    limits: Limits,
}

/// Why an attempt has no response.
#[derive(Debug)]
struct Failed {
    status: Status,
    /// Whether the request may have left this process.
    sent: bool,
    /// Whether nothing was tried.
    held_back: bool,
}

impl Calls {
    /// Connects to nothing yet, but reads what the targets name: certificates, tokens, variables.
    /// Errors: some of it cannot be read or used.
    pub fn new(targets: Targets, limits: Limits) -> Result<Self, Error> {
        targets.peer_tls().check()?;
        let mut lines: HashMap<String, Arc<Line>> = HashMap::new();
        for (service, target) in targets.iter() {
            let shared = lines.values().find(|line| line.target() == target);
            let line = match shared {
                Some(line) => Arc::clone(line),
                None => Arc::new(Line::new(target.clone(), &limits)?),
            };
            lines.insert(service.to_owned(), line);
        }
        Ok(Self {
            targets,
            lines,
            limits,
        })
    }

    /// Which service is called where.
    pub fn targets(&self) -> &Targets {
        &self.targets
    }

    /// A tonic channel of its own to a target, for what is no step, with the metadata of the
    /// target. A target that is not configured, but whose address is, goes by what is configured.
    /// Not connected yet. Errors: those of the files that the target names.
    pub async fn way(&self, target: &Target) -> Result<Way, Error> {
        let mut lines = self.lines.values();
        let line = lines.find(|line| line.target() == target).or_else(|| {
            let mut lines = self.lines.values();
            lines.find(|line| line.target().uri() == target.uri())
        });
        if let Some(line) = line {
            return Ok(line.way().await);
        }
        Ok(Line::new(target.clone(), &self.limits)?.way().await)
    }

    /// A tonic channel to an address that somebody has told, made of this endpoint: secure if the
    /// address says so, by the settings of the target that has it if there is one, and otherwise as
    /// peers are. Without metadata. Not connected yet. Errors: the address is none, those of the files that the target names.
    pub fn dial(&self, address: &str, endpoint: Endpoint) -> Result<Channel, String> {
        let target = self.target_at(address).map_err(|error| error.to_string())?;
        dial(&target, endpoint, self.limits.connect_timeout)
    }

    /// What is configured for an address, as [`Target`] shows it; if nothing is, one that is reached as
    /// peers are.
    pub fn target_at(&self, address: &str) -> Result<Target, InvalidTarget> {
        let asked = Target::told(address, self.targets.peer_tls())?;
        let mut configured = self.targets.iter().map(|(_, target)| target);
        let found = configured.find(|target| target.uri() == asked.uri());
        Ok(found.cloned().unwrap_or(asked))
    }

    /// Performs one attempt. It ends within its timeout, whatever the network does; waiting for a
    /// place before it does not count.
    pub async fn perform(&self, attempt: Attempt<'_>) -> Result<Bytes, CallFailure> {
        let Some(line) = self.lines.get(&*attempt.method.service) else {
            let message = format!("no target is configured for `{}`", attempt.method.service);
            return Err(Failed::before(Status::unavailable(message)).into());
        };
        let answer = line.perform(&attempt, self.limits.message_bytes).await;
        answer.map_err(Into::into)
    }

    /// How all targets stand, by the name of the first service of each.
    pub fn health(&self) -> Vec<Health> {
        let mut found: Vec<(&Arc<Line>, Health)> = Vec::new();
        for (service, _) in self.targets.iter() {
            let line = &self.lines[service];
            match found.iter_mut().find(|(other, _)| Arc::ptr_eq(other, line)) {
                Some((_, health)) => health.services.push(service.to_owned()),
                None => found.push((line, line.health(service))),
            }
        }
        found.into_iter().map(|(_, health)| health).collect()
    }
}

/// A tonic channel to a target, made of this endpoint. Without metadata. Not connected yet. Errors:
/// those of the files that the target names.
pub fn dial(
    target: &Target,
    endpoint: Endpoint,
    connect_timeout: Duration,
) -> Result<Channel, String> {
    if target.tls().is_none() {
        return Ok(endpoint.connect_lazy());
    }
    let connector = Connector::new(target, connect_timeout).map_err(|error| error.to_string())?;
    Ok(connector.channel(endpoint.origin(target.uri().clone())))
}

impl Failed {
    /// The request has not left.
    fn before(status: Status) -> Self {
        Self {
            status,
            sent: false,
            held_back: false,
        }
    }

    /// The request may have left.
    fn after(status: Status) -> Self {
        Self {
            sent: true,
            ..Self::before(status)
        }
    }

    /// Nothing was tried: it is too much for the target at the moment.
    fn held_back(status: Status) -> Self {
        Self {
            held_back: true,
            ..Self::before(status)
        }
    }
}

impl From<Failed> for CallFailure {
    fn from(failed: Failed) -> Self {
        let Failed {
            status,
            sent,
            held_back,
        } = failed;
        Self {
            held_back,
            ..failure(status, sent)
        }
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

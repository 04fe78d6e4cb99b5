//! Calls of unary methods by path, with bytes passed through, over pooled HTTP/2 channels.

use std::collections::HashMap;
use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::uri::PathAndQuery;
use parking_lot::RwLock;
use pavane::metadata::{IDEMPOTENCY_COMPENSATION, IDEMPOTENCY_KEY, TRACEPARENT};
use pavane_flow::conductor::{CallFailure, Direction};
use pavane_flow::event::Failure;
use pavane_flow::plan::Method;
use prost::Message;
use tokio::sync::Semaphore;
use tonic::client::Grpc;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;

use crate::codec::BytesCodec;
use crate::{Limits, Target, Targets};

/// The channels to all targets. A channel is one HTTP/2 connection, made when it is first needed
/// and made anew when it is lost; all services at one target share it.
#[derive(Debug)]
pub(crate) struct Calls {
    targets: Targets,
    lines: RwLock<HashMap<String, Line>>,
    calls_per_target: usize,
    connect_timeout: Duration,
    message_bytes: usize,
}

/// The way to a target: a channel, and the places of the calls that may be on it at a time.
#[derive(Clone, Debug)]
struct Line {
    channel: Channel,
    places: Arc<Semaphore>,
}

/// One attempt at a call.
#[derive(Debug)]
pub(crate) struct Attempt<'a> {
    pub(crate) method: &'a Method,
    pub(crate) request: Bytes,
    /// `<execution>/<step>`
    pub(crate) key: MetadataValue<Ascii>,
    pub(crate) direction: Direction,
    pub(crate) timeout: Duration,
    pub(crate) traceparent: String,
}

impl Calls {
    pub(crate) fn new(targets: Targets, limits: &Limits) -> Self {
        Self {
            targets,
            lines: RwLock::default(),
            calls_per_target: limits.calls_per_target,
            connect_timeout: limits.connect_timeout,
            message_bytes: limits.message_bytes,
        }
    }

    pub(crate) fn targets(&self) -> &Targets {
        &self.targets
    }

    /// The channel to where a service is called, if that is configured.
    pub(crate) fn channel(&self, service: &str) -> Option<Channel> {
        Some(self.line(service)?.channel)
    }

    fn line(&self, service: &str) -> Option<Line> {
        if let Some(line) = self.lines.read().get(service) {
            return Some(line.clone());
        }
        let target = self.targets.get(service)?;
        let mut lines = self.lines.write();
        let shared = self
            .targets
            .iter()
            .filter(|(_, other)| *other == target)
            .find_map(|(name, _)| lines.get(name).cloned());
        let line = shared.unwrap_or_else(|| Line {
            channel: self.dial(target),
            places: Arc::new(Semaphore::new(self.calls_per_target)),
        });
        lines.insert(service.to_owned(), line.clone());
        Some(line)
    }

    fn dial(&self, target: &Target) -> Channel {
        Endpoint::from(target.uri().clone())
            .connect_timeout(self.connect_timeout)
            .tcp_nodelay(true)
            .tcp_keepalive(Some(Duration::from_secs(60)))
            .http2_keep_alive_interval(Duration::from_secs(20))
            .keep_alive_timeout(Duration::from_secs(10))
            .initial_stream_window_size(1 << 20)
            .initial_connection_window_size(1 << 23)
            .buffer_size(4096)
            .connect_lazy()
    }

    /// Performs one attempt. It ends within its timeout, whatever the network does.
    pub(crate) async fn perform(&self, attempt: Attempt<'_>) -> Result<Bytes, CallFailure> {
        let Some(line) = self.line(&attempt.method.service) else {
            return Err(not_sent(
                Code::Unavailable,
                format!("no target is configured for `{}`", attempt.method.service),
            ));
        };
        let target = self.targets.get(&attempt.method.service);
        let _place = line
            .places
            .acquire()
            .await
            .expect("nobody closes this semaphore");
        match tokio::time::timeout(attempt.timeout, self.send(line.channel, &attempt)).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(status)) => Err(failure_of(status, target)),
            Err(_) => Err(CallFailure {
                failure: Failure {
                    code: Code::DeadlineExceeded.into(),
                    message: format!("no answer within {:?}", attempt.timeout),
                    details: Vec::new(),
                },
                retry_after: None,
                sent: true,
            }),
        }
    }

    async fn send(&self, channel: Channel, attempt: &Attempt<'_>) -> Result<Bytes, Status> {
        let mut request = Request::new(attempt.request.clone());
        request.set_timeout(attempt.timeout);
        let metadata = request.metadata_mut();
        metadata.insert(IDEMPOTENCY_KEY, attempt.key.clone());
        if attempt.direction == Direction::Compensation {
            metadata.insert(IDEMPOTENCY_COMPENSATION, MetadataValue::from_static("true"));
        }
        if let Ok(traceparent) = attempt.traceparent.parse() {
            metadata.insert(TRACEPARENT, traceparent);
        }
        let path =
            PathAndQuery::from_maybe_shared(Bytes::copy_from_slice(attempt.method.path.as_bytes()))
                .map_err(|error| {
                    Status::internal(format!("path of `{}`: {error}", attempt.method))
                })?;
        let mut client = Grpc::new(channel)
            .max_decoding_message_size(self.message_bytes)
            .max_encoding_message_size(self.message_bytes);
        client
            .ready()
            .await
            .map_err(|error| Status::from_error(Box::new(error)))?;
        Ok(client.unary(request, path, BytesCodec).await?.into_inner())
    }
}

fn not_sent(code: Code, message: String) -> CallFailure {
    CallFailure {
        failure: Failure {
            code: code.into(),
            message,
            details: Vec::new(),
        },
        retry_after: None,
        sent: false,
    }
}

/// What a status says of the attempt.
fn failure_of(status: Status, target: Option<&Target>) -> CallFailure {
    if let Some(problem) = connect_problem(&status) {
        let target = target.map(ToString::to_string).unwrap_or_default();
        return not_sent(
            Code::Unavailable,
            format!("cannot connect to {target}: {problem}"),
        );
    }
    let retry_after = status
        .get_details_retry_info()
        .and_then(|info| info.retry_delay);
    let details = tonic_types::pb::Status::decode(status.details())
        .map(|status| status.details)
        .unwrap_or_default();
    CallFailure {
        failure: Failure {
            code: status.code().into(),
            message: status.message().to_owned(),
            details,
        },
        retry_after,
        sent: true,
    }
}

/// Why there was no connection, if that was it: then the request has not left.
fn connect_problem(status: &Status) -> Option<String> {
    let mut source = status.source();
    while let Some(error) = source {
        if let Some(connect) = error.downcast_ref::<tonic::ConnectError>() {
            let mut root: &dyn std::error::Error = connect.0.as_ref();
            while let Some(deeper) = root.source() {
                root = deeper;
            }
            return Some(root.to_string());
        }
        source = error.source();
    }
    None
}

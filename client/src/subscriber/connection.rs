//! One connection of a subscriber: asking for events, and waiting for what comes.

use std::time::Duration;

use pavane::feed::v1::SubscribeRequest;
use pavane::wire::{EncodedBatch, EncodedMessage, EncodedResponse};
use tokio::time::{Instant, timeout, timeout_at};
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Channel;
use tonic::{Code, Request, Response, Status, Streaming};
use tonic_prost::ProstCodec;

/// Heartbeat interval of a server that does not say: as the default of a store.
const DEFAULT_HEARTBEAT: Duration = Duration::from_secs(5);
/// Longest heartbeat interval that is believed.
const MAX_HEARTBEAT: Duration = Duration::from_secs(600);

/// A stream of responses, and how long it may be silent.
#[derive(Debug)]
pub(super) struct Connection {
    stream: Box<Streaming<EncodedResponse>>,
    heartbeat: Duration,
    /// Since when somebody listens to what comes next. Not since the last message: whoever works on
    /// that one for long does not hear that the server is alive.
    listening_since: Option<Instant>,
}

impl Connection {
    /// Errors: no connection, no answer within this time, or the server's.
    pub(super) async fn open(
        client: &mut Grpc<Channel>,
        request: SubscribeRequest,
        patience: Duration,
    ) -> Result<Self, Status> {
        let answered = timeout(patience, subscribe(client, request)).await;
        let stream = answered.map_err(|_| Status::unavailable("no answer to Subscribe"))??;
        Ok(Self {
            stream: Box::new(stream.into_inner()),
            heartbeat: DEFAULT_HEARTBEAT,
            listening_since: None,
        })
    }

    /// The longest time between two messages, as the server says.
    pub(super) fn set_heartbeat(&mut self, interval: Duration) {
        if !interval.is_zero() {
            self.heartbeat = interval.min(MAX_HEARTBEAT);
        }
    }

    /// What comes next. Nothing is lost if the returned future is dropped. Errors: silence, the end, or
    /// the server's.
    pub(super) async fn next(&mut self) -> Result<EncodedMessage, Status> {
        let silent = || Status::unavailable("the server was silent for two heartbeats");
        let ended = || Status::unavailable("the server has ended the stream");
        let since = *self.listening_since.get_or_insert_with(Instant::now);
        let response = timeout_at(since + self.heartbeat * 2, self.stream.message()).await;
        self.listening_since = None;
        let response = response.map_err(|_| silent())??.ok_or_else(ended)?;
        // A message of a kind that is not known yet says at least that the server is alive.
        let nothing = EncodedMessage::Batch(EncodedBatch::default());
        Ok(response.message.unwrap_or(nothing))
    }
}

/// What the generated client does, but that the events stay encoded.
async fn subscribe(
    client: &mut Grpc<Channel>,
    request: SubscribeRequest,
) -> Result<Response<Streaming<EncodedResponse>>, Status> {
    let unavailable = |error| Status::unavailable(format!("cannot connect: {error}"));
    client.ready().await.map_err(unavailable)?;
    let path = PathAndQuery::from_static("/pavane.feed.v1.FeedService/Subscribe");
    let codec = ProstCodec::<SubscribeRequest, EncodedResponse>::default();
    let request = Request::new(request);
    client.server_streaming(request, path, codec).await
}

/// Whether another attempt may go well.
pub(super) fn waiting_helps(code: Code) -> bool {
    match code {
        Code::NotFound
        | Code::OutOfRange
        | Code::FailedPrecondition
        | Code::InvalidArgument
        | Code::PermissionDenied
        | Code::Unauthenticated
        | Code::Unimplemented
        | Code::AlreadyExists
        | Code::DataLoss => false,
        Code::Ok
        | Code::Cancelled
        | Code::Unknown
        | Code::DeadlineExceeded
        | Code::ResourceExhausted
        | Code::Aborted
        | Code::Internal
        | Code::Unavailable => true,
    }
}

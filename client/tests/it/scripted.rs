//! A FeedService that does what the test says: each subscription has a turn.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use futures_util::{Stream, StreamExt, stream};
use pavane::feed::v1 as pb;
use pavane::feed::v1::feed_service_server::{FeedService, FeedServiceServer};
use pavane::feed::v1::subscribe_response::{Message, Started};
use pavane::feed::v1::{SubscribeRequest, SubscribeResponse};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Channel, Server};
use tonic::{Request, Response, Status};

use crate::support::channel;

/// 5 ms.
pub(crate) const MOMENT: prost_types::Duration = prost_types::Duration {
    seconds: 0,
    nanos: 5_000_000,
};
/// Longer than any test takes.
pub(crate) const LONG: prost_types::Duration = prost_types::Duration {
    seconds: 300,
    nanos: 0,
};

/// What one subscription is answered with.
#[derive(Debug)]
pub(crate) struct Turn {
    said: Vec<Result<SubscribeResponse, Status>>,
    is_silent: bool,
}

impl Turn {
    /// These messages, and then the end.
    pub(crate) fn new(messages: impl IntoIterator<Item = Message>) -> Self {
        let respond = |message| {
            Ok(SubscribeResponse {
                message: Some(message),
            })
        };
        Self {
            said: messages.into_iter().map(respond).collect(),
            is_silent: false,
        }
    }

    /// Not the end, but nothing.
    pub(crate) fn and_silence(mut self) -> Self {
        self.is_silent = true;
        self
    }

    pub(crate) fn and_error(mut self, status: Status) -> Self {
        self.said.push(Err(status));
        self
    }
}

/// The first message of a subscription.
pub(crate) fn started(heartbeat: prost_types::Duration) -> Message {
    Message::Started(Started {
        heartbeat_interval: Some(heartbeat),
        ..Started::default()
    })
}

/// A server that goes by its script, and has nothing to say after it.
#[derive(Debug)]
pub(crate) struct Scripted {
    address: SocketAddr,
    script: Arc<Mutex<Script>>,
    server: tokio::task::JoinHandle<()>,
}

#[derive(Debug)]
struct Script {
    turns: VecDeque<Turn>,
    requests: Vec<SubscribeRequest>,
}

impl Scripted {
    pub(crate) async fn start(turns: impl IntoIterator<Item = Turn>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let script = Arc::new(Mutex::new(Script {
            turns: turns.into_iter().collect(),
            requests: Vec::new(),
        }));
        let service = FeedServiceServer::new(Service(Arc::clone(&script)));
        let server = tokio::spawn(async move {
            let incoming = TcpListenerStream::new(listener);
            let server = Server::builder().add_service(service);
            server.serve_with_incoming(incoming).await.unwrap();
        });
        Self {
            address,
            script,
            server,
        }
    }

    pub(crate) fn channel(&self) -> Channel {
        channel(self.address)
    }

    /// What it was asked, in order.
    pub(crate) fn requests(&self) -> Vec<SubscribeRequest> {
        self.script.lock().unwrap().requests.clone()
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.server.abort();
    }
}

struct Service(Arc<Mutex<Script>>);

#[tonic::async_trait]
impl FeedService for Service {
    type SubscribeStream = Pin<Box<dyn Stream<Item = Result<SubscribeResponse, Status>> + Send>>;

    async fn subscribe(
        &self,
        request: Request<SubscribeRequest>,
    ) -> Result<Response<Self::SubscribeStream>, Status> {
        let mut script = self.0.lock().unwrap();
        script.requests.push(request.into_inner());
        let turn = script.turns.pop_front();
        let turn = turn.unwrap_or_else(|| Turn::new([]).and_silence());
        let said = stream::iter(turn.said);
        Ok(Response::new(if turn.is_silent {
            Box::pin(said.chain(stream::pending()))
        } else {
            Box::pin(said)
        }))
    }

    async fn publish(
        &self,
        _: Request<pb::PublishRequest>,
    ) -> Result<Response<pb::PublishResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn get_feed(
        &self,
        _: Request<pb::GetFeedRequest>,
    ) -> Result<Response<pb::GetFeedResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn list_feeds(
        &self,
        _: Request<pb::ListFeedsRequest>,
    ) -> Result<Response<pb::ListFeedsResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn list_events(
        &self,
        _: Request<pb::ListEventsRequest>,
    ) -> Result<Response<pb::ListEventsResponse>, Status> {
        Err(Status::unimplemented(""))
    }
}

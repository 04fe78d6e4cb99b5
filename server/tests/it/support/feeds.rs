//! A FeedService that says what a test tells it to, message by message.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use pavane::feed::v1::feed_service_server::{FeedService, FeedServiceServer};
use pavane::feed::v1::subscribe_response::{Batch, Message, Progress, Started};
use pavane::feed::v1::{
    Event, GetFeedRequest, GetFeedResponse, ListEventsRequest, ListEventsResponse,
    ListFeedsRequest, ListFeedsResponse, PublishRequest, PublishResponse, SubscribeRequest,
    SubscribeResponse,
};
use pavane_server::{Options, Routes};
use prost_types::Any;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use super::{Running, serve};

type Answers = mpsc::Receiver<Result<SubscribeResponse, Status>>;

/// The service.
#[derive(Clone, Default)]
pub(crate) struct Feeds {
    answers: Arc<Mutex<VecDeque<Result<Answers, Status>>>>,
    requests: Arc<Mutex<Vec<SubscribeRequest>>>,
}

impl Feeds {
    /// Starts a server with it.
    pub(crate) async fn start(&self, options: Options) -> Running {
        let routes = Routes::new().add_service(FeedServiceServer::new(self.clone()));
        serve(options, routes, std::time::Duration::from_secs(5)).await
    }

    /// What the next subscription says.
    pub(crate) fn answer(&self) -> Script {
        let (say, answers) = mpsc::channel(16);
        self.answers.lock().push_back(Ok(answers));
        Script(say)
    }

    /// The next subscription is refused.
    pub(crate) fn refuse(&self, status: Status) {
        self.answers.lock().push_back(Err(status));
    }

    /// What was asked for last.
    pub(crate) fn asked(&self) -> SubscribeRequest {
        self.requests.lock().last().cloned().unwrap()
    }
}

/// What a subscription says. It ends with this.
pub(crate) struct Script(mpsc::Sender<Result<SubscribeResponse, Status>>);

impl Script {
    pub(crate) async fn say(&self, message: Message) {
        let message = Some(message);
        self.0
            .send(Ok(SubscribeResponse { message }))
            .await
            .unwrap();
    }

    /// Says that it has started: the feed's first cursor is `c-0`, its newest `c-9`.
    pub(crate) async fn start(&self) {
        let started = Started {
            earliest_cursor: "c-0".to_owned(),
            head_cursor: "c-9".to_owned(),
            head_sequence: 9,
            ..Started::default()
        };
        self.say(Message::Started(started)).await;
    }

    /// Says events with these sequences, all in one batch.
    pub(crate) async fn events(&self, sequences: impl IntoIterator<Item = u64>) {
        let events = sequences.into_iter().map(event).collect();
        self.say(Message::Batch(Batch { events })).await;
    }

    pub(crate) async fn progress(&self, sequence: u64) {
        let progress = Progress {
            cursor: format!("c-{sequence}"),
            head_sequence: sequence,
            time: None,
        };
        self.say(Message::Progress(progress)).await;
    }

    pub(crate) async fn fail(&self, status: Status) {
        self.0.send(Err(status)).await.unwrap();
    }

    /// Ends when nobody listens any more.
    pub(crate) async fn left(&self) {
        self.0.closed().await;
    }
}

/// An event whose data is of a type that the server knows.
fn event(sequence: u64) -> Event {
    let data = pavane::shop::common::v1::Money {
        currency: "EUR".to_owned(),
        minor_units: 5,
    };
    Event {
        id: format!("e-{sequence}"),
        source: "/orders".to_owned(),
        r#type: "shop.common.v1.Money".to_owned(),
        subject: "o-1".to_owned(),
        data: Some(Any::from_msg(&data).unwrap()),
        sequence,
        cursor: format!("c-{sequence}"),
        ..Event::default()
    }
}

#[tonic::async_trait]
impl FeedService for Feeds {
    type SubscribeStream = ReceiverStream<Result<SubscribeResponse, Status>>;

    async fn subscribe(
        &self,
        request: Request<SubscribeRequest>,
    ) -> Result<Response<Self::SubscribeStream>, Status> {
        self.requests.lock().push(request.into_inner());
        let answers = self.answers.lock().pop_front();
        let answers = answers.expect("a test says what a subscription says")?;
        Ok(Response::new(ReceiverStream::new(answers)))
    }

    async fn publish(
        &self,
        _: Request<PublishRequest>,
    ) -> Result<Response<PublishResponse>, Status> {
        Err(Status::unimplemented("not in this test"))
    }

    async fn get_feed(
        &self,
        _: Request<GetFeedRequest>,
    ) -> Result<Response<GetFeedResponse>, Status> {
        Err(Status::unimplemented("not in this test"))
    }

    async fn list_feeds(
        &self,
        _: Request<ListFeedsRequest>,
    ) -> Result<Response<ListFeedsResponse>, Status> {
        Err(Status::unimplemented("not in this test"))
    }

    async fn list_events(
        &self,
        _: Request<ListEventsRequest>,
    ) -> Result<Response<ListEventsResponse>, Status> {
        Err(Status::unimplemented("not in this test"))
    }
}

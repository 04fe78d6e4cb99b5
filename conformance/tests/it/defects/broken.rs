//! A FeedService that breaks one promise: ours, with what goes in or comes out spoiled on the way.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::{Stream, StreamExt, stream};
use pavane::feed::v1 as pb;
use pavane::feed::v1::feed_service_server::FeedService;
use pavane::feed::v1::subscribe_request::Start;
use pavane::feed::v1::subscribe_response::{Batch, Message, Progress};
use pavane::validation::Received;
use pavane_feed::{Sequence, Service, ServiceOptions, Store};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Defect {
    ForgetsStarted,
    LosesEvents,
    RepeatsEvents,
    ReversesBatches,
    LosesAttributes,
    SplitsCommits,
    SplitsLiveCommits,
    LosesTheFirstLiveBatch,
    ProgressAhead,
    LiveProgressAhead,
    NeverBeats,
    LeavesWithoutAWord,
    DropsSlowReaders,
    FewAtATime,
    ForgetsSomebody,
    CountsForEver,
    IgnoresBatchSize,
    RepeatsAfterResume,
    SkipsAfterResume,
    SkipsAfterCommit,
    AcceptsAnyCursor,
    AcceptsAnyFilter,
    BareErrors,
    IgnoresFilters,
    StarIsNoPattern,
    OneSubjectOnly,
    IgnoresAttributes,
    IgnoresAlternatives,
    PartsAreAlternatives,
    DefaultIsLatest,
    LatestIsEarliest,
    IgnoresTime,
}

pub(crate) struct Broken {
    inner: Service,
    store: Store,
    defect: Option<Defect>,
    places: Arc<Semaphore>,
    opened: AtomicUsize,
}

type Item = Result<pb::SubscribeResponse, Status>;
type Items = Pin<Box<dyn Stream<Item = Item> + Send>>;

impl Broken {
    pub(crate) fn new(store: Store, shutdown: CancellationToken, defect: Option<Defect>) -> Self {
        Self {
            inner: Service::new(store.clone(), ServiceOptions::default(), shutdown),
            store,
            defect,
            places: Arc::new(Semaphore::new(4)),
            opened: AtomicUsize::new(0),
        }
    }

    /// What a request becomes before it is served.
    fn misread(&self, defect: Defect, request: &mut pb::SubscribeRequest) {
        let filter = request.filter.get_or_insert_default();
        match defect {
            Defect::IgnoresBatchSize => request.max_batch_bytes = 0,
            Defect::IgnoresFilters => request.filter = None,
            Defect::StarIsNoPattern => {
                filter.types.retain(|pattern| !pattern.ends_with('*'));
                filter.subjects.retain(|pattern| !pattern.ends_with('*'));
            }
            Defect::OneSubjectOnly => filter.subjects.truncate(1),
            Defect::IgnoresAttributes => filter.attributes.clear(),
            Defect::IgnoresAlternatives => filter.any_of.clear(),
            Defect::PartsAreAlternatives => {
                let whole = std::mem::take(filter);
                let types = pb::Filter {
                    types: whole.types,
                    ..pb::Filter::default()
                };
                let subjects = pb::Filter {
                    subjects: whole.subjects,
                    ..pb::Filter::default()
                };
                filter.any_of = vec![types, subjects];
            }
            Defect::AcceptsAnyFilter => {
                if pavane_feed::Filter::parse(filter.clone()).is_err() {
                    request.filter = None;
                }
            }
            Defect::DefaultIsLatest if request.start.is_none() => {
                request.start = Some(Start::Position(pb::StartPosition::Latest.into()));
            }
            Defect::LatestIsEarliest => {
                if let Some(Start::Position(_)) = request.start {
                    request.start = None;
                }
            }
            Defect::IgnoresTime => {
                if let Some(Start::AtTime(_)) = request.start {
                    request.start = None;
                }
            }
            _ => self.misread_cursor(defect, request),
        }
    }

    fn misread_cursor(&self, defect: Defect, request: &mut pb::SubscribeRequest) {
        let (Some(Start::After(cursor)), Ok(feed)) =
            (&mut request.start, self.store.find_feed(&request.feed))
        else {
            return;
        };
        let at = feed.parse_cursor(cursor);
        let unusable = at.as_ref().map_or(true, |at| at.next() < feed.earliest());
        let moved = match (defect, at) {
            (Defect::AcceptsAnyCursor, _) if unusable => {
                request.start = None;
                return;
            }
            (Defect::RepeatsAfterResume, Ok(at)) if at.get() > 0 => at.previous(),
            (Defect::SkipsAfterResume, Ok(at)) if at.get() % 64 == 9 => at.next(),
            // As if a cursor were that of the whole commit.
            (Defect::SkipsAfterCommit, Ok(at)) => {
                let read = feed.read(at.previous(), usize::MAX, 1).unwrap_or_default();
                match read.last() {
                    Some(last) => Sequence::new(last.sequence),
                    None => at,
                }
            }
            _ => return,
        };
        *cursor = feed.cursor(moved.min(feed.head()));
    }
}

/// What a message becomes before it is sent; `live` once history was done.
fn spoil(defect: Defect, message: Message, live: &mut bool, lost: &mut bool) -> Vec<Message> {
    let was_live = *live;
    *live |= matches!(message, Message::CaughtUp(_));
    match (defect, message) {
        (Defect::ForgetsStarted, Message::Started(_))
        | (Defect::NeverBeats, Message::Progress(_))
        | (Defect::LeavesWithoutAWord, Message::Draining(_)) => Vec::new(),
        (Defect::LosesTheFirstLiveBatch, Message::Batch(_)) if was_live && !*lost => {
            *lost = true;
            Vec::new()
        }
        (Defect::SplitsLiveCommits, Message::Batch(batch)) if was_live => one_by_one(batch),
        (Defect::SplitsCommits, Message::Batch(batch)) => one_by_one(batch),
        (Defect::ProgressAhead, Message::Batch(batch)) => ahead(batch),
        (Defect::LiveProgressAhead, Message::Batch(batch)) if was_live => ahead(batch),
        (defect, Message::Batch(mut batch)) => {
            match defect {
                Defect::LosesEvents => batch.events.retain(|event| event.sequence % 50 != 0),
                Defect::RepeatsEvents => batch.events.extend(batch.events.last().cloned()),
                Defect::ReversesBatches => batch.events.reverse(),
                Defect::LosesAttributes => {
                    batch.events.iter_mut().for_each(|it| it.attributes.clear());
                }
                _ => {}
            }
            vec![Message::Batch(batch)]
        }
        (_, message) => vec![message],
    }
}

fn one_by_one(batch: Batch) -> Vec<Message> {
    let alone = |event| {
        Message::Batch(Batch {
            events: vec![event],
        })
    };
    batch.events.into_iter().map(alone).collect()
}

/// The events, after a word of progress that has passed them already.
fn ahead(batch: Batch) -> Vec<Message> {
    let last = batch.events.last().cloned().unwrap_or_default();
    let progress = Progress {
        cursor: last.cursor,
        head_sequence: last.sequence,
        time: Some(prost_types::Timestamp::default()),
    };
    vec![Message::Progress(progress), Message::Batch(batch)]
}

/// Ends the stream of whoever lets one message wait.
fn impatient(mut items: Items) -> Items {
    let (sender, receiver) = tokio::sync::mpsc::channel(2);
    tokio::spawn(async move {
        while let Some(item) = items.next().await {
            if sender.try_send(item).is_err() {
                return;
            }
        }
    });
    Box::pin(tokio_stream::wrappers::ReceiverStream::new(receiver))
}

#[tonic::async_trait]
impl FeedService for Broken {
    type SubscribeStream = Items;

    async fn subscribe(
        &self,
        request: Request<pb::SubscribeRequest>,
    ) -> Result<Response<Items>, Status> {
        let Some(defect) = self.defect else {
            request.get_ref().check()?;
            return self.inner.subscribe(request).await;
        };
        let mut request = request.into_inner();
        self.misread(defect, &mut request);
        // Whoever serves this checks no rules: some servers do not.
        let answer = match request.check() {
            Ok(()) => self.inner.subscribe(Request::new(request)).await,
            Err(status) => Err(status),
        };
        let items: Items = match answer {
            Err(status) if defect == Defect::BareErrors => {
                return Err(Status::new(status.code(), status.message()));
            }
            answer => answer?.into_inner(),
        };
        let number = self.opened.fetch_add(1, Ordering::SeqCst);
        let (mut live, mut lost) = (false, false);
        let forgotten = defect == Defect::ForgetsSomebody && number == 13;
        let items = items.flat_map(move |item| {
            let messages = match item {
                Ok(pb::SubscribeResponse {
                    message: Some(Message::Batch(_)),
                }) if forgotten => Vec::new(),
                Ok(response) => response
                    .message
                    .map(|message| spoil(defect, message, &mut live, &mut lost))
                    .unwrap_or_default()
                    .into_iter()
                    .map(|message| {
                        Ok(pb::SubscribeResponse {
                            message: Some(message),
                        })
                    })
                    .collect(),
                Err(status) => vec![Err(status)],
            };
            stream::iter(messages)
        });
        let items: Items = match defect {
            Defect::DropsSlowReaders => impatient(Box::pin(items)),
            Defect::FewAtATime => {
                let places = self.places.clone();
                let place = places.acquire_owned().await;
                Box::pin(items.inspect(move |_| {
                    let _ = &place;
                }))
            }
            _ => Box::pin(items),
        };
        Ok(Response::new(items))
    }

    async fn publish(
        &self,
        request: Request<pb::PublishRequest>,
    ) -> Result<Response<pb::PublishResponse>, Status> {
        self.inner.publish(request).await
    }

    async fn get_feed(
        &self,
        request: Request<pb::GetFeedRequest>,
    ) -> Result<Response<pb::GetFeedResponse>, Status> {
        let mut answer = self.inner.get_feed(request).await?;
        if self.defect == Some(Defect::CountsForEver)
            && let Some(feed) = &mut answer.get_mut().feed
        {
            feed.subscribers = u32::try_from(self.opened.load(Ordering::SeqCst)).unwrap();
        }
        Ok(answer)
    }

    async fn list_feeds(
        &self,
        request: Request<pb::ListFeedsRequest>,
    ) -> Result<Response<pb::ListFeedsResponse>, Status> {
        self.inner.list_feeds(request).await
    }

    async fn list_events(
        &self,
        request: Request<pb::ListEventsRequest>,
    ) -> Result<Response<pb::ListEventsResponse>, Status> {
        self.inner.list_events(request).await
    }
}

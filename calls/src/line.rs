//! The line to one target: a connection that all services there share, the places of the calls that may
//! be on it at a time, a queue before these, and a breaker.
//!
//! Invariant: nothing waits without a bound. What finds no place is held back, and told when to come
//! again; so is what comes while the breaker is open.

mod watch;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use pavane::error::Details;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};

use crate::breaker::Sign;
use crate::connection::{Connection, Standing};
use crate::health::{Health, State};
use crate::metadata::Ready;
use crate::{Attempt, Error, Failed, Limits, Target};
use watch::Watch;

/// A tonic channel to a target, with its metadata.
pub type Way = InterceptedService<Channel, WithMetadata>;

/// Adds the metadata of a target to each request.
#[derive(Clone, Debug)]
pub struct WithMetadata(Arc<Ready>);

impl Interceptor for WithMetadata {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let mut headers = std::mem::take(request.metadata_mut()).into_headers();
        self.0.add_to(&mut headers);
        *request.metadata_mut() = tonic::metadata::MetadataMap::from_headers(headers);
        Ok(request)
    }
}

/// All that is between the calls and one target.
#[derive(Debug)]
pub(crate) struct Line {
    target: Target,
    connection: Arc<Connection>,
    metadata: Arc<Ready>,
    places: Semaphore,
    calls: usize,
    waiting: AtomicUsize,
    queue: usize,
    watch: Watch,
}

impl Line {
    /// Connects to nothing yet. Errors: those of what the target names.
    pub(crate) fn new(target: Target, limits: &Limits) -> Result<Self, Error> {
        let calls = target.calls.unwrap_or(limits.calls_per_target);
        let queue = target.queue.unwrap_or(limits.queue_per_target);
        let breaker = target.breaker.as_ref().unwrap_or(&limits.breaker);
        Ok(Self {
            connection: Arc::new(Connection::new(&target, limits.connect_timeout)?),
            metadata: Arc::new(Ready::new(target.metadata.clone())?),
            places: Semaphore::new(calls.min(Semaphore::MAX_PERMITS)),
            calls,
            waiting: AtomicUsize::new(0),
            queue,
            watch: Watch::new(breaker.clone(), calls, queue),
            target,
        })
    }

    pub(crate) fn target(&self) -> &Target {
        &self.target
    }

    /// A tonic channel of its own to the target.
    pub(crate) async fn way(&self) -> Way {
        self.metadata.refresh().await;
        let connector = self.connection.connector();
        let channel = connector.channel(connector.endpoint());
        InterceptedService::new(channel, WithMetadata(Arc::clone(&self.metadata)))
    }

    /// Performs one attempt, once there is a place for it.
    pub(crate) async fn perform(
        &self,
        attempt: &Attempt<'_>,
        message_bytes: usize,
    ) -> Result<Bytes, Failed> {
        let _place = self.place().await?;
        let call = self.watch.admit();
        let call = call.map_err(|again| self.is_left_alone(again))?;
        self.metadata.refresh().await;
        let timeout = attempt.timeout_at(self.target.timeout);
        let deadline = Instant::now() + timeout;
        let exchange =
            self.connection
                .exchange(attempt, &self.metadata, message_bytes, deadline, timeout);
        let answer = exchange.await;
        call.ended(sign(&answer), || problem(&answer));
        answer
    }

    /// A place among the calls in flight, waited for if there is room to wait.
    async fn place(&self) -> Result<SemaphorePermit<'_>, Failed> {
        if let Ok(place) = self.places.try_acquire() {
            return Ok(place);
        }
        let waiting = Waiting::begin(self).ok_or_else(|| self.is_full())?;
        let place = self.places.acquire().await;
        drop(waiting);
        Ok(place.expect("nobody closes this semaphore"))
    }

    fn is_full(&self) -> Failed {
        let again = self.watch.hold_back();
        let (target, calls, queue) = (&self.target, self.calls, self.queue);
        let message = format!(
            "{queue} calls wait for {target} already, the most that may, besides {calls} in flight"
        );
        let details = Details::new().fact("target", target).fact("queue", queue);
        let details = details.fact("calls", calls).retry_after(again);
        Failed::held_back(details.status(Code::ResourceExhausted, "TARGET_QUEUE_FULL", message))
    }

    fn is_left_alone(&self, again: Duration) -> Failed {
        let target = &self.target;
        let error = self.watch.loss().map(|loss| loss.error);
        let message = format!(
            "{target} is left alone for a while: {}",
            error.as_deref().unwrap_or("it could not be reached")
        );
        let details = Details::new().fact("target", target).retry_after(again);
        Failed::held_back(details.status(Code::Unavailable, "TARGET_LEFT_ALONE", message))
    }

    /// How it stands. `service` is the first of those that are called there.
    pub(crate) fn health(&self, service: &str) -> Health {
        let totals = self.watch.totals();
        let loss = self.watch.loss();
        let state = match (self.watch.pause(), self.connection.standing()) {
            (Some(state), _) => state,
            (None, Standing::Connecting) => State::Connecting,
            (None, _) if loss.is_some() => State::Down,
            (None, Standing::Connected) => State::Connected,
            (None, Standing::Disconnected) if totals.calls == 0 => State::Unused,
            (None, Standing::Disconnected) => State::Idle,
        };
        Health {
            services: vec![service.to_owned()],
            target: self.target.clone(),
            state,
            loss,
            in_flight: self.calls.saturating_sub(self.places.available_permits()),
            calls: self.calls,
            waiting: self.waiting.load(Ordering::Relaxed),
            queue: self.queue,
            totals,
            last_answer: self.watch.last_answer(),
        }
    }
}

/// A place in the queue; given back however the waiting ends.
struct Waiting<'a>(&'a Line);

impl<'a> Waiting<'a> {
    /// `None`: there is none.
    fn begin(line: &'a Line) -> Option<Self> {
        let before = line.waiting.fetch_add(1, Ordering::Relaxed);
        let this = Self(line);
        (before < line.queue).then_some(this)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What an answer says of the target, whatever it says to the step.
fn sign(answer: &Result<Bytes, Failed>) -> Sign {
    let Err(failed) = answer else {
        return Sign::Life;
    };
    match failed.status.code() {
        Code::Unavailable => Sign::Failure,
        // It may be the caller's patience as well as the service's answer.
        Code::DeadlineExceeded => Sign::None,
        _ if failed.sent => Sign::Life,
        _ => Sign::None,
    }
}

fn problem(answer: &Result<Bytes, Failed>) -> String {
    let status = answer.as_ref().err().map(|failed| failed.status.message());
    status.unwrap_or_default().to_owned()
}

/// Milliseconds since 1970.
fn to_millis(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}

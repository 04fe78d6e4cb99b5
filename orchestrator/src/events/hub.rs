//! Brings events of feeds to the executions that await them: a task for each feed, from when it is
//! first needed.
//!
//! Whoever begins to wait needs the past first. Those who come while the past is being read are
//! collected, and read it together afterwards; then they wait for what is live, as all others.

use std::collections::BTreeSet;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use pavane::feed::v1::{Event, Filter};
use pavane_client::Start;
use pavane_flow::Timestamp;
use prost::Message;
use tokio::task::JoinSet;
use tracing::{debug, warn};

use super::awaiting::{Awaited, Awaiting, Said};
use super::feeds::Feeds;
use super::index::{Index, Waiter};
use super::pass::{Beginners, Pass};
use super::reader::{News, Problem, Reader};
use crate::engine::Engine;

/// How long to wait before a feed is opened again that cannot be read; twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// How a feed stands of which an event is awaited, for those who look.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// Where it is read: `host:port`. Empty: here.
    pub(crate) place: String,
    /// Since when and why it cannot be read; `None`: it can.
    pub(crate) unreachable: Option<(Timestamp, String)>,
    /// When it was found to have started over, and what was said.
    pub(crate) started_over: Option<(Timestamp, String)>,
}

impl Seen {
    /// How this feed stands.
    pub(crate) fn look(awaiting: &Awaiting, feeds: &Feeds, feed: &str) -> Self {
        let standing = awaiting
            .find(feed)
            .map(|awaited| awaited.standing.lock().clone());
        let standing = standing.unwrap_or_default();
        Self {
            place: feeds.place(feed),
            unreachable: standing.unreachable,
            started_over: standing.started_over,
        }
    }
}

/// Follows every feed of which events are awaited, for ever.
pub(crate) async fn run<T>(engine: &Engine) -> T {
    let mut tasks = JoinSet::new();
    loop {
        let awaited = engine.executions.awaiting().next_feed().await;
        let hub = Hub {
            awaited,
            engine: engine.clone(),
            waiting: Index::default(),
            beginners: Beginners::new(),
            live: None,
            is_connected: false,
            types: BTreeSet::new(),
            cursor: None,
            pass: None,
            pause: FIRST_PAUSE,
        };
        tasks.spawn(hub.follow());
    }
}

/// One feed.
struct Hub {
    awaited: Arc<Awaited>,
    engine: Engine,
    /// Those who have seen the past.
    waiting: Index,
    /// Those who have not, and for whom it is not being read yet.
    beginners: Beginners,
    live: Option<Reader>,
    /// Whether the live reader stands somewhere: it misses nothing from there on.
    is_connected: bool,
    /// What the live reader asks for.
    types: BTreeSet<Arc<str>>,
    /// Where the next live reader goes on.
    cursor: Option<String>,
    pass: Option<Pass>,
    pause: Duration,
}

/// What a hub wakes for.
enum Woken {
    Said,
    Live(Result<News, Problem>),
    Past(Result<News, Problem>),
}

impl Hub {
    async fn follow(mut self) {
        loop {
            if let Err(problem) = self.look_after() {
                self.suffer(problem).await;
                continue;
            }
            match self.wake().await {
                Woken::Said => self.listen(),
                Woken::Live(Ok(news)) => self.on_live(news).await,
                Woken::Past(Ok(news)) => self.on_past(news).await,
                Woken::Live(Err(problem)) | Woken::Past(Err(problem)) => {
                    self.suffer(problem).await;
                }
            }
        }
    }

    async fn wake(&mut self) -> Woken {
        let may_go_on = self.pass.as_ref().is_none_or(|pass| !pass.is_full());
        let past = async {
            match &mut self.pass {
                Some(pass) => pass.reader.next().await,
                None => pending().await,
            }
        };
        let live = async {
            match &mut self.live {
                Some(live) if may_go_on => live.next().await,
                Some(_) | None => pending().await,
            }
        };
        tokio::select! {
            () = self.awaited.more.notified() => Woken::Said,
            news = past => Woken::Past(news),
            news = live => Woken::Live(news),
        }
    }

    /// Takes in who begins to wait, and who has ended.
    fn listen(&mut self) {
        for said in self.awaited.take() {
            match said {
                Said::Waits {
                    waiter,
                    wanted,
                    since,
                } => {
                    let in_pass = self.pass.as_ref().and_then(|pass| pass.wants(&waiter));
                    let known = self.waiting.wants(&waiter).or(in_pass);
                    // Nothing that it refers to can change, once it has begun to wait.
                    if known != Some(&wanted) {
                        self.beginners.insert(waiter, (wanted, Some(since)));
                    }
                }
                Said::Ended(execution) => {
                    self.waiting.forget(&execution);
                    self.beginners
                        .retain(|waiter, _| waiter.execution != execution);
                    if let Some(pass) = &mut self.pass {
                        pass.forget(&execution);
                    }
                }
            }
        }
    }

    /// Sees to it that all who wait are served: opens what is to be read, closes what is not.
    fn look_after(&mut self) -> Result<(), Problem> {
        if self.beginners.is_empty() && self.waiting.is_empty() && self.pass.is_none() {
            self.live = None;
            self.is_connected = false;
            self.cursor = None;
            self.types.clear();
            return Ok(());
        }
        let wanted = self
            .beginners
            .values()
            .map(|(wanted, _)| &wanted.event_type);
        let new: Vec<_> = wanted
            .filter(|wanted| !self.types.contains(*wanted))
            .cloned()
            .collect();
        if self.live.is_none() || !new.is_empty() {
            self.types.extend(new);
            self.go_live()?;
        }
        if self.pass.is_none() && self.is_connected && !self.beginners.is_empty() {
            self.pass = Some(Pass::begin(
                &self.engine.feeds,
                &self.awaited.feed,
                &self.beginners,
            )?);
            self.beginners.clear();
        }
        Ok(())
    }

    /// Opens the live reader, where the one before it stands.
    fn go_live(&mut self) -> Result<(), Problem> {
        if let Some(live) = &self.live {
            self.cursor = live.cursor().or(self.cursor.take());
        }
        self.live = None;
        self.is_connected = false;
        let start = match &self.cursor {
            Some(cursor) => Start::After(cursor.clone()),
            None => Start::Latest,
        };
        let filter = Filter {
            types: self.types.iter().map(ToString::to_string).collect(),
            ..Filter::default()
        };
        self.live = Some(self.engine.feeds.open(&self.awaited.feed, start, filter)?);
        Ok(())
    }

    async fn on_live(&mut self, news: News) {
        match news {
            News::Connected => {
                self.is_connected = true;
                self.is_reachable();
            }
            News::Events(events) => {
                for event in events.into_iter().map(Arc::new) {
                    if let Some(pass) = &mut self.pass {
                        pass.hold(&event);
                    }
                    let candidates = self.waiting.candidates(&event.r#type, &event.subject);
                    for waiter in self.bring(&event, candidates).await {
                        self.waiting.remove(&waiter);
                    }
                }
            }
            News::CaughtUp | News::Nothing => {}
            News::Lost(why) => self.is_unreachable(why),
        }
    }

    async fn on_past(&mut self, news: News) {
        let Some(mut pass) = self.pass.take() else {
            return;
        };
        match news {
            News::Events(events) => {
                for event in events {
                    let candidates = pass.candidates(&event);
                    for waiter in self.bring(&event, candidates).await {
                        pass.remove(&waiter);
                    }
                }
            }
            News::CaughtUp => return self.end_pass(pass).await,
            News::Connected | News::Nothing => {}
            News::Lost(why) => self.is_unreachable(why),
        }
        self.pass = Some(pass);
    }

    /// Those who have seen the past see what came meanwhile, and are as all others from now on.
    async fn end_pass(&mut self, pass: Pass) {
        let (held, mut index) = pass.end();
        for event in held {
            let candidates = index.candidates(&event.r#type, &event.subject);
            for waiter in self.bring(&event, candidates).await {
                index.remove(&waiter);
            }
        }
        for (waiter, wanted) in index.drain() {
            self.waiting.insert(waiter, wanted);
        }
    }

    /// Brings an event to those for whom it may be the one. Those who no longer wait.
    async fn bring(&self, event: &Event, candidates: Vec<Waiter>) -> Vec<Waiter> {
        let mut done = Vec::new();
        if candidates.is_empty() {
            return done;
        }
        let data = event
            .data
            .as_ref()
            .map(|data| Bytes::from(data.value.clone()));
        let (data, encoded) = (data.unwrap_or_default(), Bytes::from(event.encode_to_vec()));
        for waiter in candidates {
            let arrived = self.engine.arrive(
                &waiter.execution,
                waiter.step,
                encoded.clone(),
                data.clone(),
            );
            match arrived.await {
                Ok(true) => {}
                Ok(false) => done.push(waiter),
                // The process is about to end; after the next start all register again.
                Err(error) => debug!(execution = %waiter.execution, %error, "not brought"),
            }
        }
        done
    }

    /// The feed cannot be read as it was: what there is now is read from its beginning, if it is
    /// another one; and it is tried again.
    async fn suffer(&mut self, problem: Problem) {
        let waiting = self.waiting.len();
        match &problem {
            Problem::StartedOver(text) => {
                warn!(
                    feed = %self.awaited.feed, waiting, problem = text,
                    "a feed of which events are awaited has started over; it is read from its beginning"
                );
                self.awaited.standing.lock().started_over =
                    Some((self.engine.executions.now(), text.clone()));
                self.start_over();
            }
            Problem::Unreadable(text) => {
                self.is_unreachable(text.clone());
                self.give_up_pass();
                self.live = None;
                self.is_connected = false;
                // Whoever says something meanwhile is heard afterwards.
                tokio::time::sleep(self.pause).await;
                self.pause = (self.pause * 2).min(LONGEST_PAUSE);
            }
        }
        self.listen();
    }

    fn start_over(&mut self) {
        self.give_up_pass();
        let all = self.waiting.drain();
        self.beginners
            .extend(all.map(|(waiter, wanted)| (waiter, (wanted, None))));
        for (_, since) in self.beginners.values_mut() {
            *since = None;
        }
        self.live = None;
        self.is_connected = false;
        self.cursor = None;
    }

    /// The past is read again, from the beginning.
    fn give_up_pass(&mut self) {
        if let Some(pass) = self.pass.take() {
            self.beginners.extend(pass.into_beginners());
        }
    }

    fn is_reachable(&mut self) {
        self.pause = FIRST_PAUSE;
        let before = self.awaited.standing.lock().unreachable.take();
        if before.is_some() {
            debug!(feed = %self.awaited.feed, "a feed of which events are awaited is there again");
        }
    }

    fn is_unreachable(&self, why: String) {
        let mut standing = self.awaited.standing.lock();
        match &mut standing.unreachable {
            Some((_, before)) => *before = why,
            none => {
                warn!(feed = %self.awaited.feed, why, "a feed of which events are awaited cannot be read");
                *none = Some((self.engine.executions.now(), why));
            }
        }
    }
}

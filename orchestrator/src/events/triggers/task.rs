//! The task of one trigger: reads the feed, starts what is to be started, and remembers where it stands.
//! An event that is wrong is counted, and told of; it holds up none behind it. What only needs time is
//! waited for.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::future::join_all;
use pavane::feed::v1::{Event, Filter};
use pavane::workflow::v1::EventTrigger;
use pavane::workflow::v1::event_trigger::Problem as Told;
use pavane_client::Start;
use pavane_flow::plan::Plan;
use tracing::{error, warn};

use super::super::reader::{News, Problem, Reader};
use super::order::{Not, cycle, order};
use crate::engine::Engine;
use crate::{Error, GoesOn};

/// Executions that are started at the same time.
const AT_A_TIME: usize = 32;

/// How long to wait before what failed is tried again; twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// One workflow's.
pub(super) struct Task {
    engine: Engine,
    workflow: Arc<str>,
    trigger: EventTrigger,
    /// Whether the feed is another one by now: all that it has counts.
    has_started_over: bool,
}

/// What became of an event.
enum Became {
    Started,
    Nothing,
    Skipped(String),
    Refused(Vec<String>),
}

impl Task {
    pub(super) fn new(engine: Engine, plan: &Plan, trigger: EventTrigger) -> Self {
        Self {
            engine,
            workflow: Arc::clone(&plan.name),
            trigger,
            has_started_over: false,
        }
    }

    /// Ends only when nothing can be recorded any more, or the workflow is gone.
    pub(super) async fn follow(mut self) {
        let mut pause = FIRST_PAUSE;
        loop {
            let problem = match self.open() {
                Ok(reader) => match self.read(reader, &mut pause).await {
                    Ok(problem) => problem,
                    Err(error) => {
                        error!(workflow = %self.workflow, %error, "no longer started by events");
                        return;
                    }
                },
                Err(problem) => problem,
            };
            match problem {
                Problem::StartedOver(text) => {
                    warn!(
                        workflow = %self.workflow, feed = self.trigger.feed, problem = text,
                        "a feed whose events start executions has started over; all that it has counts"
                    );
                    self.tell("FEED_STARTED_OVER", text, None);
                    self.trigger.cursor.clear();
                    self.has_started_over = true;
                }
                Problem::Unreadable(text) => self.is_unreachable(text),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn open(&self) -> Result<Reader, Problem> {
        let start = match (&*self.trigger.cursor, self.trigger.begin_time) {
            ("", _) if self.has_started_over => Start::Earliest,
            ("", Some(begin)) => Start::At(begin),
            ("", None) => Start::Earliest,
            (cursor, _) => Start::After(cursor.to_owned()),
        };
        let filter = Filter {
            types: vec![self.trigger.event_type.clone()],
            ..Filter::default()
        };
        self.engine
            .triggers
            .0
            .feeds
            .open(&self.trigger.feed, start, filter)
    }

    /// Reads until there is a problem. Errors: nothing can be recorded any more.
    async fn read(&mut self, mut reader: Reader, pause: &mut Duration) -> Result<Problem, Error> {
        loop {
            match reader.next().await {
                Ok(News::Events(events)) => {
                    for some in events.chunks(AT_A_TIME) {
                        self.start(some).await?;
                        let last = some.last().expect("a chunk is not empty");
                        self.remember(last.cursor.clone()).await?;
                    }
                }
                Ok(News::Connected) => {
                    *pause = FIRST_PAUSE;
                    self.is_reachable();
                }
                Ok(News::CaughtUp | News::Nothing) => {
                    if let Some(cursor) = reader.cursor() {
                        self.remember(cursor).await?;
                    }
                }
                Ok(News::Lost(why)) => self.is_unreachable(why),
                Err(problem) => return Ok(problem),
            }
        }
    }

    /// Starts what these events start; all of it is durable then.
    async fn start(&mut self, events: &[Event]) -> Result<(), Error> {
        let Ok(plan) = self.engine.workflows.served(&self.workflow) else {
            return Err(Error::GoesOn {
                execution: String::new(),
                why: GoesOn::ShuttingDown,
            });
        };
        let became = join_all(events.iter().map(|event| self.start_one(&plan, event))).await;
        for (event, became) in events.iter().zip(became) {
            self.count(event, became?);
        }
        Ok(())
    }

    async fn start_one(&self, plan: &Arc<Plan>, event: &Event) -> Result<Became, Error> {
        let mut pause = FIRST_PAUSE;
        loop {
            let order = match order(plan, event, self.engine.triggers.0.depth) {
                Ok(order) => order,
                Err(Not::Meant) => return Ok(Became::Nothing),
                Err(Not::Computable(why)) => return Ok(Became::Skipped(why)),
                Err(Not::Looping(chain)) => return Ok(Became::Refused(chain)),
            };
            if order.input.len() > self.engine.input_bytes() {
                let limit = self.engine.input_bytes();
                let found = order.input.len();
                let text = format!("the input has {found} bytes, more than the allowed {limit}");
                return Ok(Became::Skipped(text));
            }
            match self.engine.start(order).await {
                // By this event, before a crash; a new revision may compute another input.
                Ok(_) | Err(Error::ExecutionExists { .. }) => return Ok(Became::Started),
                Err(Error::LimitExceeded { .. } | Error::NotChoreographed { .. }) => {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                Err(error @ Error::InvalidArgument { .. }) => {
                    return Ok(Became::Skipped(error.to_string()));
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn count(&mut self, event: &Event, became: Became) {
        match became {
            Became::Nothing => {}
            Became::Started => self.trigger.started_count += 1,
            Became::Skipped(why) => {
                warn!(workflow = %self.workflow, event = event.id, source = event.source, why, "an event was skipped");
                self.trigger.skipped_count += 1;
                self.tell("EVENT_SKIPPED", why, Some(event));
            }
            Became::Refused(chain) => {
                let cycle = cycle(&chain);
                warn!(
                    workflow = %self.workflow, event = event.id, source = event.source, cycle,
                    "an event was refused: workflows start each other by events"
                );
                self.trigger.refused_count += 1;
                let limit = self.engine.triggers.0.depth;
                let text = format!(
                    "workflows start each other by events: {cycle}; the limit `causal_depth` is {limit}"
                );
                self.tell("CAUSAL_LOOP", text, Some(event));
            }
        }
    }

    fn tell(&mut self, reason: &str, message: String, event: Option<&Event>) {
        self.trigger.last_problem = Some(Told {
            reason: reason.to_owned(),
            message,
            event_id: event.map(|event| event.id.clone()).unwrap_or_default(),
            event_source: event.map(|event| event.source.clone()).unwrap_or_default(),
            time: Some(SystemTime::now().into()),
        });
    }

    /// Remembers where it stands, unless that is where it stood.
    async fn remember(&mut self, cursor: String) -> Result<(), Error> {
        if self.trigger.cursor == cursor {
            return Ok(());
        }
        self.trigger.cursor = cursor;
        self.engine
            .triggers
            .keep(&self.workflow, &self.trigger)
            .await
    }

    fn is_reachable(&mut self) {
        self.trigger.unreachable_reason.clear();
        self.trigger.unreachable_since_time = None;
        self.engine.triggers.show(&self.workflow, &self.trigger);
    }

    fn is_unreachable(&mut self, why: String) {
        if self.trigger.unreachable_since_time.is_none() {
            warn!(workflow = %self.workflow, feed = self.trigger.feed, why, "a feed whose events start executions cannot be read");
            self.trigger.unreachable_since_time = Some(SystemTime::now().into());
        }
        self.trigger.unreachable_reason = why;
        self.engine.triggers.show(&self.workflow, &self.trigger);
    }
}

//! What executions say that they wait for, until somebody looks after it; and how the feeds stand that
//! they wait for. Holds as much as there are steps that wait.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use pavane_flow::Timestamp;
use pavane_flow::plan::StepIndex;
use tokio::sync::Notify;

use super::index::{Waiter, Wanted};

/// A step that begins to await an event, or says again that it does.
#[derive(Debug)]
pub(crate) struct Registration {
    pub(crate) execution: Arc<str>,
    pub(crate) step: StepIndex,
    pub(crate) event_type: Arc<str>,
    /// `None`: of any subject.
    pub(crate) subject: Option<String>,
    /// When its execution was started: events since then count.
    pub(crate) since: Timestamp,
}

/// By feed, what is awaited. A cheap handle.
#[derive(Clone, Debug, Default)]
pub(crate) struct Awaiting(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    feeds: Mutex<HashMap<Arc<str>, Arc<Awaited>>>,
    /// Those that nobody follows yet.
    new: Mutex<Vec<Arc<Awaited>>>,
    more: Notify,
}

/// A feed of which events are awaited.
#[derive(Debug)]
pub(super) struct Awaited {
    pub(super) feed: Arc<str>,
    /// What was said since it was last looked at, in order.
    inbox: Mutex<Vec<Said>>,
    pub(super) more: Notify,
    pub(super) standing: Mutex<Standing>,
}

#[derive(Debug)]
pub(super) enum Said {
    Waits {
        waiter: Waiter,
        wanted: Wanted,
        since: Timestamp,
    },
    Ended(Arc<str>),
}

/// How a feed can be read.
#[derive(Clone, Debug, Default)]
pub(super) struct Standing {
    /// Since when and why it cannot be; `None`: it can.
    pub(super) unreachable: Option<(Timestamp, String)>,
    /// When it was last found to have started over, and what was said.
    pub(super) started_over: Option<(Timestamp, String)>,
}

impl Awaiting {
    /// An event is awaited from now on. If that is known, nothing changes.
    pub(crate) fn register(&self, feed: &Arc<str>, registration: Registration) {
        let Registration {
            execution,
            step,
            event_type,
            subject,
            since,
        } = registration;
        let said = Said::Waits {
            waiter: Waiter { execution, step },
            wanted: Wanted {
                event_type,
                subject: subject.map(Into::into),
            },
            since,
        };
        let mut feeds = self.0.feeds.lock();
        let awaited = feeds.entry(Arc::clone(feed)).or_insert_with(|| {
            let awaited = Arc::new(Awaited::new(Arc::clone(feed)));
            self.0.new.lock().push(Arc::clone(&awaited));
            self.0.more.notify_one();
            awaited
        });
        awaited.say(said);
    }

    /// An execution that may have awaited events of this feed has ended.
    pub(crate) fn forget(&self, feed: &str, execution: &Arc<str>) {
        if let Some(awaited) = self.find(feed) {
            awaited.say(Said::Ended(Arc::clone(execution)));
        }
    }

    /// The next feed that somebody is to follow. Cancel safe; for one who waits.
    pub(super) async fn next_feed(&self) -> Arc<Awaited> {
        loop {
            if let Some(awaited) = self.0.new.lock().pop() {
                return awaited;
            }
            self.0.more.notified().await;
        }
    }

    pub(super) fn find(&self, feed: &str) -> Option<Arc<Awaited>> {
        self.0.feeds.lock().get(feed).cloned()
    }
}

impl Awaited {
    fn new(feed: Arc<str>) -> Self {
        Self {
            feed,
            inbox: Mutex::default(),
            more: Notify::new(),
            standing: Mutex::default(),
        }
    }

    fn say(&self, said: Said) {
        self.inbox.lock().push(said);
        self.more.notify_one();
    }

    pub(super) fn take(&self) -> Vec<Said> {
        std::mem::take(&mut self.inbox.lock())
    }
}

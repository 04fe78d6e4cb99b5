//! Somebody who follows a feed through all the kills of its server, from beginning to end.

use pavane::feed::v1::Event;
use pavane_client::{Subscriber, SubscriberOptions, Update};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tonic::transport::Channel;

use std::time::Duration;

/// A subscriber in the background, and what it has heard.
#[derive(Debug)]
pub(crate) struct Watcher {
    heard: watch::Receiver<Vec<Event>>,
    task: JoinHandle<()>,
}

impl Watcher {
    pub(crate) fn start(channel: Channel, feed: &str) -> Self {
        let options = SubscriberOptions {
            initial_backoff: Duration::from_millis(10),
            max_backoff: Duration::from_millis(100),
            ..SubscriberOptions::default()
        };
        let mut subscriber = Subscriber::new(channel, feed).with_options(options);
        let (hear, heard) = watch::channel(Vec::new());
        let task = tokio::spawn(async move {
            while let Some(update) = subscriber.next().await {
                let update = update.expect("a restart is nothing that a subscriber cannot cure");
                if let Update::Events(events) = update {
                    hear.send_modify(|heard: &mut Vec<Event>| heard.extend(events));
                }
            }
        });
        Self { heard, task }
    }

    /// Waits until so many more events are heard.
    pub(crate) async fn more(&mut self, events: usize) {
        let goal = self.heard.borrow().len() + events;
        let waited = self.heard.wait_for(|heard| heard.len() >= goal).await;
        waited.expect("the watcher watches");
    }

    /// Waits for the event of this sequence, and gives all that was heard.
    pub(crate) async fn up_to(mut self, sequence: u64) -> Vec<Event> {
        let arrived = |heard: &Vec<Event>| {
            sequence == 0 || heard.last().is_some_and(|event| event.sequence >= sequence)
        };
        let heard = self
            .heard
            .wait_for(arrived)
            .await
            .expect("the watcher watches")
            .clone();
        self.task.abort();
        heard
    }
}

//! WatchExecution of a choreographed execution: its events are in several feeds, so each time that
//! there is news the whole is read again, and what was not sent yet is sent.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use pavane::workflow::v1::WatchExecutionResponse;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio_util::sync::CancellationToken;
use tonic::Status;

use crate::choreography::Hosted;
use crate::engine::Engine;
use crate::view::is_outcome;
use crate::{Error, GoesOn};

/// What was sent, and what is to be.
struct Watcher {
    engine: Engine,
    hosted: Arc<Hosted>,
    news: watch::Receiver<u64>,
    /// Sources and sequences of events, reasons and steps of incidents.
    sent: HashSet<(String, u64)>,
    raised: HashSet<(String, String)>,
    ready: VecDeque<WatchExecutionResponse>,
    is_over: bool,
    closing: CancellationToken,
    _place: OwnedSemaphorePermit,
}

/// The events of an execution and its incidents, up to and including its outcome, or until whoever
/// watches is sent away.
pub(super) fn watch(
    engine: Engine,
    hosted: Arc<Hosted>,
    closing: CancellationToken,
    place: OwnedSemaphorePermit,
) -> BoxStream<'static, Result<WatchExecutionResponse, Status>> {
    let mut news = hosted.news();
    news.mark_changed(); // what has happened so far
    let watcher = Watcher {
        engine,
        hosted,
        news,
        sent: HashSet::new(),
        raised: HashSet::new(),
        ready: VecDeque::new(),
        is_over: false,
        closing,
        _place: place,
    };
    stream::unfold(watcher, |mut watcher| async move {
        let next = watcher.next().await?;
        Some((next, watcher))
    })
    .boxed()
}

impl Watcher {
    async fn next(&mut self) -> Option<Result<WatchExecutionResponse, Status>> {
        loop {
            if let Some(ready) = self.ready.pop_front() {
                return Some(Ok(ready));
            }
            if self.is_over {
                return None;
            }
            tokio::select! {
                changed = self.news.changed() => changed.expect("the sender is held"),
                () = self.closing.cancelled() => {
                    self.is_over = true;
                    return Some(Err(self.sent_away()));
                }
            }
            if let Err(error) = self.look().await {
                self.is_over = true;
                return Some(Err(error.into()));
            }
        }
    }

    /// Looks for what was not sent yet.
    async fn look(&mut self) -> Result<(), Error> {
        let recorded = self.engine.recorded(self.hosted.id()).await?;
        for event in recorded.events {
            if !self.sent.insert((event.source.clone(), event.sequence)) {
                continue;
            }
            self.is_over |= is_outcome(&event);
            self.ready.push_back(WatchExecutionResponse {
                event: Some(event),
                incident: None,
            });
        }
        if self.is_over {
            return Ok(());
        }
        let incidents = self.hosted.incidents();
        let raised = incidents
            .iter()
            .map(|it| (it.reason.clone(), it.step.clone()));
        let raised: HashSet<_> = raised.collect();
        let new = incidents
            .into_iter()
            .filter(|it| !self.raised.contains(&(it.reason.clone(), it.step.clone())));
        self.ready
            .extend(new.map(|incident| WatchExecutionResponse {
                event: None,
                incident: Some(incident),
            }));
        // One that is over may be raised again.
        self.raised = raised;
        Ok(())
    }

    /// An end without an error would say that the execution has ended.
    fn sent_away(&self) -> Status {
        Status::from(Error::GoesOn {
            execution: self.hosted.id().to_string(),
            why: GoesOn::ShuttingDown,
        })
    }
}

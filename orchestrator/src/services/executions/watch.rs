//! WatchExecution: history from the subject index, then live from the journal's feed. A choreographed
//! execution that has ended is all history.

mod feeds;

use futures_util::stream::BoxStream;
use futures_util::{StreamExt, stream};
use pavane::feed::v1::{Event, Filter};
use pavane::workflow::v1::WatchExecutionResponse;
use pavane_feed::{Delivery, Start};
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;
use tonic::Status;

use crate::engine::Engine;
use crate::view::is_outcome;
use crate::{Error, GoesOn};

/// The events of an execution, up to and including its outcome, or until whoever watches is sent
/// away.
pub(super) async fn watch(
    engine: &Engine,
    id: &str,
    closing: CancellationToken,
    place: OwnedSemaphorePermit,
) -> Result<BoxStream<'static, Result<WatchExecutionResponse, Status>>, Error> {
    if let Some(hosted) = engine.choreography.get(id) {
        // Not before its start is durable.
        engine.recorded(id).await?;
        return Ok(feeds::watch(engine.clone(), hosted, closing, place));
    }
    let feed = engine.executions.journal().feed();
    // What is appended after this is delivered live; what comes twice is told by its sequence.
    let head = feed.head();
    let history = engine.recorded(id).await?.events;
    let seen = history.last().map_or(0, |event| event.sequence);
    let has_ended = history.last().is_some_and(is_outcome);
    let history = stream::iter(history.into_iter().map(Ok));
    if has_ended {
        return Ok(respond(history).boxed());
    }
    let filter = Filter {
        subjects: vec![id.to_owned()],
        ..Filter::default()
    };
    let subscription = feed.subscribe(Start::After(head), pavane_feed::Filter::parse(filter)?)?;
    let execution = id.to_owned();
    // An end without an error would say that the execution has ended.
    let sent_away = stream::once(async move {
        closing.cancelled().await;
        drop(place);
        Err(Status::from(Error::GoesOn {
            execution,
            why: GoesOn::ShuttingDown,
        }))
    });
    let live = subscription
        .into_stream()
        .flat_map(|delivery| {
            stream::iter(match delivery {
                Ok(Delivery::Batch(events)) => events.into_iter().map(Ok).collect(),
                Ok(_) => Vec::new(),
                Err(error) => vec![Err(Status::from(error))],
            })
        })
        .filter(move |event| {
            let is_new = event.as_ref().map_or(true, |event| event.sequence > seen);
            std::future::ready(is_new)
        });
    let live = stream::select(live, sent_away)
        // The outcome is the last event, and the stream ends with it, not with the next one.
        .flat_map(|event| {
            let is_last = event.as_ref().map_or(true, is_outcome);
            stream::iter([Some(Some(event)), is_last.then_some(None)])
                .filter_map(std::future::ready)
        })
        .take_while(|event| std::future::ready(event.is_some()))
        .filter_map(std::future::ready);
    Ok(respond(history.chain(live)).boxed())
}

fn respond(
    events: impl stream::Stream<Item = Result<Event, Status>> + Send,
) -> impl stream::Stream<Item = Result<WatchExecutionResponse, Status>> + Send {
    events.map(|event| {
        event.map(|event| WatchExecutionResponse {
            event: Some(event),
            incident: None,
        })
    })
}

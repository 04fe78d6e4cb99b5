//! After a start: the executions that had not ended go on from what was recorded of them.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use pavane_flow::event::{Event, decode_started};
use tracing::info;

use crate::Error;
use crate::engine::Engine;
use crate::executions::Beginning;
use crate::trace::Trace;

/// Takes up every execution that has not ended. Errors: the journal cannot be read, or a revision
/// that it needs no longer compiles.
pub(crate) async fn take_up(engine: &Engine) -> Result<(), Error> {
    let live = engine.executions.journal().live()?;
    let count = live.len();
    for (id, sequence) in live {
        let events = engine.executions.journal().events_of(&id)?;
        let Some(first) = events.first() else {
            return Err(Error::CorruptJournal(format!(
                "execution `{id}` has no events"
            )));
        };
        let started =
            decode_started(first).map_err(|error| Error::CorruptJournal(error.to_string()))?;
        let plan = engine
            .workflows
            .plan(&started.workflow, &started.revision)?;
        let trace = Trace::parse(&first.traceparent).unwrap_or_else(Trace::new);
        let events = events
            .iter()
            .map(|event| Event::decode(event, &plan))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| Error::CorruptJournal(error.to_string()))?;
        let beginning = Beginning {
            id: id.into(),
            plan,
            input: started.input,
            trace,
        };
        let start = Arc::new(AtomicU64::new(sequence.get()));
        engine.executions.restore(beginning, start, events).await?;
    }
    if count > 0 {
        info!(executions = count, "took up executions that had not ended");
    }
    Ok(())
}

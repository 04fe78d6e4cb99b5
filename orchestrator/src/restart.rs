//! After a start: the executions that had not ended go on from what was recorded of them.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use pavane::trace::Trace;
use pavane::workflow::v1::Mode;
use pavane_feed::Sequence;
use pavane_flow::event::{Event, decode_started};
use tracing::{error, info};

use crate::engine::Engine;
use crate::executions::Record;
use crate::{Error, choreography};

/// Takes up every execution that has not ended. One whose revision this version no longer compiles
/// stays as it is recorded, and is reported: it must not keep the others from going on.
///
/// Errors: the journal cannot be read.
pub(crate) async fn take_up(engine: &Engine) -> Result<(), Error> {
    let mut taken_up = 0;
    let mut choreographed = Vec::new();
    for (id, sequence) in engine.executions.journal().live()? {
        match read(engine, &id, sequence) {
            Ok(Found::Conducted(record)) => {
                engine.executions.restore(record).await?;
                taken_up += 1;
            }
            Ok(Found::Choreographed(record)) => {
                choreographed.push(record);
                taken_up += 1;
            }
            Err(error @ Error::InvalidDefinition { .. }) => {
                error!(execution = id, %error, "cannot go on: its revision no longer compiles");
            }
            Err(error) => return Err(error),
        }
    }
    engine.choreography.take_up(choreographed)?;
    for plan in engine.choreography.prepared_before() {
        match engine.workflows.get(&plan.name, &plan.revision.0) {
            Ok(record) => engine.choreography.set_prepared(&record),
            Err(Error::UnknownRevision { .. }) => {} // the deploy did not come to its end
            Err(error) => return Err(error),
        }
    }
    if taken_up > 0 {
        info!(
            executions = taken_up,
            "took up executions that had not ended"
        );
    }
    Ok(())
}

/// What was recorded of an execution, by who drives it.
enum Found {
    Conducted(Record),
    Choreographed(choreography::Record),
}

/// What was recorded of an execution.
fn read(engine: &Engine, id: &str, start: Sequence) -> Result<Found, Error> {
    let corrupt = |problem: String| Error::CorruptJournal(format!("execution `{id}`: {problem}"));
    let events = engine.executions.journal().events_of(id)?;
    let first = events
        .first()
        .ok_or_else(|| corrupt("it has no events".to_owned()))?;
    let started = decode_started(first).map_err(|error| corrupt(error.to_string()))?;
    let plan = engine
        .workflows
        .plan(&started.workflow, &started.revision)?;
    if started.mode() == Mode::Choreographed {
        return Ok(Found::Choreographed(choreography::Record {
            id: id.into(),
            plan,
            start: start.get(),
            events,
            place: engine.executions.place().ok(),
        }));
    }
    let trace = Trace::parse(&first.traceparent).unwrap_or_else(|| Trace::new(rand::random()));
    let events = events
        .iter()
        .map(|event| Event::decode(event, &plan))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| corrupt(error.to_string()))?;
    Ok(Found::Conducted(Record {
        id: id.into(),
        plan,
        trace,
        start: Arc::new(AtomicU64::new(start.get())),
        events,
    }))
}

//! After a start: the executions that had not ended go on from what was recorded of them. Those that
//! wait for a time are not even looked at.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use pavane::trace::Trace;
use pavane::workflow::v1::Mode;
use pavane_feed::Sequence;
use pavane_flow::event::{Event, decode_started};
use tracing::{error, info};

use crate::engine::Engine;
use crate::executions::Record;
use crate::journal::Resting;
use crate::{Error, choreography};

/// Takes up every execution that has not ended. One whose revision this version no longer compiles
/// stays as it is recorded, and is reported: it must not keep the others from going on.
///
/// Errors: the journal cannot be read.
pub(crate) async fn take_up(engine: &Engine) -> Result<(), Error> {
    let mut taken_up = 0;
    let mut choreographed = Vec::new();
    let living = engine.executions.journal().live()?;
    // Whoever awaits an event is taken up, so that someone looks out for it.
    let (resting, active): (Vec<_>, Vec<_>) = living
        .into_iter()
        .partition(|(_, living)| living.resting.is_some_and(|resting| !resting.awaits_event));
    let rest = resting.len();
    engine.executions.add_resting(resting);
    for (id, living) in active {
        match read(engine, &id, living.start, living.resting) {
            Ok(Taken::Conducted(record)) => {
                engine.executions.take_up(record, None).await?;
                taken_up += 1;
            }
            Ok(Taken::Choreographed(record)) => {
                choreographed.push(record);
                taken_up += 1;
            }
            Err(error @ Error::InvalidDefinition { .. }) => {
                error!(execution = %id, %error, "cannot go on: its revision no longer compiles");
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
    if taken_up + rest > 0 {
        info!(
            executions = taken_up,
            resting = rest,
            "took up executions that had not ended"
        );
    }
    Ok(())
}

/// What was recorded of an execution, by who drives it.
pub(crate) enum Taken {
    Conducted(Record),
    Choreographed(choreography::Record),
}

/// What was recorded of an execution, and by how the journal says that it rests.
///
/// Errors: that cannot be read; [`Error::InvalidDefinition`]: its revision no longer compiles.
pub(crate) fn read(
    engine: &Engine,
    id: &str,
    start: Sequence,
    resting: Option<Resting>,
) -> Result<Taken, Error> {
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
        return Ok(Taken::Choreographed(choreography::Record {
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
    Ok(Taken::Conducted(Record {
        id: id.into(),
        plan,
        trace,
        start: Arc::new(AtomicU64::new(start.get())),
        resting,
        events,
    }))
}

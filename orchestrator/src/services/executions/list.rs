//! ListExecutions: from the listing, the newest first, with those that live as they stand now.

mod filter;
mod living;

use std::time::Duration;

use pavane::workflow::v1::{Execution, ListExecutionsRequest, ListExecutionsResponse};
use pavane_feed::Sequence;

use filter::Wanted;

use crate::engine::Engine;
use crate::services::page;
use crate::{Error, view};

/// How many summaries one call looks at; a filter that rejects more gets a short page, and a token
/// to go on with.
const MOST_EXAMINED: usize = 20_000;

/// By how much the clock may have been set back and the order of starts still be that of their times.
const CLOCK_SLACK: Duration = Duration::from_secs(60);

pub(super) fn list(
    engine: &Engine,
    request: ListExecutionsRequest,
) -> Result<ListExecutionsResponse, Error> {
    let size = page::size(request.page_size, 50, 1_000);
    let wanted = Wanted::new(&request);
    let before = match request.page_token.as_str() {
        "" => Sequence::new(u64::MAX),
        token => Sequence::new(token.parse().map_err(|_| page::invalid_token(token))?),
    };
    if request.stalled {
        return stalled(engine, &wanted, size, before);
    }
    if wanted.is_of_living() {
        return Ok(living::list(engine, &wanted, size, before));
    }
    let mut executions = Vec::new();
    let summaries = engine.executions.journal().summaries(before);
    let mut summaries = summaries.enumerate().peekable();
    while let Some((examined, summary)) = summaries.next() {
        let (sequence, mut execution) = summary?;
        if wanted.is_past(&execution, CLOCK_SLACK) {
            break;
        }
        bring_up_to_date(engine, &mut execution);
        if wanted.has(&execution) {
            executions.push(execution);
        }
        let is_full = executions.len() == size || examined + 1 == MOST_EXAMINED;
        if is_full && summaries.peek().is_some() {
            return Ok(ListExecutionsResponse {
                executions,
                next_page_token: sequence.get().to_string(),
            });
        }
    }
    Ok(ListExecutionsResponse {
        executions,
        next_page_token: String::new(),
    })
}

/// Those with an incident. They are found without looking at all the others.
fn stalled(
    engine: &Engine,
    wanted: &Wanted,
    size: usize,
    before: Sequence,
) -> Result<ListExecutionsResponse, Error> {
    let mut executions = Vec::new();
    let mut next_page_token = String::new();
    let mut last = before;
    for (start, hosted) in engine.choreography.stalled() {
        if start >= before.get() {
            continue;
        }
        let Some(summary) = engine.choreography.summary(&hosted) else {
            continue; // it has ended meanwhile
        };
        if summary.incidents.is_empty() || !wanted.has(&summary) {
            continue;
        }
        if executions.len() == size {
            next_page_token = last.to_string();
            break;
        }
        last = Sequence::new(start);
        let waits = engine.choreography.waits(&hosted)?;
        executions.push(Execution { waits, ..summary });
    }
    Ok(ListExecutionsResponse {
        executions,
        next_page_token,
    })
}

fn bring_up_to_date(engine: &Engine, execution: &mut Execution) {
    if execution.end_time.is_some() {
        return;
    }
    if let Some(hosted) = engine.choreography.get(&execution.id) {
        if let Some(summary) = engine.choreography.summary(&hosted) {
            *execution = summary;
        }
    } else if let Some(live) = engine.executions.get(&execution.id) {
        let conductor = live.lock();
        // Until its outcome is durable, an execution has not ended.
        if conductor.state().outcome().is_none() {
            *execution = view::summary(live.id(), live.plan(), conductor.state());
        }
    }
}

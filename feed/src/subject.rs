//! Reading what is about one subject, by way of the index: what lies between is not looked at. A
//! reader is never led across what retention has taken.

use pavane::feed::v1::Event;

use crate::record::Chunk;
use crate::{Error, Feed, Sequence};

/// An event that is at most so far ahead is come to sooner by reading on than by another search.
const NEAR_EVENTS: u64 = 16;

/// What follows a position for whoever wants one subject only.
#[derive(Debug)]
pub(crate) struct Ahead {
    /// Nothing about the subject lies between the position and the end of this event.
    pub skip_to: Sequence,
    /// From the one that holds the next event about the subject; empty if there is none yet.
    pub chunks: Vec<Chunk>,
}

impl Feed {
    /// The events of a subject that are retained, in order. Reads the disk if need be.
    pub fn subject(&self, subject: &str) -> Result<Vec<Event>, Error> {
        let earliest = self.earliest();
        let runs = self
            .shared
            .with_engine(|engine| engine.subject(self.core.id, subject, earliest, usize::MAX))??;
        let mut events = Vec::new();
        let mut chunk: Option<Chunk> = None;
        for run in runs {
            if chunk.as_ref().is_none_or(|chunk| chunk.last < run.first) {
                chunk = self
                    .fetch_stored(run.first.previous(), 1)?
                    .into_iter()
                    .next();
            }
            let Some(chunk) = &chunk else { break };
            for record in chunk.records() {
                let record = record?;
                let offset = record.sequence.get().checked_sub(run.first.get());
                let in_run = offset.is_some_and(|offset| offset < u64::from(run.length));
                if in_run && record.sequence >= earliest {
                    events.push(self.complete(record.decode()?, record.sequence));
                }
            }
        }
        Ok(events)
    }

    /// Finds what follows `after` about a subject. Reads the disk. Errors: [`Error::Expired`].
    pub(crate) fn look_ahead(
        &self,
        subject: &str,
        after: Sequence,
        max_bytes: usize,
    ) -> Result<Ahead, Error> {
        // Before the search: what is appended meanwhile lies after it.
        let head = self.head();
        let runs = self
            .shared
            .with_engine(|engine| engine.subject(self.core.id, subject, after.next(), 1))??;
        // After the search: the index forgets what is trimmed only once `earliest` has moved on.
        self.check_retained(after)?;
        let Some(run) = runs.first().filter(|run| run.first <= head) else {
            return Ok(Ahead {
                skip_to: head.max(after),
                chunks: Vec::new(),
            });
        };
        let skip_to = run.first.previous().max(after);
        let near = skip_to.get() - after.get() <= NEAR_EVENTS;
        let chunks = if near {
            self.fetch_stored(after, max_bytes)?
        } else {
            self.fetch_stored(skip_to, 1)?
        };
        Ok(Ahead {
            skip_to: if near { after } else { skip_to },
            chunks,
        })
    }
}

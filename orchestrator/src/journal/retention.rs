//! Executions that have ended: which of them are the oldest, and how they are forgotten.

use bytes::Bytes;
use pavane_feed::Sequence;
use pavane_flow::Timestamp;

use super::{Journal, listing_key};
use crate::Error;

/// An execution that is to be forgotten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finished {
    /// Where it starts in the journal.
    start: Sequence,
    id: String,
}

impl Journal {
    /// Of the executions that have ended, those that are not among the `count` that were started last,
    /// and those of which the time of their end is too old. Reads the whole list.
    pub(crate) fn finished(
        &self,
        count: usize,
        is_too_old: impl Fn(Timestamp) -> bool,
    ) -> Result<Vec<Finished>, Error> {
        let mut kept = 0;
        let mut found = Vec::new();
        for entry in self.summaries(Sequence::new(u64::MAX)) {
            let (start, summary) = entry?;
            let Some(end) = summary.end_time.as_ref().map(Timestamp::from) else {
                continue; // it lives
            };
            if kept == count || is_too_old(end) {
                let id = summary.id;
                found.push(Finished { start, id });
            } else {
                kept += 1;
            }
        }
        Ok(found)
    }

    /// Forgets executions that have ended, in one transaction: lists do not have them any more, nor is
    /// kept what others said of them. Their events in the journal stay.
    pub(crate) async fn forget(&self, executions: &[Finished]) -> Result<(), Error> {
        let executions = executions.to_vec();
        let (listing, heard) = (self.listing.clone(), self.heard.clone());
        let permit = self.store.reserve().await?;
        let forgotten: super::Recorded = permit.submit(move |tx| {
            for Finished { start, id } in executions {
                tx.delete(&listing, listing_key(start.get()).to_vec())?;
                tx.delete(&heard, Bytes::from(id))?;
            }
            Ok(())
        });
        forgotten.await.map_err(|error| match error {
            pavane_feed::TransactError::Aborted(error)
            | pavane_feed::TransactError::Store(error) => error.into(),
        })
    }
}

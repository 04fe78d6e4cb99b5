//! Executions that were started before this member listened: what the feeds of its peers have of them is
//! read, and told to the core.

use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};
use pavane::workflow::v1::TakeUpExecutionsRequest;
use pavane_flow::choreography::member::Heard;

use super::input::{CaughtUp, Input};
use super::{Runtime, reply_with};
use crate::Error;
use crate::peers::Reader;

/// Executions whose events are read at a time.
const AT_A_TIME: usize = 16;

impl Runtime {
    /// Takes up executions that live and that the member may not have heard of, as TakeUpExecutions
    /// does.
    ///
    /// # Errors
    /// Those of TakeUpExecutions.
    pub async fn catch_up(&self, request: TakeUpExecutionsRequest) -> Result<(), Error> {
        // In a task of its own: whoever asked may go away, and nothing may be left half expected.
        let this = self.clone();
        let catching_up = tokio::spawn(async move { this.catch_up_now(request).await });
        catching_up.await.unwrap_or(Err(Error::Stopped))
    }

    async fn catch_up_now(&self, request: TakeUpExecutionsRequest) -> Result<(), Error> {
        let TakeUpExecutionsRequest {
            revision,
            executions,
            is_last,
        } = request;
        let readers = self.readers(&revision)?;
        let ids = executions.iter().map(|living| living.id.as_str().into());
        let ids: Vec<Arc<str>> = ids.collect();
        let unknown = self.tell(move |member, _, _| member.expect(ids)).await?;
        let lacking = executions.into_iter().filter_map(|living| {
            let id = unknown.iter().find(|id| ***id == *living.id)?;
            let known = living.events.into_iter().map(Heard::from);
            Some((Arc::clone(id), known.collect()))
        });
        let reading = stream::iter(lacking.collect::<Vec<_>>())
            .map(|(execution, known)| read(execution, known, &readers))
            .buffer_unordered(AT_A_TIME);
        let (read, problem) = match reading.try_collect().await {
            Ok(read) => (read, None),
            Err(error) => {
                // What was said of them meanwhile counts as if it had not been asked.
                let nothing = |execution| CaughtUp {
                    execution,
                    events: Vec::new(),
                };
                (unknown.into_iter().map(nothing).collect(), Some(error))
            }
        };
        self.ask(|reply| Input::CatchUp(read, reply_with(reply, ())))
            .await?;
        match problem {
            Some(error) => Err(error),
            None if is_last => self.0.parts.is_up_to_date(&revision).await,
            None => Ok(()),
        }
    }

    /// Those who are heard for a revision. Errors: [`Error::NotPrepared`], [`Error::InvalidTarget`].
    fn readers(&self, revision: &str) -> Result<Vec<Reader>, Error> {
        let prepared = self.0.shared.prepared.lock();
        let prepared = prepared.get(revision).ok_or_else(|| Error::NotPrepared {
            name: self.0.host.identity().name.clone(),
            revision: revision.to_owned(),
        })?;
        let peers = self.0.shared.peers.lock();
        let heard = prepared.hears.iter();
        let heard = heard.filter_map(|hears| Some(peers.0.get(&hears.peer)?.place.clone()));
        let readers = heard.map(|place| {
            let address = self.0.follow.address(&place).to_owned();
            Reader::new(
                &*self.0.host,
                place,
                &address,
                self.0.options.connect_timeout,
            )
        });
        readers.collect()
    }
}

/// All that is said of an execution: what the home has heard, and what the feeds have.
async fn read(
    execution: Arc<str>,
    mut events: Vec<Heard>,
    readers: &[Reader],
) -> Result<CaughtUp, Error> {
    for reader in readers {
        events.extend(reader.clone().events_of(&execution).await?);
    }
    Ok(CaughtUp { execution, events })
}

//! What the checks share: the server, the randomness, and a history that is made once.

use std::sync::Arc;

use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::task::JoinHandle;

use super::history::History;
use super::peer::Peer;
use super::stop::Stop;
use super::{Options, events};
use crate::Error;

pub(crate) struct Suite {
    pub(crate) peer: Peer,
    pub(crate) options: Options,
    /// The same for a check and a seed, whichever checks ran before.
    pub(crate) random: StdRng,
    history: Option<Arc<History>>,
}

impl Suite {
    pub(crate) async fn start(options: Options) -> Result<Self, Error> {
        Ok(Self {
            peer: Peer::connect(&options.target, options.patience).await?,
            random: StdRng::seed_from_u64(options.seed),
            options,
            history: None,
        })
    }

    /// A check begins.
    pub(crate) fn begin(&mut self, name: &str) {
        self.random = self.random_for(name);
    }

    /// Whether there is one feed, which is only to be read.
    pub(crate) fn reads_only(&self) -> bool {
        self.options.feed.is_some()
    }

    /// The feed that most checks read.
    pub(crate) async fn history(&mut self) -> Result<Arc<History>, Stop> {
        if let Some(history) = &self.history {
            return Ok(history.clone());
        }
        let count = self.options.events;
        let history = match &self.options.feed {
            Some(feed) => History::list(&self.peer, feed.clone(), count).await?,
            None => {
                let commits = events::commits(&mut self.random_for("history"), count);
                History::publish(&self.peer, fresh_feed(), commits).await?
            }
        };
        let history = Arc::new(history);
        self.history = Some(history.clone());
        Ok(history)
    }

    fn random_for(&self, name: &str) -> StdRng {
        let mut hash = self.options.seed ^ 0xcbf2_9ce4_8422_2325;
        for byte in name.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        StdRng::seed_from_u64(hash)
    }
}

/// The name of a feed that does not exist yet. Not from the seed: feeds outlive a run.
pub(crate) fn fresh_feed() -> String {
    format!("conformance-{:016x}", rand::random::<u64>())
}

/// What a task of ours came to.
pub(crate) async fn joined<T>(task: JoinHandle<Result<T, Stop>>) -> Result<T, Stop> {
    task.await
        .unwrap_or_else(|failure| std::panic::resume_unwind(failure.into_panic()))
}

//! How long executions that have ended are remembered: a look now and then at the list of them, and
//! small transactions for those whose time is over. Their events in the journal stay: others follow
//! it, and may be far behind.

use std::time::Duration;

use tokio::time::MissedTickBehavior;
use tracing::{debug, warn};

use crate::Error;
use crate::journal::{Finished, Journal};
use crate::options::Retention;
use crate::task::join;

/// How often it is looked.
const EVERY: Duration = Duration::from_secs(60);

/// Most executions that one transaction forgets: nobody who starts one is to wait for long.
const A_TRANSACTION: usize = 500;

/// Forgets what need not be remembered any more, for ever. What cannot be read or written is tried
/// again with the next look; a store that has failed is somebody else's to notice.
pub(crate) async fn enforce<T>(journal: Journal, keep: Retention) -> T {
    if keep == Retention::default() {
        return std::future::pending().await;
    }
    let mut looks = tokio::time::interval(EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        match sweep(&journal, &keep).await {
            Ok(0) => {}
            Ok(executions) => debug!(executions, "forgot executions that had ended"),
            Err(error) => warn!(%error, "cannot forget executions that have ended"),
        }
    }
}

/// Forgets all whose time is over, and says how many they were.
async fn sweep(journal: &Journal, keep: &Retention) -> Result<usize, Error> {
    let (reading, keep) = (journal.clone(), keep.clone());
    let looking = tokio::task::spawn_blocking(move || overdue(&reading, &keep));
    let gone = join(looking).await?;
    for executions in gone.chunks(A_TRANSACTION) {
        journal.forget(executions).await?;
    }
    Ok(gone.len())
}

fn overdue(journal: &Journal, keep: &Retention) -> Result<Vec<Finished>, Error> {
    let now = journal.now();
    let count = keep.finished_count.unwrap_or(usize::MAX);
    let longest = keep.finished_for.unwrap_or(Duration::MAX);
    journal.finished(count, |end| now.since(end) > longest)
}

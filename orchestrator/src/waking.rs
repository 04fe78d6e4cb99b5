//! Taking executions up again that rest: when their time has come, or when somebody wants something of
//! them.

use std::sync::Arc;

use pavane_flow::driver::Input;
use tracing::error;

use crate::Error;
use crate::engine::Engine;
use crate::executions::{Found, Live, Sleep};
use crate::restart::{self, Taken};

impl Engine {
    /// Wakes executions when their time has come, for ever.
    pub(crate) async fn keep_time<T>(&self) -> T {
        loop {
            let (id, turn) = self.executions.next_due().await;
            let this = self.clone();
            self.executions.spawn(async move {
                match this.executions.find(&id) {
                    Some(Found::Live(live)) => this.executions.wake(live, turn).await,
                    Some(Found::Resting(sleep)) if sleep.is_over(this.executions.now()) => {
                        if let Err(error) = this.take_up(&id, sleep).await {
                            error!(execution = %id, %error, "cannot be woken");
                        }
                    }
                    // Its time is later, or it has ended.
                    Some(Found::Resting(_)) | None => {}
                }
            });
        }
    }

    /// The execution with this id, if it is conducted here and has not ended. If it rests it is taken
    /// up, and does not rest again before this is let go.
    ///
    /// Errors: what is recorded of it cannot be read, or its revision no longer compiles.
    pub(crate) async fn conducted(&self, id: &str) -> Result<Option<Arc<Live>>, Error> {
        loop {
            match self.executions.find(id) {
                None => return Ok(None),
                Some(Found::Live(live)) => return Ok(Some(live)),
                Some(Found::Resting(sleep)) => {
                    if let Some(live) = self.take_up(id, sleep).await? {
                        return Ok(Some(live));
                    }
                    // Somebody else was faster.
                }
            }
        }
    }

    /// Brings an input to an execution that is conducted here, whether it rests or not. Answers when
    /// what follows is durable; `false`: it has ended.
    ///
    /// Errors: as of [`Engine::conducted`].
    #[expect(
        dead_code,
        reason = "for those who look out for events that are awaited"
    )]
    pub(crate) async fn bring(&self, id: &str, input: Input) -> Result<bool, Error> {
        let Some(live) = self.conducted(id).await? else {
            return Ok(false);
        };
        self.executions.tell(&live, input).await?;
        Ok(true)
    }

    async fn take_up(&self, id: &str, sleep: Sleep) -> Result<Option<Arc<Live>>, Error> {
        match restart::read(self, id, sleep.start(), sleep.resting())? {
            Taken::Conducted(record) => self.executions.take_up(record, Some(sleep)).await,
            Taken::Choreographed(_) => Err(Error::CorruptJournal(format!(
                "execution `{id}` rests, but is choreographed"
            ))),
        }
    }
}

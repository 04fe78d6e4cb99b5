//! What an operator asks of an execution that has not ended: to cancel it, to have it go on, to settle
//! a step by hand. Each can be asked for without being done, to learn whether it would be refused.

use bytes::Bytes;
use pavane::workflow::v1::ExecutionState;
use pavane_flow::driver;
use pavane_flow::event::Resolution;
use pavane_flow::plan::{Plan, Unit};

use super::{Engine, Living};
use crate::{Error, view};

/// A step that is to be settled by hand, and how.
#[derive(Clone, Debug)]
pub(crate) struct Settling {
    pub(crate) unit: Unit,
    pub(crate) resolution: Resolution,
    /// What it counts as having been answered with, encoded; empty unless it is completed.
    pub(crate) output: Bytes,
    pub(crate) reason: String,
}

/// Whether something is done, or only looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doing {
    /// It is done.
    Now,
    /// Nothing changes.
    Nothing,
}

impl From<bool> for Doing {
    /// From the `validate_only` of a request.
    fn from(validate_only: bool) -> Self {
        if validate_only {
            Self::Nothing
        } else {
            Self::Now
        }
    }
}

impl Engine {
    /// Asks for an execution to be canceled. Errors: [`Error::UnknownExecution`],
    /// [`Error::ExecutionEnded`].
    pub(crate) async fn cancel(&self, id: &str, reason: String) -> Result<(), Error> {
        match self.living(id).await? {
            Living::Conducted(live) => {
                let input = driver::Input::Cancel { reason };
                self.executions.tell(&live, input).await
            }
            Living::Hosted(hosted) => self.choreography.cancel(&hosted, reason).await,
        }
    }

    /// Whether an execution can be canceled. Errors: as of [`Engine::cancel`].
    pub(crate) async fn check_cancelable(&self, id: &str) -> Result<(), Error> {
        self.living(id).await.map(drop)
    }

    /// Has a suspended execution go on. Errors: [`Error::UnknownExecution`],
    /// [`Error::ExecutionEnded`], [`Error::NotSuspended`].
    pub(crate) async fn resume(&self, id: &str, doing: Doing) -> Result<(), Error> {
        let living = self.living(id).await?;
        let state = match &living {
            Living::Conducted(live) => Some(view::state_of(live.lock().state())),
            Living::Hosted(_) => self.choreography.look(id, view::state_of),
        };
        if state != Some(ExecutionState::Suspended) {
            return Err(Error::NotSuspended {
                id: id.to_owned(),
                state: state.map_or("ending", view::state_word),
            });
        }
        match living {
            _ if doing == Doing::Nothing => Ok(()),
            Living::Conducted(live) => self.executions.tell(&live, driver::Input::Resume).await,
            Living::Hosted(hosted) => self.choreography.resume(&hosted).await,
        }
    }

    /// Settles a step by hand. `order` says which and how, once it knows the plan.
    ///
    /// Errors: [`Error::UnknownExecution`], [`Error::ExecutionEnded`], [`Error::StepNotSettled`], and
    /// those of `order`.
    pub(crate) async fn settle(
        &self,
        id: &str,
        order: impl FnOnce(&Plan) -> Result<Settling, Error>,
        doing: Doing,
    ) -> Result<(), Error> {
        let living = self.living(id).await?;
        let plan = match &living {
            Living::Conducted(live) => live.plan(),
            Living::Hosted(hosted) => hosted.plan(),
        };
        let settling = order(plan)?;
        let unit = settling.unit;
        let settled = match &living {
            Living::Conducted(live) => {
                self.executions
                    .settle_by_hand(live, settling, doing)
                    .await?
            }
            Living::Hosted(hosted) => self.choreography.settle(hosted, settling, doing).await?,
        };
        settled.map_err(|why| Error::StepNotSettled {
            id: id.to_owned(),
            step: plan.step(unit.step).id.to_string(),
            why,
        })
    }
}

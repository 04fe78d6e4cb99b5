//! Steps that an operator settles by hand, of executions that are conducted here.

use std::sync::Arc;

use pavane_flow::driver::{Input, Refusal};

use super::{Executions, Live};
use crate::Error;
use crate::engine::{Doing, Settling};
use crate::task::join;

impl Executions {
    /// Settles a step, and answers when that is durable; calls go on behind. What stands against it is
    /// looked for under the same lock: nothing comes between. Errors: those of the journal.
    pub(crate) async fn settle_by_hand(
        &self,
        live: &Arc<Live>,
        settling: Settling,
        doing: Doing,
    ) -> Result<Result<(), Refusal>, Error> {
        if doing == Doing::Nothing {
            let refusal = live.lock().refusal(settling.unit, settling.resolution);
            return Ok(refusal.map_or(Ok(()), Err));
        }
        // In a task of its own: whoever asked may go away, what follows is to be done.
        let (this, live) = (self.clone(), Arc::clone(live));
        let telling = self.0.tasks.spawn(async move {
            let permit = this.0.journal.reserve().await?;
            let Settling {
                unit,
                resolution,
                output,
                reason,
            } = settling;
            let input = Input::Resolve {
                unit,
                resolution,
                output,
                reason,
            };
            let taken_in = {
                let mut conductor = live.lock();
                if let Some(refusal) = conductor.refusal(unit, resolution) {
                    return Ok(Err(refusal));
                }
                let mut actions = Vec::new();
                conductor.step(this.now(), input, &mut actions);
                this.put_in_line(permit, &live, &conductor, actions)?
            };
            let calls = this.settle(&live, taken_in).await?;
            let carrying_on = this.clone();
            this.0
                .tasks
                .spawn(async move { carrying_on.carry_on(live, calls).await });
            Ok(Ok(()))
        });
        join(telling).await
    }
}

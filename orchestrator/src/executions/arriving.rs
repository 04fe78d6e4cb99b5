//! Events of feeds that may be those that executions await.

use std::sync::Arc;

use bytes::Bytes;
use pavane_flow::driver::Input;
use pavane_flow::plan::StepIndex;

use super::{Executions, Live, report};
use crate::Error;

impl Executions {
    /// Brings an event, and says whether the step still awaits one. Events that are brought one after
    /// the other are seen in that order; what follows is done behind.
    ///
    /// Errors: those of the journal.
    pub(crate) async fn arrive(
        &self,
        live: Arc<Live>,
        step: StepIndex,
        event: Bytes,
        data: Bytes,
    ) -> Result<bool, Error> {
        let permit = self.0.journal.reserve().await?;
        let (taken_in, awaits) = {
            let mut core = live.lock();
            let mut actions = Vec::new();
            let input = Input::Arrived { step, event, data };
            core.step(self.now(), input, &mut actions);
            let awaits = core.awaits(step);
            if actions.is_empty() {
                return Ok(awaits);
            }
            (self.put_in_line(permit, &live, &core, actions)?, awaits)
        };
        let this = self.clone();
        self.0.tasks.spawn(async move {
            match this.settle(&live, taken_in).await {
                Ok(calls) => this.carry_on(Arc::clone(&live), calls).await,
                Err(error) => report(live.id(), &error),
            }
        });
        Ok(awaits)
    }
}

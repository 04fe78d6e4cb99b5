//! Steps that an operator settles by hand, of choreographed executions: the home says it, and all who
//! take part hear it from there.

use std::sync::Arc;

use pavane_flow::driver::Refusal;

use super::{Choreography, Hosted};
use crate::Error;
use crate::engine::{Doing, Settling};

impl Choreography {
    /// Settles a step, and answers when that is durable. Errors: those of the journal.
    pub(crate) async fn settle(
        &self,
        hosted: &Hosted,
        settling: Settling,
        doing: Doing,
    ) -> Result<Result<(), Refusal>, Error> {
        let id = Arc::clone(hosted.id());
        let Settling {
            unit,
            resolution,
            output,
            reason,
        } = settling;
        if doing == Doing::Nothing {
            let refusal = self.runtime().look(|member| match member.driver(&id) {
                Some(driver) => driver.refusal(unit, resolution),
                None => Some(Refusal::Ended),
            });
            return Ok(refusal.map_or(Ok(()), Err));
        }
        self.tell(move |member, now, out| {
            member.resolve(now, &id, unit, resolution, output, reason, out)
        })
        .await
    }
}

//! The services that members call.

use bytes::Bytes;

use crate::driver::Direction;
use crate::plan::StepIndex;

const FAILED_PRECONDITION: i32 = 9;
const ABORTED: i32 = 10;

/// A service for one step. It keeps the contract: idempotent, with tombstones (rule 8).
#[derive(Clone, Default)]
pub(super) struct Service {
    pub(super) effect: bool,
    pub(super) tombstone: bool,
    pub(super) refuses: bool,
    pub(super) undo_refusals: u32,
}

impl Service {
    pub(super) fn call(&mut self, direction: Direction) -> Result<(), i32> {
        match direction {
            Direction::Forward if self.tombstone => Err(ABORTED),
            Direction::Forward if self.refuses && !self.effect => Err(FAILED_PRECONDITION),
            Direction::Forward => {
                self.effect = true;
                Ok(())
            }
            Direction::Compensation if self.undo_refusals > 0 => {
                self.undo_refusals -= 1;
                Err(FAILED_PRECONDITION)
            }
            Direction::Compensation => {
                self.effect = false;
                self.tombstone = true;
                Ok(())
            }
        }
    }
}

/// What the call of a step is answered with.
pub(super) fn response(step: StepIndex) -> Bytes {
    Bytes::from(format!("response of {}", step.0))
}

//! Services as a step sees them: idempotent by key, with tombstones (rule 8), and with a will of their
//! own.

use crate::sabotage::Sabotage;
use crate::scenario::{FOR_EVER, Script};

pub(crate) const FAILED_PRECONDITION: i32 = 9;
pub(crate) const RESOURCE_EXHAUSTED: i32 = 8;
pub(crate) const ABORTED: i32 = 10;

/// What a service remembers of one step of one execution.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    script: Script,
    /// Whether the effect stands.
    pub(crate) has_effect: bool,
    /// Whether the forward call was taken, and is answered the same again.
    is_done: bool,
    /// Whether it was undone, or told to be before it was done.
    pub(crate) is_undone: bool,
    /// Whether an operator has seen to it that it will not be done.
    is_withdrawn: bool,
    /// How often it took effect.
    pub(crate) performed: u32,
}

impl Service {
    pub(crate) fn new(script: Script) -> Self {
        Self {
            script,
            has_effect: false,
            is_done: false,
            is_undone: false,
            is_withdrawn: false,
            performed: 0,
        }
    }

    /// Does it. Errors: the code of a refusal.
    pub(crate) fn perform(&mut self, sabotage: Sabotage) -> Result<(), i32> {
        if self.is_withdrawn {
            return Err(ABORTED);
        }
        if self.is_undone && sabotage != Sabotage::NoTombstones {
            return Err(ABORTED);
        }
        if self.is_done && sabotage != Sabotage::NoIdempotency {
            return Ok(());
        }
        if self.script.refusals > 0 {
            if self.script.refusals != FOR_EVER {
                self.script.refusals -= 1;
            }
            return Err(refusal(self.script.is_refusal_retryable));
        }
        self.has_effect = true;
        self.is_done = true;
        self.performed += 1;
        Ok(())
    }

    /// An operator sees to it that it is done.
    pub(crate) fn do_by_hand(&mut self) {
        self.has_effect = true;
        self.is_done = true;
        self.performed = 1;
    }

    /// An operator sees to it that it is not done, now and later.
    pub(crate) fn withdraw_by_hand(&mut self) {
        self.has_effect = false;
        self.is_withdrawn = true;
    }

    /// An operator undoes it.
    pub(crate) fn undo_by_hand(&mut self) {
        self.has_effect = false;
        self.is_undone = true;
    }

    /// Undoes it, or makes sure that it will not be done. Errors: the code of a refusal.
    pub(crate) fn undo(&mut self) -> Result<(), i32> {
        if self.script.undo_refusals > 0 {
            self.script.undo_refusals -= 1;
            return Err(refusal(self.script.is_refusal_retryable));
        }
        self.has_effect = false;
        self.is_undone = true;
        Ok(())
    }
}

fn refusal(is_retryable: bool) -> i32 {
    if is_retryable {
        RESOURCE_EXHAUSTED
    } else {
        FAILED_PRECONDITION
    }
}

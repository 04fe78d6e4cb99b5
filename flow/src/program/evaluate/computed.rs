//! Values with a name, which are computed when the first expression of a program needs them.

use super::{Evaluated, Machine};
use crate::program::expression::Expression;
use crate::program::meter::Problem;

impl<'a> Machine<'a, '_> {
    /// The value in a slot, computed at most once.
    pub(super) fn computed(&mut self, slot: usize) -> Evaluated<'a> {
        if let Some(value) = self.computed.get(&slot) {
            return Ok(value.clone());
        }
        let value = self.in_slot(slot, Self::evaluate)?;
        self.computed.insert(slot, value.clone());
        Ok(value)
    }

    pub(super) fn is_conditional(&self, slot: usize) -> bool {
        matches!(self.frame.computed(slot).1, Expression::Conditional(_))
    }

    /// Evaluates the expression in a slot, which knows nothing of the variables around it.
    pub(super) fn in_slot<T>(
        &mut self,
        slot: usize,
        evaluate: impl FnOnce(&mut Self, &'a Expression) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        let (name, expression) = self.frame.computed(slot);
        let locals = std::mem::take(&mut self.locals);
        let result = evaluate(self, expression);
        self.locals = locals;
        result.map_err(|problem| {
            Problem::because(problem.cause, format!("`{name}`: {}", problem.text))
        })
    }
}

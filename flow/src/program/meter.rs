//! What bounds an evaluation: every step is paid for, and there is only so much to pay with.

use super::value::Value;

/// Most steps of one program: an operation is one, copying or searching text one for each 32 bytes.
pub const MAX_STEPS: u64 = 1_000_000;
/// Most elements of a list that an expression makes.
pub const MAX_LIST: usize = 100_000;
/// Most bytes of text that an expression makes, and of a message that a program makes.
pub const MAX_OUTPUT_BYTES: usize = 1 << 20;

/// What kind of thing stands in the way of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A value of a type that the operation does not take. Checked expressions get there only
    /// through a value whose type is known when it is evaluated: of `dyn`, Struct, Value.
    Type,
    /// A message without such a field. As `Type`, only where the type was not known.
    Field,
    /// A null where a value is needed, such as in a sum.
    Null,
    /// The values themselves: an overflow, a missing key, a text that is no number.
    Value,
    /// A limit is exceeded; the text names it.
    Limit,
    /// Bytes that are not a message of their type.
    Malformed,
}

/// Why there is no value, in a few words. The expression is added where it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) cause: Cause,
    pub(crate) text: String,
}

impl Problem {
    /// A problem of the values themselves.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self::because(Cause::Value, text)
    }

    pub(crate) fn because(cause: Cause, text: impl Into<String>) -> Self {
        /// Longest text of a problem. It may quote what is in a message.
        const MOST: usize = 600;
        let mut text = text.into();
        if let Some((end, _)) = text.char_indices().nth(MOST) {
            text.truncate(end);
            text.push('…');
        }
        Self { cause, text }
    }

    /// A problem of the types of values: of a null, that it is one.
    pub(crate) fn mismatch(values: &[&Value<'_>], text: impl Into<String>) -> Self {
        let is_null = values.iter().any(|value| matches!(value, Value::Null));
        let cause = if is_null { Cause::Null } else { Cause::Type };
        Self::because(cause, text)
    }
}

/// The steps that are left.
#[derive(Debug)]
pub(crate) struct Meter {
    left: u64,
}

impl Meter {
    pub(crate) fn new() -> Self {
        Self::with(MAX_STEPS)
    }

    /// So many steps and no more.
    pub(crate) fn with(left: u64) -> Self {
        Self { left }
    }

    /// Whether all steps were used up, so that what failed may have failed for that.
    pub(crate) fn is_used_up(&self) -> bool {
        self.left == 0
    }

    /// Pays for so many steps.
    pub(crate) fn charge(&mut self, steps: usize) -> Result<(), Problem> {
        let steps = u64::try_from(steps).unwrap_or(u64::MAX);
        let enough = self.left >= steps;
        self.left = self.left.saturating_sub(steps);
        if enough {
            Ok(())
        } else {
            let text = format!("it takes more than the allowed {MAX_STEPS} steps");
            Err(Problem::because(Cause::Limit, text))
        }
    }

    /// Pays for going over so many bytes once.
    pub(crate) fn charge_bytes(&mut self, bytes: usize) -> Result<(), Problem> {
        self.charge(bytes / 32 + 1)
    }
}

/// Refuses a list that gets too long.
pub(crate) fn check_list(length: usize) -> Result<(), Problem> {
    if length <= MAX_LIST {
        return Ok(());
    }
    let text = format!("a list of {length} elements is more than the allowed {MAX_LIST}");
    Err(Problem::because(Cause::Limit, text))
}

/// Refuses text or a message that gets too long.
pub(crate) fn check_bytes(length: usize) -> Result<(), Problem> {
    if length <= MAX_OUTPUT_BYTES {
        return Ok(());
    }
    let text = format!("{length} bytes are more than the allowed {MAX_OUTPUT_BYTES}");
    Err(Problem::because(Cause::Limit, text))
}

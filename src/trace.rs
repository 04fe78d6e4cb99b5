//! W3C trace context: an execution belongs to the trace of the call that started it, or to one of
//! its own; each call that it makes is a span of that trace. Never makes an id up: whoever asks for a
//! new trace or span brings the random number.

use std::fmt;
use std::num::NonZero;

use tonic::metadata::MetadataMap;

/// Trace id and flags: what all spans of a trace have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trace {
    id: NonZero<u128>,
    flags: u8,
}

impl Trace {
    /// A trace that is not sampled. `id` is random.
    pub fn new(id: NonZero<u128>) -> Self {
        Self { id, flags: 0 }
    }

    /// The caller's trace, if the call says that it is part of one.
    pub fn of_call(metadata: &MetadataMap) -> Option<Self> {
        let said = metadata.get(crate::metadata::TRACEPARENT)?;
        Self::parse(said.to_str().ok()?)
    }

    /// Reads `00-<trace>-<span>-<flags>`, as
    /// [W3C Trace Context](https://www.w3.org/TR/trace-context/#traceparent-header) has it; a later
    /// version may say more at the end. The span is the caller's and is left aside.
    pub fn parse(traceparent: &str) -> Option<Self> {
        let mut parts = traceparent.split('-');
        let (version, id, span, flags) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let is_hex = |text: &str, length| {
            text.len() == length
                && text
                    .bytes()
                    .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        if !is_hex(version, 2) || version == "ff" || !is_hex(id, 32) || !is_hex(span, 16) {
            return None;
        }
        if !is_hex(flags, 2) || (version == "00" && parts.next().is_some()) {
            return None;
        }
        let _span = NonZero::new(u64::from_str_radix(span, 16).ok()?)?;
        Some(Self {
            id: NonZero::new(u128::from_str_radix(id, 16).ok()?)?,
            flags: u8::from_str_radix(flags, 16).ok()?,
        })
    }

    /// A `traceparent` with a new span of this trace. `span` is random.
    pub fn span(self, span: NonZero<u64>) -> Span {
        Span { trace: self, span }
    }
}

/// A span of a trace; shown as a `traceparent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    trace: Trace,
    span: NonZero<u64>,
}

impl Span {
    /// How long its text is.
    pub const TEXT_BYTES: usize = 55;
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Trace { id, flags } = self.trace;
        write!(f, "00-{id:032x}-{:016x}-{flags:02x}", self.span)
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZero;

    use super::{Span, Trace};

    #[test]
    fn a_span_of_a_trace_belongs_to_it() {
        let caller = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let trace = Trace::parse(caller).expect("the example of the specification");
        let span = trace.span(NonZero::<u64>::MIN).to_string();
        assert_eq!(span.len(), Span::TEXT_BYTES);
        assert_eq!(Trace::parse(&span), Some(trace));
        assert_ne!(span, caller);
    }

    #[test]
    fn nonsense_is_no_trace() {
        for wrong in [
            "",
            "00",
            "00-0-0-0",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ] {
            assert_eq!(Trace::parse(wrong), None, "{wrong}");
        }
        let zero = "00-00000000000000000000000000000000-b7ad6b7169203331-01";
        assert_eq!(Trace::parse(zero), None);
    }
}

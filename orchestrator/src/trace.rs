//! W3C trace context: an execution belongs to the trace of the call that started it, or to one of
//! its own; each call that it makes is a span of that trace.

use http::HeaderValue;
use rand::Rng;
use tonic::metadata::MetadataMap;

/// Trace id and flags of an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Trace {
    id: u128,
    flags: u8,
}

impl Trace {
    /// A trace that is not sampled.
    pub(crate) fn new() -> Self {
        Self {
            id: rand::rng().random_range(1..=u128::MAX),
            flags: 0,
        }
    }

    /// The caller's trace, or a new one that is not sampled.
    pub(crate) fn of_call(metadata: &MetadataMap) -> Self {
        let said = metadata.get(pavane::metadata::TRACEPARENT);
        said.and_then(|value| Self::parse(value.to_str().ok()?))
            .unwrap_or_else(Self::new)
    }

    /// Reads `00-<trace>-<span>-<flags>`; the span is the caller's and is left aside.
    pub(crate) fn parse(traceparent: &str) -> Option<Self> {
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
        let id = u128::from_str_radix(id, 16).ok().filter(|&id| id != 0)?;
        (u64::from_str_radix(span, 16).ok()? != 0).then_some(())?;
        Some(Self {
            id,
            flags: u8::from_str_radix(flags, 16).ok()?,
        })
    }

    /// The same, as it goes over the wire.
    pub(crate) fn new_span_header(self) -> HeaderValue {
        HeaderValue::try_from(self.new_span()).expect("digits and dashes")
    }

    /// A `traceparent` with a new span of this trace.
    pub(crate) fn new_span(self) -> String {
        let span = rand::rng().random_range(1..=u64::MAX);
        format!("00-{:032x}-{span:016x}-{:02x}", self.id, self.flags)
    }
}

#[cfg(test)]
mod tests {
    use super::Trace;

    #[test]
    fn a_span_of_a_trace_belongs_to_it() {
        let caller = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let trace = Trace::parse(caller).expect("the example of the specification");
        let span = trace.new_span();
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

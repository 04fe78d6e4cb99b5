//! How long a call may take: what its caller said in `grpc-timeout`, or the server's own limit.
//!
//! The format is that of the gRPC over HTTP/2 specification: at most eight digits and a unit.

use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderName};
use pavane::error;
use tonic::{Code, Status};

use crate::Limits;

/// When a call ends, whatever its handler does: an extension of each request that a fallback gets. A
/// handler that has more to say than that the time is over says it before.
#[derive(Clone, Copy, Debug)]
pub struct CallEnds(pub Instant);

/// Name of the header that carries a caller's deadline.
pub(crate) const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// The time that a call has, and who set it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Deadline {
    /// The caller waits no longer than this.
    Caller(Duration),
    /// The caller named none: the server's limit.
    Server(Duration),
}

impl Deadline {
    /// Reads the deadline of a gRPC call.
    pub(crate) fn of(headers: &HeaderMap, limits: &Limits) -> Result<Self, Status> {
        let Some(value) = headers.get(GRPC_TIMEOUT) else {
            return Ok(Self::Server(limits.request_timeout));
        };
        parse(value.as_bytes()).map(Self::Caller).ok_or_else(|| {
            let found = String::from_utf8_lossy(value.as_bytes());
            error::status(
                Code::InvalidArgument,
                "INVALID_TIMEOUT",
                format!(
                    "`grpc-timeout` is `{found}`, expected at most eight digits and one of the \
                     units H, M, S, m, u, n"
                ),
            )
        })
    }

    pub(crate) fn duration(self) -> Duration {
        match self {
            Self::Caller(duration) | Self::Server(duration) => duration,
        }
    }

    /// When a call that begins now ends.
    pub(crate) fn ends_from_now(self) -> CallEnds {
        CallEnds(Instant::now() + self.duration())
    }

    /// The status of a call that took longer.
    pub(crate) fn exceeded(self) -> Status {
        let details = error::Details::new();
        match self {
            Self::Caller(duration) => details.status(
                Code::DeadlineExceeded,
                "DEADLINE_PASSED",
                format!("the call took longer than its deadline of {duration:?}"),
            ),
            Self::Server(duration) => details
                .fact("request_timeout_ms", duration.as_millis())
                .status(
                    Code::DeadlineExceeded,
                    "REQUEST_TIMEOUT",
                    format!(
                        "the call took longer than {duration:?}, the limit `request_timeout` for \
                         calls without a deadline"
                    ),
                ),
        }
    }
}

fn parse(value: &[u8]) -> Option<Duration> {
    let (unit, digits) = value.split_last()?;
    if digits.is_empty() || digits.len() > 8 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let amount = digits
        .iter()
        .fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'));
    Some(match unit {
        b'H' => Duration::from_secs(amount * 3600),
        b'M' => Duration::from_secs(amount * 60),
        b'S' => Duration::from_secs(amount),
        b'm' => Duration::from_millis(amount),
        b'u' => Duration::from_micros(amount),
        b'n' => Duration::from_nanos(amount),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_read_as_the_specification_writes_them() {
        let check = |text: &str, expected| assert_eq!(parse(text.as_bytes()), expected, "{text}");
        check("1H", Some(Duration::from_secs(3600)));
        check("2M", Some(Duration::from_secs(120)));
        check("30S", Some(Duration::from_secs(30)));
        check("250m", Some(Duration::from_millis(250)));
        check("99999999u", Some(Duration::from_micros(99_999_999)));
        check("7n", Some(Duration::from_nanos(7)));
        for wrong in [
            "",
            "S",
            "1",
            "1s",
            "-1S",
            "+1S",
            "1.5S",
            "123456789S",
            "1 S",
        ] {
            check(wrong, None);
        }
    }
}

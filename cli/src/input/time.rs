//! Times on the command line: when, or how long ago.

use std::time::{Duration, SystemTime};

use jiff::fmt::temporal::Pieces;
use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};

/// A time such as `2026-11-23T01:12:00Z`, or how long ago: `10m`, `2d 6h`. A day has 24 hours.
pub(crate) fn parse_time(text: &str) -> Result<Timestamp, String> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time);
    }
    // A time that is well written is not one that can be told.
    if let Ok(pieces) = Pieces::parse(text)
        && pieces.time().is_some()
        && pieces.offset().is_some()
    {
        let direction = if pieces.date().year() > 0 {
            "future"
        } else {
            "past"
        };
        return Err(format!("too far in the {direction}"));
    }
    let expected = "expected a time such as 2026-11-23T01:12:00Z, or a duration such as 10m";
    let ago = span(text).ok_or(expected)?;
    let now = Timestamp::try_from(SystemTime::now()).map_err(|error| error.to_string())?;
    now.checked_sub(ago)
        .map_err(|_| "too far in the past".to_owned())
}

/// A duration such as `30d` or `12h 30m`. A day has 24 hours.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    let span = span(text).and_then(|span| Duration::try_from(span).ok());
    span.ok_or_else(|| format!("`{text}` is no duration; expected one such as 30d or 12h"))
}

fn span(text: &str) -> Option<SignedDuration> {
    let span: Span = text.parse().ok()?;
    span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_said_as_it_is_or_as_how_long_ago() {
        let time = parse_time("2026-11-23T01:12:00Z").expect("is a time");
        assert_eq!(time.as_second(), 1_795_396_320);
        let seconds_ago = |text: &str| {
            let time = parse_time(text).expect("is a duration");
            let now = Timestamp::try_from(SystemTime::now()).expect("is in range");
            now.as_second() - time.as_second()
        };
        for (text, expected) in [("10m", 600), ("2d 6h", 194_400)] {
            let found = seconds_ago(text);
            assert!((expected - 5..=expected + 5).contains(&found), "{found}");
        }
    }

    #[test]
    fn a_duration_can_have_days_and_goes_forward() {
        let day = Duration::from_secs(86_400);
        assert_eq!(parse_duration("30d"), Ok(30 * day));
        assert_eq!(parse_duration("0s"), Ok(Duration::ZERO));
        let expected = "`-1d` is no duration; expected one such as 30d or 12h";
        assert_eq!(parse_duration("-1d"), Err(expected.to_owned()));
    }

    #[test]
    fn what_is_neither_is_refused() {
        let refused = |text: &str| parse_time(text).expect_err("is neither");
        let expected = "expected a time such as 2026-11-23T01:12:00Z, or a duration such as 10m";
        assert_eq!(refused("yesterday"), expected);
        // How long a month is depends on the month.
        assert_eq!(refused("1mo"), expected);
        assert_eq!(refused("9999-12-31T23:59:59Z"), "too far in the future");
        assert_eq!(refused("-009999-01-01T00:00:00Z"), "too far in the past");
        assert_eq!(refused("170000000h"), "too far in the past");
    }
}

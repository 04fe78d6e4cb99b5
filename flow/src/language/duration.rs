//! Durations as the JSON mapping of protobuf writes them: seconds with up to nine digits after the
//! point, and an `s`.

use std::time::Duration;

use crate::program::{Moment, show_duration};

/// Largest number of seconds of a protobuf duration.
const MAX_SECONDS: i64 = 315_576_000_000;

/// Parses `2s` or `-0.25s`. The error is what to do about it; it may be empty.
pub(super) fn parse_json(text: &str) -> Result<prost_types::Duration, String> {
    let parsed = text.strip_suffix('s').and_then(|number| {
        let (negative, number) = match number.strip_prefix('-') {
            Some(number) => (true, number),
            None => (false, number),
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(fraction) || fraction.len() > 9 {
            return None;
        }
        let seconds: i64 = whole.parse().ok().filter(|s| *s <= MAX_SECONDS)?;
        let nanos: i32 = format!("{fraction:0<9}").parse().ok()?;
        let sign = if negative { -1 } else { 1 };
        Some(prost_types::Duration {
            seconds: seconds * sign,
            nanos: nanos * i32::try_from(sign).expect("it is 1 or -1"),
        })
    });
    parsed.ok_or_else(|| help(text))
}

/// What was probably meant by a duration in another notation.
fn help(text: &str) -> String {
    let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let number_end = compact
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(compact.len());
    let (number, unit) = compact.split_at(number_end);
    let seconds = match unit {
        "" | "s" | "sec" | "second" | "seconds" => 1.0,
        "ms" => 0.001,
        "us" => 0.000_001,
        "m" | "min" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        _ => return String::new(),
    };
    match number.parse::<f64>() {
        Ok(number) if (number * seconds) < 1e9 => {
            let shown = format!("{:.9}", number * seconds);
            let shown = shown.trim_end_matches('0').trim_end_matches('.');
            format!("write `{shown}s`")
        }
        _ => String::new(),
    }
}

/// A duration that is not negative; `None` if it is, or if it is not one at all.
pub(super) fn to_std(duration: &prost_types::Duration) -> Option<Duration> {
    let seconds = u64::try_from(duration.seconds).ok()?;
    let nanos = u32::try_from(duration.nanos).ok()?;
    (nanos < 1_000_000_000).then(|| Duration::new(seconds, nanos))
}

/// A duration as the JSON mapping writes it.
pub(super) fn show(duration: Duration) -> String {
    let seconds = i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    let nanos = duration.subsec_nanos();
    show_duration(Moment { seconds, nanos })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_seconds_are_durations_and_the_help_converts() {
        let duration = |seconds, nanos| Ok(prost_types::Duration { seconds, nanos });
        assert_eq!(parse_json("2s"), duration(2, 0));
        assert_eq!(parse_json("0.25s"), duration(0, 250_000_000));
        assert_eq!(parse_json("-1.5s"), duration(-1, -500_000_000));
        for (text, help) in [
            ("2 s", "write `2s`"),
            ("100ms", "write `0.1s`"),
            ("5", "write `5s`"),
            ("1.5h", "write `5400s`"),
            ("soon", ""),
            ("s", ""),
            ("1.s", "write `1s`"),
            ("0.0000000001s", "write `0s`"),
            ("999999999999s", ""),
        ] {
            assert_eq!(parse_json(text), Err(help.to_owned()), "{text}");
        }
    }
}

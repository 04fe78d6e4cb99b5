//! Times and durations as a person reads them. There is no clock here: now is a value.

use std::time::Duration;

use prost_types::Timestamp;

/// From `0.0 ms` to days, with about three digits.
pub(crate) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    let whole = duration.as_secs();
    if seconds < 0.099_95 {
        format!("{:.1} ms", seconds * 1e3)
    } else if seconds < 0.999_5 {
        format!("{:.0} ms", seconds * 1e3)
    } else if seconds < 9.995 {
        format!("{seconds:.2} s")
    } else if whole < 120 {
        format!("{seconds:.0} s")
    } else if whole < 7200 {
        format!("{} min {} s", whole / 60, whole % 60)
    } else if whole < 172_800 {
        format!("{} h {} min", whole / 3600, whole % 3600 / 60)
    } else {
        format!("{} d {} h", whole / 86_400, whole % 86_400 / 3600)
    }
}

/// `2026-11-23T01:12:09.114Z`, or `-` if it is not set or out of range.
pub(crate) fn timestamp(time: Option<&Timestamp>) -> String {
    let time = time.and_then(|time| jiff::Timestamp::new(time.seconds, time.nanos).ok());
    time.map_or_else(|| "-".to_owned(), |time| format!("{time:.3}"))
}

/// How long it is from the first to the second; nothing if it is the other way round, or if either
/// is not set.
pub(crate) fn since(earlier: Option<&Timestamp>, later: Option<&Timestamp>) -> Duration {
    let nanos =
        |time: &Timestamp| i128::from(time.seconds) * 1_000_000_000 + i128::from(time.nanos);
    match (earlier, later) {
        (Some(earlier), Some(later)) => {
            let nanos = u64::try_from(nanos(later) - nanos(earlier)).unwrap_or(0);
            Duration::from_nanos(nanos)
        }
        _ => Duration::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_about_three_digits() {
        let check = |micros: u64, expected: &str| {
            assert_eq!(duration(Duration::from_micros(micros)), expected);
        };
        check(0, "0.0 ms");
        check(940, "0.9 ms");
        check(99_940, "99.9 ms");
        check(99_960, "100 ms");
        check(999_600, "1.00 s");
        check(9_990_000, "9.99 s");
        check(41_000_000, "41 s");
        check(125_000_000, "2 min 5 s");
        check(7_320_000_000, "2 h 2 min");
        check(180_000_000_000, "2 d 2 h");
    }

    #[test]
    fn a_time_is_in_utc_to_the_millisecond() {
        let time = Timestamp {
            seconds: 1_795_396_329,
            nanos: 114_900_000,
        };
        insta::assert_snapshot!(timestamp(Some(&time)), @"2026-11-23T01:12:09.114Z");
        assert_eq!(timestamp(None), "-");
        assert_eq!(
            timestamp(Some(&Timestamp {
                seconds: i64::MAX,
                nanos: 0
            })),
            "-"
        );
    }
}

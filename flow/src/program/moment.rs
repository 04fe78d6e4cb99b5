//! Timestamps and durations of expressions: arithmetic within their ranges, text, and the calendar.
//! All in UTC.

use super::meter::Problem;
use super::value::Moment;

const NANOS: i128 = 1_000_000_000;
/// 0001-01-01T00:00:00Z
const FIRST_SECOND: i64 = -62_135_596_800;
/// 9999-12-31T23:59:59Z
const LAST_SECOND: i64 = 253_402_300_799;
/// 10,000 years.
const LONGEST_SECONDS: i64 = 315_576_000_000;

impl Moment {
    /// From seconds and nanoseconds of any sign, as protobuf has them.
    pub(crate) fn new(seconds: i64, nanos: i64) -> Option<Self> {
        Self::from_nanos(i128::from(seconds) * NANOS + i128::from(nanos))
    }

    pub(crate) fn from_nanos(nanos: i128) -> Option<Self> {
        Some(Self {
            seconds: i64::try_from(nanos.div_euclid(NANOS)).ok()?,
            nanos: u32::try_from(nanos.rem_euclid(NANOS)).ok()?,
        })
    }

    pub(crate) fn as_nanos(self) -> i128 {
        i128::from(self.seconds) * NANOS + i128::from(self.nanos)
    }

    /// As the two fields of a protobuf duration, which have the same sign.
    pub(crate) fn as_duration(self) -> (i64, i32) {
        let nanos = self.as_nanos();
        let seconds = i64::try_from(nanos / NANOS).expect("it came from as many seconds");
        (
            seconds,
            i32::try_from(nanos % NANOS).expect("below a billion"),
        )
    }

    pub(crate) fn check_timestamp(self) -> Result<Self, Problem> {
        if (FIRST_SECOND..=LAST_SECOND).contains(&self.seconds) {
            Ok(self)
        } else {
            Err(Problem::new("the timestamp is not in the years 1 to 9999"))
        }
    }

    pub(crate) fn check_duration(self) -> Result<Self, Problem> {
        if (-LONGEST_SECONDS..=LONGEST_SECONDS).contains(&self.seconds) {
            Ok(self)
        } else {
            Err(Problem::new("the duration is longer than 10,000 years"))
        }
    }

    /// The sum; `None` only if it cannot even be written down.
    pub(crate) fn plus(self, other: Self) -> Option<Self> {
        Self::from_nanos(self.as_nanos() + other.as_nanos())
    }

    /// The difference; `None` only if it cannot even be written down.
    pub(crate) fn minus(self, other: Self) -> Option<Self> {
        Self::from_nanos(self.as_nanos() - other.as_nanos())
    }
}

/// A timestamp by RFC 3339.
pub(crate) fn show_timestamp(moment: Moment) -> String {
    let timestamp = prost_types::Timestamp {
        seconds: moment.seconds,
        nanos: i32::try_from(moment.nanos).expect("below a billion"),
    };
    timestamp.to_string()
}

pub(crate) fn parse_timestamp(text: &str) -> Result<Moment, Problem> {
    let problem = || Problem::new(format!("`{text}` is not a timestamp by RFC 3339"));
    if text.len() > 64 {
        return Err(problem());
    }
    let parsed: prost_types::Timestamp = text.parse().map_err(|_| problem())?;
    let moment = Moment::new(parsed.seconds, i64::from(parsed.nanos)).ok_or_else(problem)?;
    moment.check_timestamp()
}

/// A duration in seconds: `1.5s`.
pub(crate) fn show_duration(moment: Moment) -> String {
    let nanos = moment.as_nanos();
    let sign = if nanos < 0 { "-" } else { "" };
    let nanos = nanos.unsigned_abs();
    let (seconds, nanos) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
    let fraction = format!(".{nanos:09}");
    let fraction = fraction.trim_end_matches('0').trim_end_matches('.');
    format!("{sign}{seconds}{fraction}s")
}

/// Parses `1h30m`, `-1.5s`, `250ms`.
pub(crate) fn parse_duration(text: &str) -> Result<Moment, Problem> {
    let problem = || {
        Problem::new(format!(
            "`{text}` is not a duration such as `1h30m` or `0.25s`"
        ))
    };
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Ok(Moment {
            seconds: 0,
            nanos: 0,
        });
    }
    if rest.is_empty() || rest.len() > 64 {
        return Err(problem());
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let number_end = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .ok_or_else(problem)?;
        let (number, after) = rest.split_at(number_end);
        let unit_end = after
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_end);
        let scale: i128 = match unit {
            "h" => 3_600 * NANOS,
            "m" => 60 * NANOS,
            "s" => NANOS,
            "ms" => 1_000_000,
            "us" | "µs" => 1_000,
            "ns" => 1,
            _ => return Err(problem()),
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() && fraction.is_empty() || whole.len() > 18 || fraction.len() > 18 {
            return Err(problem());
        }
        if !whole.is_empty() {
            total += whole.parse::<i128>().map_err(|_| problem())? * scale;
        }
        if !fraction.is_empty() {
            let digits = u32::try_from(fraction.len()).map_err(|_| problem())?;
            let parts = fraction.parse::<i128>().map_err(|_| problem())?;
            total += parts * scale / 10_i128.pow(digits);
        }
        rest = after;
    }
    Moment::from_nanos(sign * total)
        .ok_or_else(problem)?
        .check_duration()
}

/// A date of the proleptic Gregorian calendar.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Date {
    pub(crate) year: i64,
    /// From 0.
    pub(crate) month: i64,
    /// Day of the month from 0.
    pub(crate) day: i64,
    /// Day of the year from 0.
    pub(crate) day_of_year: i64,
    /// From 0, a Sunday.
    pub(crate) day_of_week: i64,
}

/// The date of a timestamp.
pub(crate) fn date(moment: Moment) -> Date {
    let days = moment.seconds.div_euclid(86_400);
    // Eras of 400 years, and years that begin in March, so that the leap day is the last of its year.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let march_day = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * march_day + 2) / 153;
    let day = march_day - (153 * march_month + 2) / 5;
    let month = (march_month + 2) % 12;
    let year = year_of_era + era * 400 + i64::from(month < 2);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let day_of_year = if month < 2 {
        march_day - 306
    } else {
        march_day + 59 + i64::from(leap)
    };
    Date {
        year,
        month,
        day,
        day_of_year,
        day_of_week: (days + 4).rem_euclid(7),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        let check = |text: &str, month, day, day_of_year, day_of_week| {
            let moment = parse_timestamp(text).expect("it is a timestamp");
            let year = text[..4].parse().expect("it begins with the year");
            let expected = Date {
                year,
                month,
                day,
                day_of_year,
                day_of_week,
            };
            assert_eq!(date(moment), expected, "{text}");
        };
        check("1970-01-01T00:00:00Z", 0, 0, 0, 4);
        check("2026-11-23T01:02:03Z", 10, 22, 326, 1);
        check("2024-02-29T23:59:59Z", 1, 28, 59, 4);
        check("2024-12-31T00:00:00Z", 11, 30, 365, 2);
        check("2023-03-01T00:00:00Z", 2, 0, 59, 3);
        check("1900-03-01T00:00:00Z", 2, 0, 59, 4);
    }

    #[test]
    fn durations_add_up() {
        let check = |text: &str, shown: &str| {
            assert_eq!(
                parse_duration(text).map(show_duration),
                Ok(shown.to_owned())
            );
        };
        check("1h30m", "5400s");
        check("-1.5s", "-1.5s");
        check("250ms", "0.25s");
        check("1m0.000000001s", "60.000000001s");
        check("0", "0s");
        for text in ["", "1", "s", "1x", "1.5", ".s", "-", "99999999999999999h"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }
}

//! Time zones: how far the clocks of a place are from UTC at some time.
//!
//! The rules are those compiled in, never those of the machine: all who evaluate an expression must
//! get the same value.

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::tz::TimeZoneDatabase;

use super::meter::Problem;
use super::value::Moment;

static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// Seconds to be added to UTC: of `Europe/Berlin`, `UTC`, or of an offset such as `-03:30`.
pub(super) fn offset_seconds(moment: Moment, zone: &str) -> Result<i64, Problem> {
    if let Some(offset) = fixed(zone) {
        return Ok(offset);
    }
    let unknown = || {
        let shown: String = zone.chars().take(64).collect();
        Problem::new(format!(
            "`{shown}` is not a time zone such as `Europe/Berlin`, `UTC` or `-03:30`"
        ))
    };
    let zone = DATABASE.get(zone).map_err(|_| unknown())?;
    let nearest = moment.seconds.clamp(
        Timestamp::MIN.as_second() + 1,
        Timestamp::MAX.as_second() - 1,
    );
    let timestamp = Timestamp::from_second(nearest).expect("it was clamped to the range");
    Ok(i64::from(zone.to_offset(timestamp).seconds()))
}

/// `+01:00`, `-03:30`, `02:00`
fn fixed(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (hours, minutes) = digits.split_once(':')?;
    let number = |text: &str, most: i64| {
        let is_number = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        let number: i64 = is_number.then(|| text.parse().ok())??;
        (number <= most).then_some(number)
    };
    Some(sign * (number(hours, 23)? * 3_600 + number(minutes, 59)? * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_have_the_rules_of_the_time() {
        let check = |seconds, zone: &str| {
            let moment = Moment { seconds, nanos: 0 };
            offset_seconds(moment, zone).ok()
        };
        let (winter, summer) = (1_736_899_200, 1_752_537_600);
        assert_eq!(check(winter, "Europe/Berlin"), Some(3_600));
        assert_eq!(check(summer, "Europe/Berlin"), Some(7_200));
        assert_eq!(check(summer, "UTC"), Some(0));
        assert_eq!(check(summer, "-03:30"), Some(-12_600));
        assert_eq!(check(summer, "02:00"), Some(7_200));
        assert!(check(i64::MIN, "America/New_York").is_some());
        assert!(check(i64::MAX, "America/New_York").is_some());
        for wrong in ["", "Mars/Olympus", "+1:00", "25:00", "../etc/passwd"] {
            assert_eq!(check(summer, wrong), None, "{wrong}");
        }
    }
}

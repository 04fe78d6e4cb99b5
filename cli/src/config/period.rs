//! Durations of `pavane.toml`: a number and a unit.

use std::fmt;
use std::time::Duration;

use serde::de::{Error as _, Visitor};
use serde::{Deserialize, Deserializer};

/// A duration as written: `5s`, `0.5s`, `500ms`, `2m`, `1h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Period(pub(crate) Duration);

impl Period {
    fn parse(text: &str) -> Option<Self> {
        let unit = text.find(|c: char| c.is_ascii_alphabetic())?;
        let (number, unit) = text.split_at(unit);
        let seconds = match unit {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3_600.0,
            _ => return None,
        };
        let number: f64 = number.parse().ok()?;
        Duration::try_from_secs_f64(number * seconds).ok().map(Self)
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Written;

        impl Visitor<'_> for Written {
            type Value = Period;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a duration with its unit, such as \"5s\" or \"500ms\"")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Period, E> {
                Period::parse(text).ok_or_else(|| {
                    E::custom(format!(
                        "`{text}` is no duration; expected a number and `ms`, `s`, `m` or `h`, such as \"5s\""
                    ))
                })
            }
        }

        let period = deserializer.deserialize_any(Written)?;
        if period.0 > Duration::from_secs(365 * 86_400) {
            return Err(D::Error::custom("a duration of more than a year"));
        }
        Ok(period)
    }
}

#[cfg(test)]
mod tests {
    use super::Period;

    #[test]
    fn a_period_is_a_number_and_a_unit() {
        let millis = |text| Period::parse(text).map(|period| period.0.as_millis());
        assert_eq!(millis("5s"), Some(5_000));
        assert_eq!(millis("0.5s"), Some(500));
        assert_eq!(millis("500ms"), Some(500));
        assert_eq!(millis("2m"), Some(120_000));
        assert_eq!(millis("1h"), Some(3_600_000));
        for wrong in ["", "5", "s", "-1s", "5 parsecs", "1e400s", "5s5"] {
            assert_eq!(millis(wrong), None, "{wrong}");
        }
    }
}

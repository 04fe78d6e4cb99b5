//! Decimal fractions: factors of amounts, and how what has too many digits is rounded.

use crate::program::meter::Problem;
use crate::program::value::Value;

/// Most digits of a factor.
const MAX_DIGITS: usize = 18;

/// `mantissa` divided by ten, `scale` times.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Decimal {
    pub(super) mantissa: i128,
    pub(super) scale: u32,
}

/// What becomes of digits that there is no room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rounding {
    /// There must be none.
    Exact,
    /// To the nearest; from the middle, away from zero: as on invoices.
    HalfUp,
    /// To the nearest; from the middle, to the even digit.
    HalfEven,
    /// Towards zero.
    Down,
    /// Away from zero.
    Up,
}

impl Decimal {
    /// A factor: an int, a uint, or a text such as `1.19`.
    pub(super) fn from_value(value: &Value<'_>) -> Result<Self, Problem> {
        let whole = |mantissa| Self { mantissa, scale: 0 };
        match value {
            Value::Int(number) => Ok(whole(i128::from(*number))),
            Value::Uint(number) => Ok(whole(i128::from(*number))),
            Value::String(text) => Self::parse(text.as_str()),
            other => {
                let what = other.describe();
                let text = format!("a factor is an int or a decimal text, this is {what}");
                Err(Problem::mismatch(&[other], text))
            }
        }
    }

    fn parse(text: &str) -> Result<Self, Problem> {
        let problem = || {
            let shown: String = text.chars().take(32).collect();
            let most = MAX_DIGITS;
            Problem::new(format!(
                "`{shown}` is not a decimal number of at most {most} digits such as `1.19`"
            ))
        };
        let digits = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let is_number = !whole.is_empty() && all_digits(whole) && all_digits(fraction);
        if !is_number || whole.len() + fraction.len() > MAX_DIGITS || digits.ends_with('.') {
            return Err(problem());
        }
        let magnitude: i128 = format!("{whole}{fraction}")
            .parse()
            .map_err(|_| problem())?;
        Ok(Self {
            mantissa: if text.starts_with('-') {
                -magnitude
            } else {
                magnitude
            },
            scale: u32::try_from(fraction.len()).map_err(|_| problem())?,
        })
    }
}

impl Rounding {
    pub(super) fn from_value(value: &Value<'_>) -> Result<Self, Problem> {
        let name = match value {
            Value::String(text) => text.as_str(),
            other => {
                let text = format!("this is {}, expected a string", other.describe());
                return Err(Problem::mismatch(&[other], text));
            }
        };
        Ok(match name {
            "half_up" => Self::HalfUp,
            "half_even" => Self::HalfEven,
            "down" => Self::Down,
            "up" => Self::Up,
            _ => {
                let shown: String = name.chars().take(32).collect();
                return Err(Problem::new(format!(
                    "`{shown}` is no way to round: it is `half_up`, `half_even`, `down` or `up`"
                )));
            }
        })
    }
}

/// A number divided by ten, `scale` times.
pub(super) fn divided(number: i128, scale: u32, rounding: Rounding) -> Result<i128, Problem> {
    let divisor = 10_i128.pow(scale);
    let (quotient, rest) = (number / divisor, number % divisor);
    let away = number.signum();
    let middle = (2 * rest.abs()).cmp(&divisor);
    let is_away = match rounding {
        Rounding::Exact if rest != 0 => {
            return Err(Problem::new("the amount has more digits: round it before"));
        }
        Rounding::Exact | Rounding::Down => false,
        Rounding::Up => rest != 0,
        Rounding::HalfUp => middle.is_ge(),
        Rounding::HalfEven => middle.is_gt() || middle.is_eq() && quotient % 2 != 0,
    };
    Ok(if is_away { quotient + away } else { quotient })
}

/// A number of so many digits behind the point: `12.50`.
pub(super) fn show(number: i128, digits: u32) -> String {
    let sign = if number < 0 { "-" } else { "" };
    let divisor = 10_u128.pow(digits);
    let (whole, fraction) = (
        number.unsigned_abs() / divisor,
        number.unsigned_abs() % divisor,
    );
    let width = digits as usize;
    if digits == 0 {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{fraction:0width$}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_over_is_rounded_as_asked() {
        let check = |number, up, even, down, away| {
            let round = |rounding| divided(number, 1, rounding).expect("it has a value");
            let all = [
                Rounding::HalfUp,
                Rounding::HalfEven,
                Rounding::Down,
                Rounding::Up,
            ];
            assert_eq!(all.map(round), [up, even, down, away], "{number}");
        };
        check(20, 2, 2, 2, 2);
        check(24, 2, 2, 2, 3);
        check(25, 3, 2, 2, 3);
        check(35, 4, 4, 3, 4);
        check(-25, -3, -2, -2, -3);
        check(-26, -3, -3, -2, -3);
        check(0, 0, 0, 0, 0);
        assert!(divided(25, 1, Rounding::Exact).is_err());
        assert_eq!(divided(25, 0, Rounding::Exact), Ok(25));
    }

    #[test]
    fn factors_are_decimal_texts() {
        let parse = |text| Decimal::parse(text).ok().map(|d| (d.mantissa, d.scale));
        assert_eq!(parse("1.19"), Some((119, 2)));
        assert_eq!(parse("-0.5"), Some((-5, 1)));
        assert_eq!(parse("007"), Some((7, 0)));
        for wrong in [
            "",
            ".",
            "1.",
            ".5",
            "1e3",
            "+1",
            "1,5",
            "--1",
            "1234567890.123456789",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
        assert_eq!(
            (show(-1_250, 2), show(5, 2), show(7, 0)),
            ("-12.50".into(), "0.05".into(), "7".into())
        );
    }
}

//! Numbers: roundings, signs, bits.

use super::{Evaluated, unsupported};
use crate::program::meter::{Meter, Problem};
use crate::program::value::Value;

/// Declares a function from doubles to doubles.
macro_rules! doubles {
    ($($(#[$doc:meta])* $function:ident, $name:literal, $compute:expr;)*) => {
        $(
            $(#[$doc])*
            pub(crate) fn $function<'a>(arguments: &[Value<'a>], _: &mut Meter) -> Evaluated<'a> {
                match arguments {
                    [Value::Double(number)] => Ok($compute(*number)),
                    _ => Err(unsupported($name, arguments)),
                }
            }
        )*
    };
}

doubles! {
    /// The next whole number above.
    ceil, "math.ceil", |x: f64| Value::Double(x.ceil());
    /// The next whole number below.
    floor, "math.floor", |x: f64| Value::Double(x.floor());
    /// The nearest whole number, from the middle away from zero.
    round, "math.round", |x: f64| Value::Double(x.round());
    /// The whole number towards zero.
    trunc, "math.trunc", |x: f64| Value::Double(x.trunc());
    /// Whether it is infinite.
    is_inf, "math.isInf", |x: f64| Value::Bool(x.is_infinite());
    /// Whether it is no number.
    is_nan, "math.isNaN", |x: f64| Value::Bool(x.is_nan());
    /// Whether it is a number, and not infinite.
    is_finite, "math.isFinite", |x: f64| Value::Bool(x.is_finite());
}

/// Declares a function of two ints or two uints.
macro_rules! bits {
    ($($(#[$doc:meta])* $function:ident, $name:literal, $operator:tt;)*) => {
        $(
            $(#[$doc])*
            pub(crate) fn $function<'a>(arguments: &[Value<'a>], _: &mut Meter) -> Evaluated<'a> {
                match arguments {
                    [Value::Int(left), Value::Int(right)] => Ok(Value::Int(left $operator right)),
                    [Value::Uint(left), Value::Uint(right)] => Ok(Value::Uint(left $operator right)),
                    _ => Err(unsupported($name, arguments)),
                }
            }
        )*
    };
}

bits! {
    /// Bits that both have.
    bit_and, "math.bitAnd", &;
    /// Bits that one has.
    bit_or, "math.bitOr", |;
    /// Bits that only one has.
    bit_xor, "math.bitXor", ^;
}

/// The other bits.
pub(crate) fn bit_not<'a>(arguments: &[Value<'a>], _: &mut Meter) -> Evaluated<'a> {
    match arguments {
        [Value::Int(number)] => Ok(Value::Int(!number)),
        [Value::Uint(number)] => Ok(Value::Uint(!number)),
        _ => Err(unsupported("math.bitNot", arguments)),
    }
}

/// Bits moved up. What is moved out is lost.
pub(crate) fn shift_left<'a>(arguments: &[Value<'a>], _: &mut Meter) -> Evaluated<'a> {
    match arguments {
        [Value::Int(number), Value::Int(by)] => {
            let by = distance(*by)?;
            Ok(Value::Int(number.checked_shl(by).unwrap_or(0)))
        }
        [Value::Uint(number), Value::Int(by)] => {
            let by = distance(*by)?;
            Ok(Value::Uint(number.checked_shl(by).unwrap_or(0)))
        }
        _ => Err(unsupported("math.bitShiftLeft", arguments)),
    }
}

/// Bits moved down, zeros behind them.
pub(crate) fn shift_right<'a>(arguments: &[Value<'a>], _: &mut Meter) -> Evaluated<'a> {
    match arguments {
        [Value::Int(number), Value::Int(by)] => {
            let by = distance(*by)?;
            let shifted = number.cast_unsigned().checked_shr(by).unwrap_or(0);
            Ok(Value::Int(shifted.cast_signed()))
        }
        [Value::Uint(number), Value::Int(by)] => {
            let by = distance(*by)?;
            Ok(Value::Uint(number.checked_shr(by).unwrap_or(0)))
        }
        _ => Err(unsupported("math.bitShiftRight", arguments)),
    }
}

fn distance(by: i64) -> Result<u32, Problem> {
    match u64::try_from(by) {
        Ok(by) => Ok(u32::try_from(by).unwrap_or(u32::MAX)),
        Err(_) => Err(Problem::new(format!("bits cannot be moved by {by}"))),
    }
}

/// Without its sign.
pub(crate) fn abs<'a>(arguments: &[Value<'a>], _: &mut Meter) -> Evaluated<'a> {
    match arguments {
        [Value::Int(number)] => number
            .checked_abs()
            .map(Value::Int)
            .ok_or_else(|| Problem::new("the result is out of the range of int")),
        [Value::Uint(number)] => Ok(Value::Uint(*number)),
        [Value::Double(number)] => Ok(Value::Double(number.abs())),
        _ => Err(unsupported("math.abs", arguments)),
    }
}

/// Its sign: -1, 0 or 1.
pub(crate) fn sign<'a>(arguments: &[Value<'a>], _: &mut Meter) -> Evaluated<'a> {
    match arguments {
        [Value::Int(number)] => Ok(Value::Int(number.signum())),
        [Value::Uint(number)] => Ok(Value::Uint(u64::from(*number != 0))),
        [Value::Double(number)] if *number == 0.0 || number.is_nan() => Ok(Value::Double(*number)),
        [Value::Double(number)] => Ok(Value::Double(number.signum())),
        _ => Err(unsupported("math.sign", arguments)),
    }
}

/// The square root; no number for one below zero.
pub(crate) fn sqrt<'a>(arguments: &[Value<'a>], _: &mut Meter) -> Evaluated<'a> {
    #[expect(clippy::cast_precision_loss, reason = "a root is a double")]
    let number = match arguments {
        [Value::Int(number)] => *number as f64,
        [Value::Uint(number)] => *number as f64,
        [Value::Double(number)] => *number,
        _ => return Err(unsupported("math.sqrt", arguments)),
    };
    Ok(Value::Double(number.sqrt()))
}

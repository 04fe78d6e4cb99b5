//! Parts of timestamps, in UTC or in a time zone, and durations in other units.

use super::{Evaluated, unsupported};
use crate::program::meter::{Meter, Problem};
use crate::program::moment::{Date, date};
use crate::program::value::{Moment, Value};
use crate::program::zone::offset_seconds;

/// Declares a function that gives a part of a timestamp, in a time zone if one is named.
macro_rules! parts {
    ($($(#[$doc:meta])* $function:ident, $name:literal, $part:expr;)*) => {
        $(
            $(#[$doc])*
            pub(crate) fn $function<'a>(arguments: &[Value<'a>], meter: &mut Meter) -> Evaluated<'a> {
                part($name, arguments, meter, $part)
            }
        )*
    };
}

parts! {
    /// The year.
    full_year, "getFullYear", |date, _| date.year;
    /// The month from 0.
    month, "getMonth", |date, _| date.month;
    /// The day of the month from 1.
    day, "getDate", |date, _| date.day + 1;
    /// The day of the month from 0.
    day_of_month, "getDayOfMonth", |date, _| date.day;
    /// The day of the week from 0, a Sunday.
    day_of_week, "getDayOfWeek", |date, _| date.day_of_week;
    /// The day of the year from 0.
    day_of_year, "getDayOfYear", |date, _| date.day_of_year;
}

/// The hour of a timestamp, or the hours of a duration.
pub(crate) fn hours<'a>(arguments: &[Value<'a>], meter: &mut Meter) -> Evaluated<'a> {
    match arguments {
        [Value::Duration(moment)] => Ok(Value::Int(moment.as_duration().0 / 3_600)),
        _ => part("getHours", arguments, meter, |_, second| second / 3_600),
    }
}

/// The minute of a timestamp, or the minutes of a duration.
pub(crate) fn minutes<'a>(arguments: &[Value<'a>], meter: &mut Meter) -> Evaluated<'a> {
    match arguments {
        [Value::Duration(moment)] => Ok(Value::Int(moment.as_duration().0 / 60)),
        _ => part("getMinutes", arguments, meter, |_, second| second / 60 % 60),
    }
}

/// The second of a timestamp, or the seconds of a duration.
pub(crate) fn seconds<'a>(arguments: &[Value<'a>], meter: &mut Meter) -> Evaluated<'a> {
    match arguments {
        [Value::Duration(moment)] => Ok(Value::Int(moment.as_duration().0)),
        _ => part("getSeconds", arguments, meter, |_, second| second % 60),
    }
}

/// The milliseconds beyond the second.
pub(crate) fn milliseconds<'a>(arguments: &[Value<'a>], _: &mut Meter) -> Evaluated<'a> {
    match arguments {
        [Value::Duration(moment)] => {
            let (_, nanos) = moment.as_duration();
            Ok(Value::Int(i64::from(nanos / 1_000_000)))
        }
        // No time zone is off by a fraction of a second.
        [Value::Timestamp(moment)] | [Value::Timestamp(moment), Value::String(_)] => {
            Ok(Value::Int(i64::from(moment.nanos / 1_000_000)))
        }
        _ => Err(unsupported("getMilliseconds", arguments)),
    }
}

/// A part of a timestamp, from its date and the second of its day.
fn part<'a>(
    name: &str,
    arguments: &[Value<'a>],
    meter: &mut Meter,
    part: impl Fn(&Date, i64) -> i64,
) -> Evaluated<'a> {
    let (moment, offset) = match arguments {
        [Value::Timestamp(moment)] => (*moment, 0),
        [Value::Timestamp(moment), Value::String(zone)] => {
            // Finding a zone by its name, and the rule that holds at a time.
            meter.charge(20)?;
            (*moment, offset_seconds(*moment, zone.as_str())?)
        }
        _ => return Err(unsupported(name, arguments)),
    };
    let seconds = moment.seconds.checked_add(offset);
    let local = Moment {
        seconds: seconds.ok_or_else(|| Problem::new("the timestamp is out of range"))?,
        nanos: moment.nanos,
    };
    let second = local.seconds.rem_euclid(86_400);
    Ok(Value::Int(part(&date(local), second)))
}

//! Values that are given on the command line as JSON, in a file, or on stdin.

mod time;

use std::io::Read;

use prost_types::{ListValue, Struct, value};
use serde_json::Value;

use crate::error::Error;
pub(crate) use time::{parse_duration, parse_time};

/// Integers beyond this lose digits in a Struct, whose numbers are floats.
const MAX_EXACT_INTEGER: u64 = 1 << 53;

/// The text itself, or that of `@FILE`, or that of stdin for `-`. `flag` is for messages.
pub(crate) fn read(flag: &str, argument: &str) -> Result<String, Error> {
    if argument == "-" {
        let mut text = String::new();
        let read = std::io::stdin().lock().read_to_string(&mut text);
        return read
            .map(|_| text)
            .map_err(|error| Error::usage(format!("cannot read stdin for {flag}: {error}")));
    }
    match argument.strip_prefix('@') {
        None => Ok(argument.to_owned()),
        Some(path) => std::fs::read_to_string(path)
            .map_err(|error| Error::usage(format!("cannot read {path} for {flag}: {error}"))),
    }
}

/// As `read`, parsed as a JSON object.
pub(crate) fn read_struct(flag: &str, argument: &str) -> Result<Struct, Error> {
    parse_struct(flag, &read(flag, argument)?)
}

fn parse_struct(flag: &str, text: &str) -> Result<Struct, Error> {
    let value: Value = serde_json::from_str(text)
        .map_err(|error| Error::usage(format!("{flag} is not JSON: {error}")))?;
    match to_value(&value)
        .map_err(|problem| Error::usage(format!("{flag}: {problem}")))?
        .kind
    {
        Some(value::Kind::StructValue(fields)) => Ok(fields),
        _ => Err(Error::usage(format!(
            "{flag} must be a JSON object, this is {}",
            kind(&value)
        ))),
    }
}

fn to_value(value: &Value) -> Result<prost_types::Value, String> {
    let kind = match value {
        Value::Null => value::Kind::NullValue(0),
        Value::Bool(value) => value::Kind::BoolValue(*value),
        Value::Number(number) => {
            let magnitude = number
                .as_i64()
                .map(i64::unsigned_abs)
                .or_else(|| number.as_u64());
            if magnitude.is_some_and(|magnitude| magnitude > MAX_EXACT_INTEGER) {
                return Err(format!("{number} would lose digits: write it as a string"));
            }
            value::Kind::NumberValue(number.as_f64().ok_or("a number is out of range")?)
        }
        Value::String(text) => value::Kind::StringValue(text.clone()),
        Value::Array(elements) => {
            let values = elements.iter().map(to_value).collect::<Result<_, _>>()?;
            value::Kind::ListValue(ListValue { values })
        }
        Value::Object(fields) => {
            let fields = fields
                .iter()
                .map(|(name, value)| Ok((name.clone(), to_value(value)?)));
            value::Kind::StructValue(Struct {
                fields: fields.collect::<Result<_, String>>()?,
            })
        }
    };
    Ok(prost_types::Value { kind: Some(kind) })
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::struct_to_json;

    #[test]
    fn json_survives_the_way_through_a_struct() {
        let text = r#"{"a":[1.5,"x",null,{"b":true}],"c":"9007199254740993"}"#;
        let message = parse_struct("--input", text).expect("is an object");
        let back: Value = serde_json::from_str(text).expect("is JSON");
        assert_eq!(struct_to_json(&message), back);
    }

    #[test]
    fn what_is_not_an_object_or_loses_digits_is_refused() {
        let check = |text: &str, expected: &str| {
            let error = parse_struct("--input", text)
                .expect_err("is wrong")
                .to_string();
            assert_eq!(error, expected);
        };
        check("[1]", "--input must be a JSON object, this is an array");
        check(
            "{",
            "--input is not JSON: EOF while parsing an object at line 1 column 1",
        );
        check(
            r#"{"n": 9007199254740993}"#,
            "--input: 9007199254740993 would lose digits: write it as a string",
        );
    }
}

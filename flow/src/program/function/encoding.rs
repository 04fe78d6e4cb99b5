//! Bytes as text: base64.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;

use super::{Evaluated, unsupported};
use crate::program::meter::{Meter, Problem, check_bytes};
use crate::program::value::Value;

/// Writes padding, and reads texts with and without it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// `base64.encode(bytes)`
pub(crate) fn encode<'a>(arguments: &[Value<'a>], meter: &mut Meter) -> Evaluated<'a> {
    let [Value::Bytes(bytes)] = arguments else {
        return Err(unsupported("base64.encode", arguments));
    };
    meter.charge_bytes(bytes.len())?;
    check_bytes(bytes.len().saturating_mul(4) / 3 + 4)?;
    Ok(Value::text(BASE64.encode(bytes)))
}

/// `base64.decode(text)`
pub(crate) fn decode<'a>(arguments: &[Value<'a>], meter: &mut Meter) -> Evaluated<'a> {
    let [Value::String(text)] = arguments else {
        return Err(unsupported("base64.decode", arguments));
    };
    meter.charge_bytes(text.as_str().len())?;
    check_bytes(text.as_str().len())?;
    let bytes = BASE64.decode(text.as_str());
    let bytes = bytes.map_err(|error| Problem::new(format!("the text is not base64: {error}")))?;
    Ok(Value::Bytes(Bytes::from(bytes)))
}

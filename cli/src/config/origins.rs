//! Origins as `pavane.toml` writes them: texts, checked when the file is read.

use pavane_server::Origin;
use serde::de::{Deserialize, Deserializer, Error};

/// Reads a list of origins. Errors: one of them is none.
pub(super) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Origin>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let origins = texts.iter().map(|text| text.parse());
    origins.collect::<Result<_, _>>().map_err(D::Error::custom)
}

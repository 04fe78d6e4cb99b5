//! Golden vectors: for each message of `pavane.*` some values, as bytes and as JSON, in `vectors/`.
//! What was written once is never written again: bytes that some client wrote years ago must be read
//! by every later version.

mod canonical;
mod cases;
mod values;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use prost::Message;
use prost_reflect::{DynamicMessage, MessageDescriptor, ReflectMessage};
use serde_json::{Value, json};

pub use canonical::canonical;

/// One value of one message.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Vector {
    /// Full name of the message.
    pub message: String,
    /// What is peculiar to the value, such as `extremes`.
    pub name: String,
}

impl Vector {
    fn new(message: &MessageDescriptor, name: impl Into<String>) -> Self {
        Self {
            message: message.full_name().to_owned(),
            name: name.into(),
        }
    }

    /// The file with its bytes, relative to the folder of vectors.
    fn binary_file(&self) -> String {
        format!("{}/{}.binpb", self.message, self.name)
    }

    /// The file with its JSON, relative to the folder of vectors.
    fn json_file(&self) -> String {
        format!("{}/{}.json", self.message, self.name)
    }

    /// Its bytes, as they are kept.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub fn bytes(&self) -> Result<Vec<u8>> {
        let file = folder().join(self.binary_file());
        fs::read(&file).with_context(|| file.display().to_string())
    }

    /// Its JSON, as it is kept.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or is not JSON.
    pub fn json(&self) -> Result<Value> {
        let file = folder().join(self.json_file());
        let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        serde_json::from_str(&text).with_context(|| file.display().to_string())
    }

    fn write(&self, value: &DynamicMessage) -> Result<()> {
        let json = serde_json::to_value(value).with_context(|| format!("{self:?}"))?;
        let file = folder().join(self.binary_file());
        fs::create_dir_all(file.parent().context("a file has a folder")?)?;
        let bytes = canonical(&value.descriptor(), &value.encode_to_vec())
            .with_context(|| format!("{self:?}"))?;
        fs::write(file, bytes)?;
        fs::write(folder().join(self.json_file()), pretty(&json)?)?;
        Ok(())
    }
}

/// All vectors that the index names.
///
/// # Errors
///
/// There is no index, or it is not as [`write_missing`] writes it.
pub fn all() -> Result<BTreeSet<Vector>> {
    let index = folder().join("index.json");
    let text = fs::read_to_string(&index).with_context(|| index.display().to_string())?;
    let index: Value = serde_json::from_str(&text)?;
    let vectors = index["vectors"]
        .as_array()
        .context("an index has vectors")?;
    let word = |vector: &Value, name: &str| {
        let word = vector[name].as_str().map(str::to_owned);
        word.with_context(|| format!("{vector} has no `{name}`"))
    };
    let read = |vector: &Value| {
        Ok(Vector {
            message: word(vector, "message")?,
            name: word(vector, "name")?,
        })
    };
    vectors.iter().map(read).collect()
}

/// Which vectors the rule asks for and the index does not name.
///
/// # Errors
///
/// A vector that is kept cannot be read.
pub fn missing() -> Result<Vec<Vector>> {
    let missing = wanted(&all()?)?;
    Ok(missing.into_iter().map(|(vector, _)| vector).collect())
}

/// Writes the vectors that are missing, and the index.
///
/// # Errors
///
/// A vector that is kept cannot be read, or a new one cannot be written.
pub fn write_missing() -> Result<()> {
    fs::create_dir_all(folder())?;
    let mut vectors = if folder().join("index.json").exists() {
        all()?
    } else {
        BTreeSet::new()
    };
    for (vector, value) in wanted(&vectors)? {
        vector.write(&value)?;
        vectors.insert(vector);
    }
    let rows: Vec<_> = vectors
        .iter()
        .map(|vector| {
            json!({
                "message": vector.message,
                "name": vector.name,
                "binary": vector.binary_file(),
                "json": vector.json_file(),
            })
        })
        .collect();
    fs::write(
        folder().join("index.json"),
        pretty(&json!({ "vectors": rows }))?,
    )?;
    Ok(())
}

/// What is missing beside `present`: all vectors of a message that has none, and of one that has some
/// those of fields that occur in none, which were added since.
fn wanted(present: &BTreeSet<Vector>) -> Result<Vec<(Vector, DynamicMessage)>> {
    let mut wanted = Vec::new();
    for message in crate::messages() {
        let of_message: Vec<_> = present
            .iter()
            .filter(|vector| vector.message == message.full_name())
            .collect();
        let cases = if of_message.is_empty() {
            cases::of_message(&message)
        } else {
            let mut values = Vec::new();
            for vector in of_message {
                let bytes = vector.bytes()?;
                values.push(DynamicMessage::decode(message.clone(), bytes.as_slice())?);
            }
            cases::of_fields_in_none(&message, &values)
        };
        let named = |(name, value)| (Vector::new(&message, name), value);
        wanted.extend(cases.into_iter().map(named));
    }
    Ok(wanted)
}

fn folder() -> PathBuf {
    crate::kept("vectors")
}

fn pretty(json: &Value) -> Result<String> {
    Ok(serde_json::to_string_pretty(json)? + "\n")
}

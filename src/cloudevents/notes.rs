//! What a CloudEvent says that an event has no place for, as text in an attribute of the event:
//! `data=text extbool=boolean`. Words are in the order of their names, so that the same is always
//! noted in the same way.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;

use super::v1::cloud_event::cloud_event_attribute_value::Attr;

/// The attribute that notes are kept in.
pub const NOTES: &str = "cetypes";

/// What is noted, by the name of the attribute, or `data`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Notes(BTreeMap<String, Note>);

/// What is noted of an attribute, or of the data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Note {
    /// The attribute's type; an attribute with a name that the mapping uses is what its name says.
    Type(Type),
    /// The attribute is not there, though the data is a message.
    Absent,
    /// The data is bytes.
    Binary,
    /// The data is a text.
    Text,
    /// The data is a message with this type URL, which JSON has no other place for.
    Message(String),
}

/// The types of attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Boolean,
    Integer,
    String,
    Binary,
    Uri,
    UriReference,
    Timestamp,
}

/// What a type URL is noted behind.
const MESSAGE: &str = "message:";

const WORDS: [(&str, Note); 9] = [
    ("boolean", Note::Type(Type::Boolean)),
    ("integer", Note::Type(Type::Integer)),
    ("string", Note::Type(Type::String)),
    ("binary", Note::Type(Type::Binary)),
    ("uri", Note::Type(Type::Uri)),
    ("uriref", Note::Type(Type::UriReference)),
    ("timestamp", Note::Type(Type::Timestamp)),
    ("none", Note::Absent),
    ("text", Note::Text),
];

impl Notes {
    pub(super) fn add(&mut self, name: &str, note: Note) {
        self.0.insert(name.to_owned(), note);
    }

    pub(super) fn get(&self, name: &str) -> Option<&Note> {
        self.0.get(name)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `None`: this is not how notes are written.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut notes = Self::default();
        for word in text.split(' ') {
            let (name, kind) = word.split_once('=')?;
            let note = match (name, kind.strip_prefix(MESSAGE)) {
                ("data", Some(url)) => {
                    let url = URL_SAFE.decode(url).ok()?;
                    Note::Message(String::from_utf8(url).ok()?)
                }
                ("data", _) if kind == "binary" => Note::Binary,
                _ => WORDS.iter().find(|(word, _)| *word == kind)?.1.clone(),
            };
            notes.add(name, note);
        }
        (notes.to_string() == text).then_some(notes)
    }
}

impl std::fmt::Display for Notes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, (name, note)) in self.0.iter().enumerate() {
            let between = if index > 0 { " " } else { "" };
            write!(f, "{between}{name}=")?;
            match note {
                Note::Binary => f.write_str("binary")?,
                Note::Message(url) => write!(f, "{MESSAGE}{}", URL_SAFE.encode(url))?,
                note => {
                    let word = WORDS.iter().find(|(_, known)| known == note);
                    f.write_str(word.map_or("", |(word, _)| word))?;
                }
            }
        }
        Ok(())
    }
}

impl Type {
    pub(super) fn of(value: &Attr) -> Self {
        match value {
            Attr::CeBoolean(_) => Self::Boolean,
            Attr::CeInteger(_) => Self::Integer,
            Attr::CeString(_) => Self::String,
            Attr::CeBytes(_) => Self::Binary,
            Attr::CeUri(_) => Self::Uri,
            Attr::CeUriRef(_) => Self::UriReference,
            Attr::CeTimestamp(_) => Self::Timestamp,
        }
    }
}

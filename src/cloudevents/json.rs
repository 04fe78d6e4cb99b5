//! CloudEvents JSON, in structured mode.
//! <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md>
//!
//! Data that is a message of a known type is written in its JSON mapping, other data in base64. What
//! JSON cannot tell, such as whether a text is a URI, is noted in the attribute
//! [`NOTES`](super::NOTES): what is read again is what was written.

mod read;
mod write;

pub use read::read;
pub use write::write;

use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};
use prost_types::Any;

/// The media type of a CloudEvent in JSON.
pub const MEDIA_TYPE: &str = "application/cloudevents+json";

/// The content type of data that is JSON.
const JSON: &str = "application/json";

/// The type that a type URL names, if it is known.
fn type_of(url: &str, known: &[DescriptorPool]) -> Option<MessageDescriptor> {
    let name = url.rsplit('/').next()?;
    let mut found = known
        .iter()
        .filter_map(|pool| pool.get_message_by_name(name));
    found.next()
}

/// The message in an `Any`, if its type is known.
fn message_in(data: &Any, known: &[DescriptorPool]) -> Option<DynamicMessage> {
    let found = type_of(&data.type_url, known)?;
    DynamicMessage::decode(found, data.value.as_slice()).ok()
}

/// Whether content of this type is JSON; where nothing is said, it is.
fn is_json(content_type: Option<&str>) -> bool {
    let Some(content_type) = content_type else {
        return true;
    };
    let bare = content_type.split(';').next().unwrap_or_default();
    let subtype = bare.trim().rsplit('/').next().unwrap_or_default();
    subtype == "json" || subtype.ends_with("+json")
}

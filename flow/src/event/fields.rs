//! Fields of messages, written down one by one: no text is made only to be copied, and what is written
//! in parts need not be put together before.

use bytes::{BufMut, BytesMut};
use prost::Message;
use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint};

/// What comes before the name of a type in its URL.
const TYPE_URL: &str = "type.googleapis.com/";

/// Appends to a message. As in proto3, what is empty or zero is left out.
pub(super) struct Fields<'a>(pub(super) &'a mut BytesMut);

impl Fields<'_> {
    /// The head of a field that has so many bytes.
    fn head(&mut self, tag: u32, length: usize) {
        encode_key(tag, WireType::LengthDelimited, self.0);
        encode_varint(length as u64, self.0);
    }

    pub(super) fn bytes(&mut self, tag: u32, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.head(tag, bytes.len());
            self.0.put_slice(bytes);
        }
    }

    pub(super) fn text(&mut self, tag: u32, text: &str) {
        self.bytes(tag, text.as_bytes());
    }

    /// Elements of a list: even an empty one is there.
    pub(super) fn texts(&mut self, tag: u32, texts: &[String]) {
        for text in texts {
            self.head(tag, text.len());
            self.0.put_slice(text.as_bytes());
        }
    }

    /// A text, in parts.
    pub(super) fn joined(&mut self, tag: u32, parts: &[&str]) {
        let length = parts.iter().map(|part| part.len()).sum();
        if length > 0 {
            self.head(tag, length);
            for part in parts {
                self.0.put_slice(part.as_bytes());
            }
        }
    }

    pub(super) fn number(&mut self, tag: u32, number: u64) {
        if number > 0 {
            self.present_number(tag, number);
        }
    }

    /// A field that tells zero from nothing.
    pub(super) fn optional_number(&mut self, tag: u32, number: Option<u32>) {
        if let Some(number) = number {
            self.present_number(tag, number.into());
        }
    }

    fn present_number(&mut self, tag: u32, number: u64) {
        encode_key(tag, WireType::Varint, self.0);
        encode_varint(number, self.0);
    }

    /// A message that is there, even if it is empty.
    pub(super) fn message(&mut self, tag: u32, message: &impl Message) {
        prost::encoding::message::encode(tag, message, self.0);
    }

    /// A `google.protobuf.Any`.
    pub(super) fn any(&mut self, tag: u32, type_name: &str, data: &[u8]) {
        let url = TYPE_URL.len() + type_name.len();
        let value = if data.is_empty() {
            0
        } else {
            field_len(data.len())
        };
        self.head(tag, field_len(url) + value);
        self.joined(1, &[TYPE_URL, type_name]);
        self.bytes(2, data);
    }

    /// An entry of a map of texts, its value in parts.
    pub(super) fn attribute(&mut self, tag: u32, name: &str, value: &[&str]) {
        let length = value.iter().map(|part| part.len()).sum();
        self.head(tag, field_len(name.len()) + field_len(length));
        self.text(1, name);
        self.joined(2, value);
    }
}

/// What a field with so many bytes and a tag below 16 takes.
fn field_len(length: usize) -> usize {
    1 + encoded_len_varint(length as u64) + length
}

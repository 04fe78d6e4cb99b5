//! What a call says of itself in its metadata: its idempotency key, whether it undoes, whose trace
//! it belongs to. Parsed once, at the edge; it never looks at the clock or at the store.

use std::collections::HashMap;

use pavane::feed::v1::Event;
use pavane::{attributes, metadata};
use prost::Message;
use sha2::{Digest, Sha256};
use tonic::metadata::MetadataMap;

use crate::Error;
use crate::choreography::Recorder;

/// Longest `idempotency-key` that is accepted, in bytes.
pub const MAX_KEY_BYTES: usize = 256;

/// Longest `traceparent` or `tracestate` that is passed on, in bytes; a longer one is ignored, as
/// W3C Trace Context asks of one that cannot be used.
const MAX_TRACE_BYTES: usize = 512;

/// Longest causal chain that is passed on, in bytes: of more workflows than any limit allows.
const MAX_CHAIN_BYTES: usize = 8_192;

/// Whether a call does something, or undoes what the call with the same key did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It does something.
    Forward,
    /// It undoes: `idempotency-compensation: true`.
    Compensation,
}

/// One call of a method that has an effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    method: &'static str,
    key: Option<String>,
    role: Role,
    fingerprint: Option<[u8; 32]>,
    traceparent: String,
    tracestate: String,
    /// The workflows that led to the call by events, with commas between them; may be empty.
    causal_chain: String,
    /// Of a step of a choreographed execution that this process performs.
    recorder: Option<Recorder>,
}

impl Call {
    /// The call of `method` (`package.Service/Method`) that brought `request`.
    ///
    /// The request is fingerprinted, so that a key which comes back with another request is
    /// refused. Prost encodes a `HashMap` in any order: for a request with map fields, generate
    /// them as `BTreeMap`, or use [`Call::without_fingerprint`].
    ///
    /// # Errors
    /// [`Error::MalformedKey`], [`Error::MalformedCompensation`],
    /// [`Error::CompensationWithoutKey`].
    pub fn new<M: Message>(
        method: &'static str,
        request: &tonic::Request<M>,
    ) -> Result<Self, Error> {
        let mut call = Self::without_fingerprint(method, request.metadata())?;
        // Nobody will compare the fingerprint of a call that has no key.
        if call.key.is_some() {
            call.fingerprint = Some(fingerprint(&request.get_ref().encode_to_vec()));
        }
        call.recorder = request.extensions().get().cloned();
        Ok(call)
    }

    /// The call of `method` that came with `metadata`, for requests that have no stable encoding:
    /// a key that comes back with another request is answered as if it were the same. Of a step of a
    /// choreography, the event is appended after the commit of the effect, not in it.
    ///
    /// # Errors
    /// As of [`Call::new`].
    pub fn without_fingerprint(
        method: &'static str,
        metadata: &MetadataMap,
    ) -> Result<Self, Error> {
        let key = key(metadata)?;
        let role = role(metadata)?;
        if role == Role::Compensation && key.is_none() {
            return Err(Error::CompensationWithoutKey);
        }
        Ok(Self {
            method,
            key,
            role,
            fingerprint: None,
            traceparent: trace(metadata, metadata::TRACEPARENT),
            tracestate: trace(metadata, metadata::TRACESTATE),
            causal_chain: causal_chain(metadata),
            recorder: None,
        })
    }

    /// Full name of the method, `package.Service/Method`.
    pub fn method(&self) -> &'static str {
        self.method
    }

    /// The idempotency key. A plain client sends none.
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// Whether the call does or undoes.
    pub fn role(&self) -> Role {
        self.role
    }

    /// The execution that the call belongs to: the key up to its first `/`. Empty without a key.
    pub fn execution_id(&self) -> &str {
        let key = self.key().unwrap_or_default();
        key.split_once('/').map_or(key, |(execution, _)| execution)
    }

    /// An event that this call causes: `message`, whose full name is `type_name`, about
    /// `subject`; with the execution as its correlation id and in the call's trace. Id, source
    /// and time are left to the feed.
    pub fn event<M: Message>(&self, type_name: &str, subject: &str, message: &M) -> Event {
        Event {
            r#type: type_name.to_owned(),
            subject: subject.to_owned(),
            data: Some(prost_types::Any {
                type_url: format!("type.googleapis.com/{type_name}"),
                value: message.encode_to_vec(),
            }),
            correlation_id: self.execution_id().to_owned(),
            traceparent: self.traceparent.clone(),
            tracestate: self.tracestate.clone(),
            attributes: self.attributes(),
            ..Event::default()
        }
    }

    /// What its events say of the executions that led to it, if events started them.
    fn attributes(&self) -> HashMap<String, String> {
        if self.causal_chain.is_empty() {
            return HashMap::new();
        }
        let depth = self.causal_chain.split(',').count();
        HashMap::from([
            (
                attributes::CAUSAL_CHAIN.to_owned(),
                self.causal_chain.clone(),
            ),
            (attributes::CAUSAL_DEPTH.to_owned(), depth.to_string()),
        ])
    }

    /// Whether this call may undo what the call with the key `made_by` (empty: without a key) did.
    /// A compensation undoes the effect of its own key alone: the order may have been undone by
    /// hand, and done again under another key, since. Any other call may undo anything.
    pub fn may_undo(&self, made_by: &str) -> bool {
        self.role == Role::Forward || self.key() == Some(made_by)
    }

    pub(crate) fn recorder(&self) -> Option<&Recorder> {
        self.recorder.as_ref()
    }

    pub(crate) fn fingerprint(&self) -> &[u8] {
        self.fingerprint.as_ref().map_or(&[], |hash| &hash[..])
    }
}

fn fingerprint(encoded: &[u8]) -> [u8; 32] {
    Sha256::digest(encoded).into()
}

fn key(metadata: &MetadataMap) -> Result<Option<String>, Error> {
    let mut values = metadata.get_all(metadata::IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(Error::MalformedKey {
            found: "more than one".to_owned(),
        });
    }
    let bytes = value.as_encoded_bytes();
    let found = match bytes {
        [] => "an empty one".to_owned(),
        bytes if bytes.len() > MAX_KEY_BYTES => format!("{} bytes", bytes.len()),
        bytes => match bytes.iter().position(|byte| !byte.is_ascii_graphic()) {
            None => return Ok(Some(String::from_utf8_lossy(bytes).into_owned())),
            Some(at) => format!("byte 0x{:02x} at position {}", bytes[at], at + 1),
        },
    };
    Err(Error::MalformedKey { found })
}

fn role(metadata: &MetadataMap) -> Result<Role, Error> {
    let Some(value) = metadata.get(metadata::IDEMPOTENCY_COMPENSATION) else {
        return Ok(Role::Forward);
    };
    match value.as_encoded_bytes() {
        b"true" => Ok(Role::Compensation),
        b"false" => Ok(Role::Forward),
        other => Err(Error::MalformedCompensation {
            found: other.escape_ascii().take(64).map(char::from).collect(),
        }),
    }
}

/// Passed on as it came, unless it is too long for an attribute.
fn causal_chain(metadata: &MetadataMap) -> String {
    let chain = metadata.get(metadata::CAUSAL_CHAIN);
    let chain = chain.and_then(|chain| chain.to_str().ok());
    chain
        .filter(|chain| chain.len() <= MAX_CHAIN_BYTES)
        .unwrap_or_default()
        .to_owned()
}

fn trace(metadata: &MetadataMap, name: &str) -> String {
    let value = metadata.get(name).and_then(|value| value.to_str().ok());
    value
        .filter(|value| value.len() <= MAX_TRACE_BYTES)
        .unwrap_or_default()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(pairs: &[(&'static str, &str)]) -> Result<Call, Error> {
        let mut metadata = MetadataMap::new();
        for (name, value) in pairs {
            metadata.append(*name, value.parse().unwrap());
        }
        Call::without_fingerprint("shop.Service/Method", &metadata)
    }

    fn check_refused(pairs: &[(&'static str, &str)], message: &str) {
        assert_eq!(parse(pairs).unwrap_err().to_string(), message);
    }

    #[test]
    fn the_execution_is_what_stands_before_the_first_slash() {
        let call = parse(&[("idempotency-key", "order-7/ship/2")]).unwrap();
        assert_eq!(call.execution_id(), "order-7");
        assert_eq!(call.role(), Role::Forward);
        assert_eq!(
            parse(&[("idempotency-key", "alone")])
                .unwrap()
                .execution_id(),
            "alone"
        );
    }

    #[test]
    fn a_call_without_metadata_is_a_plain_forward_call() {
        let call = parse(&[]).unwrap();
        assert_eq!(
            (call.key(), call.role(), call.execution_id()),
            (None, Role::Forward, "")
        );
    }

    #[test]
    fn malformed_metadata_is_refused_with_what_was_found() {
        check_refused(
            &[("idempotency-key", "")],
            "idempotency-key must be 1 to 256 visible ASCII characters, found an empty one",
        );
        check_refused(
            &[("idempotency-key", "two words")],
            "idempotency-key must be 1 to 256 visible ASCII characters, found byte 0x20 at position 4",
        );
        check_refused(
            &[("idempotency-key", &"k".repeat(257))],
            "idempotency-key must be 1 to 256 visible ASCII characters, found 257 bytes",
        );
        check_refused(
            &[("idempotency-key", "a"), ("idempotency-key", "b")],
            "idempotency-key must be 1 to 256 visible ASCII characters, found more than one",
        );
        check_refused(
            &[
                ("idempotency-key", "a"),
                ("idempotency-compensation", "yes"),
            ],
            "idempotency-compensation must be `true` or `false`, found `yes`",
        );
        check_refused(
            &[("idempotency-compensation", "true")],
            "idempotency-compensation says which call to undo by its idempotency-key, which is missing",
        );
    }

    #[test]
    fn an_event_carries_the_workflows_that_led_to_it() {
        let call = parse(&[("pavane-causal-chain", "bill,ship")]).unwrap();
        let event = call.event("shop.Done", "o-1", &());
        assert_eq!(event.attributes["causalchain"], "bill,ship");
        assert_eq!(event.attributes["causaldepth"], "2");
        let call = parse(&[]).unwrap();
        assert!(call.event("shop.Done", "o-1", &()).attributes.is_empty());
    }

    #[test]
    fn an_event_carries_the_trace_and_the_execution_of_its_call() {
        let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let call = parse(&[("idempotency-key", "o-1/reserve"), ("traceparent", trace)]).unwrap();
        let event = call.event("shop.Done", "o-1", &());
        assert_eq!(event.correlation_id, "o-1");
        assert_eq!(event.traceparent, trace);
        assert_eq!(
            event.data.unwrap().type_url,
            "type.googleapis.com/shop.Done"
        );
    }
}

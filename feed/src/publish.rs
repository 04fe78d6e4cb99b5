//! Appending on behalf of others: checked, optionally conditional on the head, optionally idempotent
//! by a request id.

use bytes::Bytes;
use pavane::feed::v1::Event;
use prost::Message;
use sha2::{Digest, Sha256};

use crate::event::check_trace;
use crate::{Error, Feed, Permit, Sequence, State, Store, Transaction};

/// Longest request id, in bytes.
const MAX_REQUEST_ID_BYTES: usize = 128;

/// What to append, and on which conditions.
#[derive(Debug, Clone, Default)]
pub struct Publish {
    /// The events of one commit, in order. At least one.
    pub events: Vec<Event>,
    /// Append only if the newest event is this one.
    pub expected_head: Option<Sequence>,
    /// A repetition with the same id and the same events appends nothing and is answered as the
    /// first was. The newest [`Limits::request_ids`](crate::Limits) are remembered. Empty: not
    /// idempotent.
    pub request_id: String,
}

/// Where the events are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// The first of them.
    pub first: Sequence,
    /// The last of them.
    pub last: Sequence,
    /// The request id was seen before: nothing was appended by this request.
    pub duplicate: bool,
}

impl Store {
    /// Appends events as one commit, durable when this resolves. `place` comes from
    /// [`Store::reserve`]. Errors: [`Error::InvalidEvent`], [`Error::InvalidField`],
    /// [`Error::TooManyEvents`], [`Error::CommitTooLarge`], [`Error::UnexpectedHead`],
    /// [`Error::RequestReused`], [`Error::Stopped`], [`Error::Closed`].
    pub async fn publish(
        &self,
        place: Permit,
        feed: &Feed,
        publish: Publish,
    ) -> Result<Appended, Error> {
        let request = Request::new(self, &publish)?;
        publish.events.iter().try_for_each(check_trace)?;
        let events = feed.prepare(publish.events)?;
        if events.is_empty() {
            let problem = "is empty: expected at least one event".to_owned();
            return Err(Error::InvalidField {
                field: "events",
                problem,
            });
        }
        let feed = feed.clone();
        let expected_head = publish.expected_head;
        let appended = place.submit(move |transaction| {
            if let Some(request) = &request
                && let Some(before) = request.find(transaction, &feed)?
            {
                return Ok(before);
            }
            let head = transaction.head(&feed);
            if let Some(expected) = expected_head.filter(|expected| *expected != head) {
                return Err(Error::UnexpectedHead {
                    feed: feed.name().to_owned(),
                    expected,
                    head,
                });
            }
            let last = transaction.append_prepared(&feed, &events)?;
            let appended = Appended {
                first: head.next(),
                last,
                duplicate: false,
            };
            if let Some(request) = &request {
                request.remember(transaction, &feed, appended)?;
            }
            Ok(appended)
        });
        Ok(appended.await?)
    }
}

/// An idempotent request. For each feed, its state holds by request id what became of the request,
/// by ordinal the request id, and the next ordinal: so the oldest can be forgotten without a search.
struct Request {
    id: String,
    fingerprint: [u8; 16],
    known: State,
    limit: u64,
}

impl Request {
    fn new(store: &Store, publish: &Publish) -> Result<Option<Self>, Error> {
        let id = publish.request_id.clone();
        if id.is_empty() {
            return Ok(None);
        }
        if id.len() > MAX_REQUEST_ID_BYTES {
            let problem = format!(
                "has {} bytes, expected at most {MAX_REQUEST_ID_BYTES}",
                id.len()
            );
            return Err(Error::InvalidField {
                field: "request_id",
                problem,
            });
        }
        let fingerprint = fingerprint(&publish.events);
        let limit = store.options().limits.request_ids;
        Ok(Some(Self {
            id,
            fingerprint,
            known: store.request_ids()?,
            limit,
        }))
    }

    /// What became of the request when it came before. Errors: [`Error::RequestReused`].
    fn find(&self, transaction: &Transaction<'_>, feed: &Feed) -> Result<Option<Appended>, Error> {
        let Some(value) = transaction.get(&self.known, self.key(feed))? else {
            return Ok(None);
        };
        let (fingerprint, first, last) = decode(&value)?;
        if fingerprint != self.fingerprint {
            return Err(Error::RequestReused {
                request_id: self.id.clone(),
                first,
                last,
            });
        }
        Ok(Some(Appended {
            first,
            last,
            duplicate: true,
        }))
    }

    fn remember(
        &self,
        transaction: &mut Transaction<'_>,
        feed: &Feed,
        appended: Appended,
    ) -> Result<(), Error> {
        let next_key = key(feed, b'n', &[]);
        let ordinal = match transaction.get(&self.known, &next_key)? {
            Some(value) => number(&value)?,
            None => 0,
        };
        let mut value = Vec::with_capacity(32);
        value.extend_from_slice(&self.fingerprint);
        value.extend_from_slice(&appended.first.get().to_be_bytes());
        value.extend_from_slice(&appended.last.get().to_be_bytes());
        transaction.put(&self.known, self.key(feed), value)?;
        let ordinal_key = |ordinal: u64| key(feed, b'o', &ordinal.to_be_bytes());
        transaction.put(&self.known, ordinal_key(ordinal), self.id.clone())?;
        transaction.put(&self.known, next_key, (ordinal + 1).to_be_bytes().to_vec())?;
        if let Some(oldest) = ordinal.checked_sub(self.limit)
            && let Some(id) = transaction.get(&self.known, ordinal_key(oldest))?
        {
            transaction.delete(&self.known, key(feed, b'r', &id))?;
            transaction.delete(&self.known, ordinal_key(oldest))?;
        }
        Ok(())
    }

    fn key(&self, feed: &Feed) -> Vec<u8> {
        key(feed, b'r', self.id.as_bytes())
    }
}

fn key(feed: &Feed, kind: u8, rest: &[u8]) -> Vec<u8> {
    let mut key = Vec::with_capacity(5 + rest.len());
    key.extend_from_slice(&feed.core.id.0.to_be_bytes());
    key.push(kind);
    key.extend_from_slice(rest);
    key
}

fn decode(value: &Bytes) -> Result<([u8; 16], Sequence, Sequence), Error> {
    let (fingerprint, rest) = value.split_first_chunk::<16>().ok_or_else(damaged)?;
    let (first, last) = rest.split_at_checked(8).ok_or_else(damaged)?;
    Ok((
        *fingerprint,
        Sequence::new(number(first)?),
        Sequence::new(number(last)?),
    ))
}

fn number(value: &[u8]) -> Result<u64, Error> {
    value
        .try_into()
        .map(u64::from_be_bytes)
        .map_err(|_| damaged())
}

fn damaged() -> Error {
    Error::corrupt("what is remembered of a request cannot be read")
}

/// The same for the same events, as their producer gave them.
fn fingerprint(events: &[Event]) -> [u8; 16] {
    let mut digest = Sha256::new();
    for event in events {
        let mut event = event.clone();
        event.sequence = 0;
        event.cursor.clear();
        // The order of a map's entries in an encoded message is not defined.
        let mut attributes: Vec<_> = std::mem::take(&mut event.attributes).into_iter().collect();
        attributes.sort();
        let parts = attributes
            .into_iter()
            .flat_map(|(name, value)| [name, value]);
        digest.update(event.encode_length_delimited_to_vec());
        for part in parts {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
    }
    *digest
        .finalize()
        .first_chunk()
        .expect("a SHA-256 digest has 32 bytes")
}

//! Methods that stream their responses, by the Connect protocol.

use bytes::Bytes;
use http::{Request, Version};
use http_body_util::BodyExt;
use pavane::error::Details;
use pavane::feed::v1::{SubscribeRequest, SubscribeResponse};
use pavane_server::{Limits, Options};
use prost::Message;
use serde_json::{Value, json};
use tonic::Code;

use crate::support::{self, Answer, Feeds, Running};

const SUBSCRIBE: &str = "pavane.feed.v1.FeedService/Subscribe";
const ORDERS: &str = r#"{"feed": "orders"}"#;
const JSON: (&str, &str) = ("content-type", "application/connect+json");

fn options() -> Options {
    Options::new(([127, 0, 0, 1], 0).into())
}

/// A message in its envelope.
fn envelope(message: impl AsRef<[u8]>) -> Bytes {
    let message = message.as_ref();
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[0], length.as_slice(), message].concat().into()
}

/// The messages of a body with the flags of their envelopes.
fn envelopes(mut body: &[u8]) -> Vec<(u8, &[u8])> {
    let mut found = Vec::new();
    while let Some(([flags, length @ ..], rest)) = body.split_first_chunk::<5>() {
        let (message, rest) = rest.split_at(u32::from_be_bytes(*length) as usize);
        found.push((*flags, message));
        body = rest;
    }
    assert!(body.is_empty());
    found
}

/// The same, of JSON.
fn documents(answer: &Answer) -> Vec<(u8, Value)> {
    let read = |message: &[u8]| serde_json::from_slice(message).unwrap();
    let found = envelopes(&answer.body).into_iter();
    found
        .map(|(flags, message)| (flags, read(message)))
        .collect()
}

async fn subscribe(server: &Running, headers: &[(&str, &str)], body: Bytes) -> Answer {
    server.send("POST", SUBSCRIBE, headers, body).await
}

/// The error in the last envelope.
fn error(answer: &Answer) -> String {
    assert_eq!(
        (answer.status.as_u16(), answer.header("content-type")),
        (200, JSON.1)
    );
    let documents = documents(answer);
    let (flags, end) = documents.last().unwrap();
    assert_eq!(*flags, 2);
    support::error(&end["error"])
}

#[tokio::test]
async fn messages_come_in_envelopes_and_at_the_end_how_it_ended() {
    let feeds = Feeds::default();
    let server = feeds.start(options()).await;
    let script = feeds.answer();
    script.start().await;
    script.events([7]).await;
    drop(script);
    let answer = subscribe(&server, &[JSON], envelope(ORDERS)).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/connect+json");
    assert_eq!(feeds.asked().feed, "orders");
    let documents = documents(&answer);
    assert_eq!(documents[0].1["started"]["headCursor"], "c-9");
    let data = &documents[1].1["batch"]["events"][0]["data"];
    assert_eq!(data["currency"], "EUR");
    assert_eq!(documents[2..], [(2, json!({}))]);
    server.stop().await;
}

#[tokio::test]
async fn protobuf_streams_without_json() {
    let feeds = Feeds::default();
    let server = feeds.start(options()).await;
    let script = feeds.answer();
    script.events([7]).await;
    drop(script);
    let request = SubscribeRequest {
        feed: "orders".to_owned(),
        ..SubscribeRequest::default()
    };
    let proto = [("content-type", "application/connect+proto")];
    let answer = subscribe(&server, &proto, envelope(request.encode_to_vec())).await;
    assert_eq!(answer.header("content-type"), "application/connect+proto");
    let envelopes = envelopes(&answer.body);
    let [(0, message), (2, b"{}")] = envelopes[..] else {
        panic!("{envelopes:?}")
    };
    assert!(
        SubscribeResponse::decode(message)
            .unwrap()
            .message
            .is_some()
    );
    server.stop().await;
}

#[tokio::test]
async fn messages_come_when_they_are_said_over_either_version_of_http() {
    for version in [Version::HTTP_11, Version::HTTP_2] {
        let feeds = Feeds::default();
        let server = feeds.start(options()).await;
        let script = feeds.answer();
        let request = Request::post(server.url(SUBSCRIBE)).header(JSON.0, JSON.1);
        let body = envelope(ORDERS);
        let mut body = server.open(version, request, body).await.into_body();
        for sequence in [1, 2, 3] {
            script.events([sequence]).await;
            let frame = body.frame().await.unwrap().unwrap();
            let text = String::from_utf8_lossy(frame.data_ref().unwrap());
            assert!(text.contains(&format!("c-{sequence}")), "{text}");
        }
        drop(body);
        script.left().await;
        server.stop().await;
    }
}

#[tokio::test]
async fn an_error_comes_last_with_its_details_and_metadata() {
    let feeds = Feeds::default();
    let server = feeds.start(options()).await;
    let mut lost = Details::new().status(Code::OutOfRange, "CURSOR_EXPIRED", "too old");
    lost.metadata_mut()
        .insert("x-feed", "orders".parse().unwrap());
    let body = || envelope(ORDERS);

    feeds.refuse(lost.clone());
    let refused = subscribe(&server, &[JSON], body()).await;
    let script = feeds.answer();
    script.events([1]).await;
    script.fail(lost).await;
    let broken_off = subscribe(&server, &[JSON], body()).await;
    assert_eq!(documents(&broken_off).len(), 2);
    for answer in [refused, broken_off] {
        assert_eq!(error(&answer), "out_of_range CURSOR_EXPIRED: too old");
        let (_, end) = documents(&answer).pop().unwrap();
        assert_eq!(end["metadata"], json!({ "x-feed": ["orders"] }));
    }
    server.stop().await;
}

#[tokio::test]
async fn a_deadline_is_for_the_whole_stream() {
    let feeds = Feeds::default();
    let server = feeds.start(options()).await;
    let script = feeds.answer();
    script.start().await;
    let headers = [JSON, ("connect-timeout-ms", "30")];
    let answer = subscribe(&server, &headers, envelope(ORDERS)).await;
    assert_eq!(
        error(&answer),
        "deadline_exceeded DEADLINE_PASSED: the call took longer than its deadline of 30ms"
    );
    script.left().await;
    server.stop().await;
}

#[tokio::test]
async fn what_is_no_envelope_is_refused() {
    let feeds = Feeds::default();
    let limits = Limits {
        max_receive_bytes: 100,
        ..Limits::default()
    };
    let server = feeds
        .start(Options {
            limits,
            ..options()
        })
        .await;
    let bodies: [&[u8]; 9] = [
        b"",
        b"{}",
        b"\0\0\0\0",
        b"\0\0\0\0\x02{}{}",
        b"\0\xff\xff\xff\xff{}",
        b"\x01\0\0\0\x02{}",
        b"\x02\0\0\0\x02{}",
        b"\0\0\0\0\x02[]",
        &[b'x'; 106],
    ];
    let mut errors = String::new();
    for body in bodies {
        let answer = subscribe(&server, &[JSON], Bytes::copy_from_slice(body)).await;
        errors += &format!("{}\n", error(&answer));
    }
    let gzip = [JSON, ("connect-content-encoding", "gzip")];
    let answer = subscribe(&server, &gzip, envelope("{}")).await;
    errors += &format!("{}\n", answer.error());
    insta::assert_snapshot!(errors, @"
    invalid_argument INVALID_ENVELOPE: the body has 0 bytes, expected one message in an envelope: a byte of flags, four of length, and then the message
    invalid_argument INVALID_ENVELOPE: the body has 2 bytes, expected one message in an envelope: a byte of flags, four of length, and then the message
    invalid_argument INVALID_ENVELOPE: the body has 4 bytes, expected one message in an envelope: a byte of flags, four of length, and then the message
    invalid_argument INVALID_ENVELOPE: the envelope says that its message has 2 bytes, and 4 follow: expected one message
    invalid_argument INVALID_ENVELOPE: the envelope says that its message has 4294967295 bytes, and 2 follow: expected one message
    unimplemented UNSUPPORTED_ENCODING: the message in the envelope is compressed, supported is only `identity`
    invalid_argument INVALID_ENVELOPE: the envelope's flags are 0x02, expected 0
    invalid_argument INVALID_JSON: the body is not a pavane.feed.v1.SubscribeRequest: invalid type: sequence, expected a map at line 1 column 0
    resource_exhausted MESSAGE_TOO_LARGE: the message of 106 bytes is larger than the limit `max_receive_bytes`, 100 bytes
    501 unimplemented UNSUPPORTED_ENCODING: the content encoding is `gzip`, supported is only `identity`
    ");
    server.stop().await;
}

#[tokio::test]
async fn a_stream_has_its_place_among_the_calls_in_flight_while_it_opens() {
    let feeds = Feeds::default();
    let limits = Limits {
        max_requests_in_flight: 0,
        ..Limits::default()
    };
    let server = feeds
        .start(Options {
            limits,
            ..options()
        })
        .await;
    let answer = subscribe(&server, &[JSON], envelope("{}")).await;
    let expected = "resource_exhausted OVERLOADED: 0 calls are in flight, the limit \
                    `max_requests_in_flight`";
    assert_eq!(error(&answer), expected);
    let events = server.send("GET", "feeds/orders/events", &[], "").await;
    assert_eq!(events.error(), format!("429 {expected}"));
    server.stop().await;
}

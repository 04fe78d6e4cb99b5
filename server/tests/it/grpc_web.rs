//! gRPC-Web, as browsers speak it that have no other way to gRPC.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Request, Version};
use http_body_util::BodyExt;
use pavane::feed::v1::SubscribeRequest;
use pavane::testing::v1::{AddFaultRequest, ListCallsRequest, ListCallsResponse};
use pavane_server::{Limits, Options};
use prost::Message;

use crate::support::{Answer, Feeds, Running, exchange, start};

const ADD_FAULT: &str = "pavane.testing.v1.FaultService/AddFault";
const LIST_CALLS: &str = "pavane.testing.v1.FaultService/ListCalls";
const SUBSCRIBE: &str = "pavane.feed.v1.FeedService/Subscribe";
const WEB: &str = "application/grpc-web+proto";
const TEXT: &str = "application/grpc-web-text+proto";

fn frame(message: &impl Message) -> Vec<u8> {
    let message = message.encode_to_vec();
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[0], length.as_slice(), &message].concat()
}

/// The frames of a body: their flags and contents. The last has trailers.
fn frames(mut body: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut found = Vec::new();
    while let Some(([flags, length @ ..], rest)) = body.split_first_chunk::<5>() {
        let (content, rest) = rest.split_at(u32::from_be_bytes(*length) as usize);
        found.push((*flags, content.to_vec()));
        body = rest;
    }
    assert!(body.is_empty());
    found
}

async fn call(
    server: &Running,
    version: Version,
    method: &str,
    content_type: &str,
    body: impl Into<Bytes>,
) -> Answer {
    let request = Request::post(server.url(method))
        .header("content-type", content_type)
        .header("accept", content_type)
        .header("x-grpc-web", "1");
    Answer::of(server.open(version, request, body).await).await
}

fn subscribe() -> SubscribeRequest {
    SubscribeRequest {
        feed: "orders".to_owned(),
        ..SubscribeRequest::default()
    }
}

fn list_calls() -> Vec<u8> {
    frame(&ListCallsRequest {
        page_token: "7".to_owned(),
        ..ListCallsRequest::default()
    })
}

/// Checks the frames of a response to `list_calls`.
fn check(frames: &[(u8, Vec<u8>)]) {
    let [(0, message), (0x80, trailers)] = frames else {
        panic!("{frames:?}")
    };
    let response = ListCallsResponse::decode(message.as_slice()).unwrap();
    assert_eq!(response.next_page_token, "7");
    let trailers = String::from_utf8(trailers.clone()).unwrap();
    assert!(trailers.contains("grpc-status:0"), "{trailers}");
}

#[tokio::test]
async fn a_unary_method_is_called_over_either_version_of_http() {
    let server = start().await;
    for version in [Version::HTTP_11, Version::HTTP_2] {
        let answer = call(&server, version, LIST_CALLS, WEB, list_calls()).await;
        assert_eq!(answer.header("content-type"), WEB);
        check(&frames(&answer.body));

        let text = STANDARD.encode(list_calls());
        let answer = call(&server, version, LIST_CALLS, TEXT, text).await;
        assert_eq!(answer.header("content-type"), TEXT);
        // Each frame is encoded by itself, so there is padding in the midst of it.
        let decoded: Vec<u8> = answer
            .body
            .chunks(4)
            .flat_map(|four| STANDARD.decode(four).unwrap())
            .collect();
        check(&frames(&decoded));
    }
    server.stop().await;
}

#[tokio::test]
async fn an_error_comes_as_by_grpc() {
    let server = start().await;
    let fail = frame(&AddFaultRequest {
        method: "fail".to_owned(),
        count: 1,
        ..AddFaultRequest::default()
    });
    let answer = call(&server, Version::HTTP_11, ADD_FAULT, WEB, fail).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("grpc-status"), "9");
    assert_eq!(answer.header("grpc-message"), "out%20of%20stock");
    assert!(!answer.header("grpc-status-details-bin").is_empty());
    let answer = call(&server, Version::HTTP_11, "a.B/C", WEB, "").await;
    assert_eq!(answer.header("grpc-status"), "12");
    server.stop().await;
}

#[tokio::test]
async fn a_stream_comes_message_by_message() {
    let feeds = Feeds::default();
    let options = Options::new(([127, 0, 0, 1], 0).into());
    let server = feeds.start(options).await;
    for version in [Version::HTTP_11, Version::HTTP_2] {
        let script = feeds.answer();
        let request = Request::post(server.url(SUBSCRIBE)).header("content-type", WEB);
        let body = frame(&subscribe());
        let mut body = server.open(version, request, body).await.into_body();
        for sequence in [1, 2, 3] {
            script.events([sequence]).await;
            let frame = body.frame().await.unwrap().unwrap();
            let text = String::from_utf8_lossy(frame.data_ref().unwrap());
            assert!(text.contains(&format!("c-{sequence}")), "{text}");
        }
        drop(script);
        let rest = body.collect().await.unwrap().to_bytes();
        let frames = frames(&rest);
        assert_eq!((frames.len(), frames[0].0), (1, 0x80));
    }
    server.stop().await;
}

#[tokio::test]
async fn garbage_is_refused() {
    let server = start().await;
    for (content_type, body) in [
        (WEB, &b"garbage"[..]),
        (WEB, b"\0\xff\xff\xff\xff"),
        (WEB, b"\x01\0\0\0\x01x"),
        (WEB, b"\0\0\0\0\x02\xff\xff"),
        (TEXT, b"*&^%$"),
        (TEXT, b"AAA"),
    ] {
        let body = Bytes::from_static(body);
        let answer = call(&server, Version::HTTP_11, ADD_FAULT, content_type, body).await;
        assert_eq!(answer.status, 200);
        assert_ne!(answer.header("grpc-status"), "0");
        assert_ne!(answer.header("grpc-status"), "");
    }
    let get = server
        .send("GET", ADD_FAULT, &[("content-type", WEB)], "")
        .await;
    assert_eq!(get.status, 405);
    server.stop().await;
}

/// An answer that came before would end the connection, on which the next call is on its way.
#[tokio::test]
async fn a_call_waits_for_the_end_of_its_request() {
    let limits = Limits {
        request_timeout: Duration::from_millis(50),
        ..Limits::default()
    };
    let no_message = "POST /pavane.testing.v1.FaultService/AddFault HTTP/1.1\r\nhost: here\r\n\
                      content-type: application/grpc-web+proto\r\ntransfer-encoding: chunked\r\n\r\n\
                      6\r\n\0\0\0\0\u{1}\u{f}\r\n";
    let unfinished = exchange(limits.clone(), no_message.as_bytes()).await;
    let unfinished = String::from_utf8_lossy(&unfinished);
    assert!(unfinished.contains("grpc-status: 4\r\n"), "{unfinished}");
    let finished = no_message.replace("host", "connection: close\r\nhost") + "0\r\n\r\n";
    let finished = exchange(limits, finished.as_bytes()).await;
    let finished = String::from_utf8_lossy(&finished);
    assert!(finished.contains("grpc-status: 3\r\n"), "{finished}");
}

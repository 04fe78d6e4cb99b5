//! Feeds as server-sent events, as a browser and `curl` read them.

use http::{Request, Version};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use pavane::error::Details;
use pavane::feed::v1::subscribe_request::Start;
use pavane::feed::v1::subscribe_response::{CaughtUp, Draining, FellBehind, Message};
use pavane::feed::v1::{Event, StartPosition, subscribe_response::Batch};
use pavane_server::Options;
use prost_types::Any;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic::{Code, Status};

use crate::support::{Feeds, Running, start};

const PATH: &str = "feeds/orders/events";

fn options() -> Options {
    Options::new(([127, 0, 0, 1], 0).into())
}

/// Subscribes, and gives the body of the response.
async fn listen(server: &Running, version: Version, headers: &[(&str, &str)]) -> Incoming {
    let mut request = Request::get(server.url(PATH));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = server.open(version, request, "").await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert_eq!(response.headers()["cache-control"], "no-store");
    response.into_body()
}

/// Reads until something was said.
async fn read_until(body: &mut Incoming, needle: &str) -> String {
    let mut text = String::new();
    while !text.contains(needle) {
        let frame = body.frame().await.expect("the stream goes on").unwrap();
        text += std::str::from_utf8(frame.data_ref().unwrap()).unwrap();
    }
    text
}

/// Reads to the end.
async fn read_out(body: Incoming) -> String {
    let bytes = body.collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn a_subscription_is_text_that_browsers_understand() {
    let feeds = Feeds::default();
    let server = feeds.start(options()).await;
    let script = feeds.answer();
    script.start().await;
    script.events([1, 2]).await;
    script.progress(9).await;
    let cursor = || "c-9".to_owned();
    let caught_up = CaughtUp { cursor: cursor() };
    script.say(Message::CaughtUp(caught_up)).await;
    let fell_behind = FellBehind { cursor: cursor() };
    script.say(Message::FellBehind(fell_behind)).await;
    let draining = Draining {
        cursor: cursor(),
        retry_after: Some(prost_types::Duration {
            seconds: 1,
            nanos: 500_000_000,
        }),
    };
    script.say(Message::Draining(draining)).await;
    drop(script);
    let body = listen(&server, Version::HTTP_11, &[]).await;
    insta::assert_snapshot!(read_out(body).await, @r#"
    : orders, head 9
    id: c-0

    id: c-1
    event: shop.common.v1.Money
    data: {"cursor":"c-1","data":{"currency":"EUR","minorUnits":"5"},"datacontenttype":"application/json","dataschema":"type.googleapis.com/shop.common.v1.Money","id":"e-1","sequence":"1","source":"/orders","specversion":"1.0","subject":"o-1","type":"shop.common.v1.Money"}

    id: c-2
    event: shop.common.v1.Money
    data: {"cursor":"c-2","data":{"currency":"EUR","minorUnits":"5"},"datacontenttype":"application/json","dataschema":"type.googleapis.com/shop.common.v1.Money","id":"e-2","sequence":"2","source":"/orders","specversion":"1.0","subject":"o-1","type":"shop.common.v1.Money"}

    : head 9
    id: c-9

    : caught up
    id: c-9

    : fell behind, reading history again
    id: c-9

    : the server is going away
    id: c-9
    retry: 1500
    "#);
    server.stop().await;
}

#[tokio::test]
async fn events_come_when_they_happen_over_either_version_of_http() {
    for version in [Version::HTTP_11, Version::HTTP_2] {
        let feeds = Feeds::default();
        let server = feeds.start(options()).await;
        let script = feeds.answer();
        script.start().await;
        let mut body = listen(&server, version, &[]).await;
        read_until(&mut body, "id: c-0\n\n").await;
        for sequence in [1, 2, 3] {
            script.events([sequence]).await;
            read_until(&mut body, &format!("id: c-{sequence}\nevent: ")).await;
        }
        drop(body);
        script.left().await;
        server.stop().await;
    }
}

#[tokio::test]
async fn a_client_goes_on_where_it_stands() {
    let feeds = Feeds::default();
    let server = feeds.start(options()).await;
    let asked = async |query: &str, headers: &[(&str, &str)]| {
        feeds.answer().start().await;
        let mut request = Request::get(server.url(&format!("{PATH}{query}")));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = server.open(Version::HTTP_11, request, "").await;
        let text = read_out(response.into_body()).await;
        (feeds.asked().start, text)
    };
    let after = |cursor: &str| Some(Start::After(cursor.to_owned()));

    let (start, text) = asked("?from=latest", &[]).await;
    assert_eq!(start, Some(Start::Position(StartPosition::Latest.into())));
    assert_eq!(text, ": orders, head 9\nid: c-9\n\n");
    // What it has seen wins over where it began, which its address still says.
    let resumed = [("last-event-id", "c-9")];
    let (start, text) = asked("?from=latest", &resumed).await;
    assert_eq!(start, after("c-9"));
    assert_eq!(text, ": orders, head 9\n\n");
    assert_eq!(asked("?after=c-3", &resumed).await.0, after("c-9"));
    assert_eq!(asked("?after=c-3", &[]).await.0, after("c-3"));
    server.stop().await;
}

#[tokio::test]
async fn data_of_a_type_that_is_not_known_is_bytes() {
    let feeds = Feeds::default();
    let server = feeds.start(options()).await;
    let script = feeds.answer();
    let event = Event {
        id: "e-1".into(),
        source: "/orders".into(),
        r#type: "acme.v1.Painted".into(),
        data: Some(Any {
            type_url: "type.googleapis.com/acme.v1.Painted".into(),
            value: vec![8, 1],
        }),
        sequence: 1,
        cursor: "c-1".into(),
        attributes: [("colour".to_owned(), "red\r\nid: c-7".to_owned())].into(),
        ..Event::default()
    };
    let events = vec![event];
    script.say(Message::Batch(Batch { events })).await;
    drop(script);
    let body = listen(&server, Version::HTTP_11, &[]).await;
    insta::assert_snapshot!(read_out(body).await, @r#"
    id: c-1
    event: acme.v1.Painted
    data: {"colour":"red\r\nid: c-7","cursor":"c-1","data_base64":"CAE=","datacontenttype":"application/protobuf","dataschema":"type.googleapis.com/acme.v1.Painted","id":"e-1","sequence":"1","source":"/orders","specversion":"1.0","type":"acme.v1.Painted"}
    "#);
    server.stop().await;
}

#[tokio::test]
async fn a_refusal_has_a_status_and_says_why() {
    let feeds = Feeds::default();
    let server = feeds.start(options()).await;
    let mut errors = String::new();
    let cases = [
        (Code::NotFound, "FEED_NOT_FOUND"),
        (Code::InvalidArgument, "INVALID_CURSOR"),
        (Code::OutOfRange, "CURSOR_EXPIRED"),
        (Code::FailedPrecondition, "FOREIGN_CURSOR"),
        (Code::ResourceExhausted, "TOO_MANY_SUBSCRIBERS"),
    ];
    for (code, reason) in cases {
        feeds.refuse(Details::new().status(code, reason, "no"));
        let answer = server.send("GET", PATH, &[], "").await;
        errors += &format!("{}\n", answer.error());
    }
    for path in [format!("{PATH}?typ=a"), format!("{PATH}?from=now")] {
        let answer = server.send("GET", &path, &[], "").await;
        errors += &format!("{}\n", answer.error());
    }
    let answer = server.send("POST", PATH, &[], "").await;
    assert_eq!(answer.header("allow"), "GET");
    errors += &format!("{}\n", answer.error());
    server.stop().await;
    // A server without feeds.
    let server = start().await;
    errors += &server.send("GET", PATH, &[], "").await.error();
    server.stop().await;
    insta::assert_snapshot!(errors, @"
    404 not_found FEED_NOT_FOUND: no
    400 invalid_argument INVALID_CURSOR: no
    410 out_of_range CURSOR_EXPIRED: no
    410 failed_precondition FOREIGN_CURSOR: no
    429 resource_exhausted TOO_MANY_SUBSCRIBERS: no
    400 invalid_argument INVALID_QUERY: there is no parameter `typ`, expected `type`, `subject`, `after` or `from`: did you mean `type`?
    400 invalid_argument INVALID_QUERY: `from` is `now`, expected `earliest` or `latest`
    405 unimplemented GET_EXPECTED: the HTTP method is POST, expected GET
    404 unimplemented UNKNOWN_METHOD: method `pavane.feed.v1.FeedService/Subscribe` is described here, but not served
    ");
}

#[tokio::test]
async fn a_subscription_that_breaks_off_says_why_and_ends() {
    let feeds = Feeds::default();
    let server = feeds.start(options()).await;
    let script = feeds.answer();
    script.events([1]).await;
    script
        .fail(Status::unavailable("the store\nhas stopped"))
        .await;
    let body = listen(&server, Version::HTTP_11, &[]).await;
    let text = read_out(body).await;
    assert!(
        text.ends_with("\n\n: Unavailable: the store has stopped\n\n"),
        "{text}"
    );
    server.stop().await;
}

#[tokio::test]
async fn a_reader_that_is_slow_misses_nothing() {
    let feeds = Feeds::default();
    let server = feeds.start(options()).await;
    let script = feeds.answer();
    let body = listen(&server, Version::HTTP_11, &[]).await;
    // More than fits into all that is between the service and its reader.
    let batches = 400;
    let writer = tokio::spawn(async move {
        for batch in 0..batches {
            script.events(batch * 100..(batch + 1) * 100).await;
        }
    });
    let text = read_out(body).await;
    writer.await.unwrap();
    let ids = text.lines().filter_map(|line| line.strip_prefix("id: c-"));
    let ids: Vec<u64> = ids.map(|id| id.parse().unwrap()).collect();
    assert_eq!(ids, Vec::from_iter(0..batches * 100));
    server.stop().await;
}

#[tokio::test]
async fn a_query_without_end_is_refused_before_it_is_read() {
    let feeds = Feeds::default();
    let server = feeds.start(options()).await;
    // As long as a client can make it, and longer.
    let query = "type=a&".repeat(9_000);
    let answer = server
        .send("GET", &format!("{PATH}?{query}"), &[], "")
        .await;
    assert_eq!(answer.status, 431);

    let query = "type=a&".repeat(100_000);
    let request = format!("GET /{PATH}?{query} HTTP/1.1\r\nhost: here\r\n\r\n");
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    // It may hang up before it has heard all, and the answer may be lost with the connection.
    let _ = stream.write_all(request.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8(answer).unwrap();
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 431 "),
        "{answer}"
    );
    server.stop().await;
}

//! How servers and connections end: politely within a bound.

use std::time::Duration;

use pavane::testing::v1::AddFaultRequest;
use pavane_server::Limits;
use tokio::net::TcpStream;

use crate::support::{exchange, start, start_with};

fn wait() -> AddFaultRequest {
    AddFaultRequest {
        method: "wait".into(),
        count: 1,
        ..Default::default()
    }
}

/// Answered at once.
const ANYTHING: &str = r#"{"method": "anything", "count": 1}"#;

/// The same.
fn anything() -> AddFaultRequest {
    AddFaultRequest {
        method: "anything".into(),
        ..wait()
    }
}

#[tokio::test]
async fn a_call_in_flight_may_end() {
    let server = start().await;
    let mut client = server.client().await;
    let call = tokio::spawn(async move { client.add_fault(wait()).await });
    server.waiting.notified().await;

    server.shutdown.cancel();
    // The listener goes first: once nobody can connect, the server is draining.
    while TcpStream::connect(server.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!server.task.is_finished());
    server.go_on.notify_one();
    call.await.unwrap().unwrap();
    server.task.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_json_call_in_flight_may_end() {
    let server = start().await;
    let method = "pavane.testing.v1.FaultService/AddFault";
    let call = server.post(method, r#"{"method": "wait", "count": 1}"#);
    let end = async {
        server.waiting.notified().await;
        server.shutdown.cancel();
        server.go_on.notify_one();
    };
    let (answer, ()) = tokio::join!(call, end);
    assert_eq!(answer.text(), "{}");
    server.task.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_call_that_does_not_end_is_cut() {
    let server = start_with(Limits::default(), Duration::from_millis(20)).await;
    let mut client = server.client().await;
    let call = tokio::spawn(async move { client.add_fault(wait()).await });
    server.waiting.notified().await;
    server.shutdown.cancel();
    server.task.await.unwrap().unwrap();
    call.await.unwrap().unwrap_err();
}

#[tokio::test]
async fn idle_connections_do_not_delay_the_end() {
    let server = start_with(Limits::default(), Duration::from_secs(3600)).await;
    let _silent = TcpStream::connect(server.address).await.unwrap();
    let _idle = server.client().await;
    server.stop().await;
}

#[tokio::test]
async fn a_connection_ends_at_its_age() {
    let limits = Limits {
        connection_age: Some(Duration::from_millis(100)),
        first_byte_timeout: Duration::from_secs(3600),
        ..Limits::default()
    };
    let answer = exchange(limits, b"GET / HTTP/1.1\r\nhost: here\r\n\r\n").await;
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 404 Not Found\r\n"), "{answer}");
}

#[tokio::test]
async fn a_connection_that_stays_silent_is_closed() {
    let limits = Limits {
        first_byte_timeout: Duration::from_millis(20),
        ..Limits::default()
    };
    for request in ["", "GET / HTTP/1.1\r\nhost:"] {
        let answer = exchange(limits.clone(), request.as_bytes()).await;
        assert!(answer.is_empty(), "{request}");
    }
    // A preface and empty settings, and then neither requests nor answers.
    let hello = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    assert!(!exchange(limits, hello).await.is_empty());
}

#[tokio::test]
async fn a_connection_without_calls_gives_up_its_place() {
    let limits = Limits {
        max_connections: 1,
        first_byte_timeout: Duration::from_millis(200),
        ..Limits::default()
    };
    let server = start_with(limits, Duration::from_secs(5)).await;
    let mut early = server.client().await;
    let method = "pavane.testing.v1.FaultService/AddFault";
    assert_eq!(server.post(method, ANYTHING).await.text(), "{}");
    // Its client does not notice: it connects again.
    early.add_fault(anything()).await.unwrap();
    server.stop().await;
}

#[tokio::test]
async fn a_connection_too_many_waits_for_its_turn() {
    let limits = Limits {
        max_connections: 1,
        ..Limits::default()
    };
    let server = start_with(limits, Duration::from_secs(5)).await;
    let mut first = server.client().await;
    first.add_fault(anything()).await.unwrap();
    let method = "pavane.testing.v1.FaultService/AddFault";
    {
        let mut second = std::pin::pin!(server.post(method, ANYTHING));
        tokio::select! {
            biased;
            _ = &mut second => panic!("two connections were served, the limit is 1"),
            answer = first.add_fault(anything()) => drop(answer.unwrap()),
        }
        drop(first);
        assert_eq!(second.await.text(), "{}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_connection_says_that_it_ends_with_a_request_that_was_not_read() {
    let head = "POST /nobody.Serves/This HTTP/1.1\r\nhost: here\r\n\
                content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
    let limits = Limits {
        request_timeout: Duration::from_millis(50),
        ..Limits::default()
    };
    let unfinished = format!("{head}2\r\n{{}}\r\n");
    let answer = exchange(limits, unfinished.as_bytes()).await;
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.contains("connection: close\r\n"), "{answer}");

    let long = " ".repeat(300_000);
    let finished = format!("{head}{:x}\r\n{long}\r\n0\r\n\r\n", long.len());
    let last = finished.replace("host: here", "host: here\r\nconnection: close");
    let answers = exchange(Limits::default(), [finished, last].concat().as_bytes()).await;
    let answers = String::from_utf8(answers).unwrap();
    assert_eq!(answers.matches("HTTP/1.1 404 ").count(), 2, "{answers}");
    assert_eq!(answers.matches("connection: close").count(), 1, "{answers}");
}

//! What pages of other origins may do, as a browser asks and is told.

use pavane_server::{Options, Origin};
use tonic::Status;
use tonic_types::StatusExt;

use crate::support::{Answer, Feeds, Running, start};

const ADD_FAULT: &str = "pavane.testing.v1.FaultService/AddFault";
const HEADERS: &str = "content-type,connect-protocol-version,x-grpc-web,idempotency-key";
const ALLOWED: &str = "https://shop.example";

async fn start_allowing(origins: &[&str]) -> (Feeds, Running) {
    let feeds = Feeds::default();
    let mut options = Options::new(([127, 0, 0, 1], 0).into());
    options.allow_origins = origins
        .iter()
        .map(|origin| origin.parse().unwrap())
        .collect();
    let server = feeds.start(options).await;
    (feeds, server)
}

async fn preflight(server: &Running, origin: &str, path: &str) -> Answer {
    let headers = [
        ("origin", origin),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", HEADERS),
    ];
    server.send("OPTIONS", path, &headers, "").await
}

async fn post(server: &Running, origin: &str) -> Answer {
    let headers = [("origin", origin), ("content-type", "application/json")];
    server
        .send(
            "POST",
            ADD_FAULT,
            &headers,
            r#"{"method": "fail", "count": 1}"#,
        )
        .await
}

#[tokio::test]
async fn a_page_of_an_allowed_origin_may_call_and_read_the_answer() {
    let (_, server) = start_allowing(&["https://other.example", ALLOWED]).await;
    let answer = preflight(&server, ALLOWED, ADD_FAULT).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), ALLOWED);
    assert_eq!(answer.header("access-control-allow-methods"), "GET,POST");
    assert_eq!(answer.header("access-control-allow-headers"), HEADERS);
    assert!(!answer.header("access-control-max-age").is_empty());

    // Errors too, and what headers say.
    let answer = post(&server, ALLOWED).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.header("access-control-allow-origin"), ALLOWED);
    assert_eq!(answer.header("access-control-expose-headers"), "*");
    server.stop().await;
}

#[tokio::test]
async fn a_page_may_listen_to_events() {
    let (feeds, server) = start_allowing(&[ALLOWED]).await;
    let script = feeds.answer();
    script.start().await;
    drop(script);
    let headers = [("origin", ALLOWED)];
    let answer = server
        .send("GET", "feeds/orders/events", &headers, "")
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), ALLOWED);
    server.stop().await;
}

#[tokio::test]
async fn a_page_of_another_origin_is_allowed_nothing() {
    let (_, server) = start_allowing(&[ALLOWED]).await;
    for origin in ["https://evil.example", "http://shop.example", "null"] {
        for answer in [
            preflight(&server, origin, ADD_FAULT).await,
            post(&server, origin).await,
        ] {
            assert_eq!(answer.header("access-control-allow-origin"), "", "{origin}");
        }
    }
    server.stop().await;
    // And by default none.
    let server = start().await;
    let answer = preflight(&server, ALLOWED, ADD_FAULT).await;
    assert_eq!(answer.status, 405);
    assert_eq!(
        post(&server, ALLOWED)
            .await
            .header("access-control-allow-origin"),
        ""
    );
    server.stop().await;
}

#[tokio::test]
async fn a_star_allows_all() {
    let (_, server) = start_allowing(&["*"]).await;
    let answer = preflight(&server, "null", ADD_FAULT).await;
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    server.stop().await;
}

#[test]
fn what_no_browser_sends_is_no_origin() {
    for wrong in [
        "",
        "shop.example",
        "https://shop.example/",
        "https://*.example",
    ] {
        let refused = wrong.parse::<Origin>().unwrap_err();
        let info = Status::from(refused).get_details_error_info();
        let reason = info.map(|info| info.reason);
        assert_eq!(reason.as_deref(), Some("INVALID_ORIGIN"), "{wrong}");
    }
}

//! Why a secure connection does not come about, in words; and that nothing was sent then.

use pavane_calls::{Target, Tls};
use pavane_flow::driver::CallFailure;
use tonic::body::Body;
use tonic::transport::Endpoint;
use tonic::{Code, Status};
use tower::{Service, ServiceExt};

use crate::support::certificates::Authority;
use crate::support::{Echo, calls, refusal, within};

/// What a call of the server says, without the address.
async fn check(server: &Echo, target: Target, expected: &str) {
    let shown = target.to_string();
    let CallFailure { failure, sent, .. } = refusal(&calls(target)).await;
    assert_eq!(failure.code, Code::Unavailable as i32);
    assert!(!sent, "nothing has left");
    let message = failure.message.replace(&shown, "TARGET");
    let expected = format!("cannot connect to TARGET: {expected}");
    assert_eq!(message, expected);
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_ca_that_nobody_knows() {
    let (authority, other) = (Authority::new(), Authority::new());
    let server = Echo::secure(authority.sign("127.0.0.1").server()).await;
    let expected = format!(
        "the certificate of `127.0.0.1` comes from an unknown CA: trusted are those in {}",
        other.file().display()
    );
    check(&server, server.target("").with_tls(other.tls()), &expected).await;
}

#[tokio::test]
async fn a_certificate_that_has_expired() {
    let authority = Authority::new();
    let server = Echo::secure(authority.sign_expired("127.0.0.1").server()).await;
    let target = server.target("").with_tls(authority.tls());
    let message = refusal(&calls(target)).await.failure.message;
    let expected = "the certificate of `127.0.0.1` has expired, ";
    assert!(message.contains(expected), "{message}");
    assert!(message.ends_with(" days ago"), "{message}");
}

#[tokio::test]
async fn a_certificate_for_somebody_else() {
    let authority = Authority::new();
    let server = Echo::secure(authority.sign("echo.acme.example").server()).await;
    let tls = Tls {
        domain: Some("other.example".to_owned()),
        ..authority.tls()
    };
    let expected = "the certificate is not for `other.example`, but for DnsName(\"echo.acme.example\"); \
                    name what it is for with `domain`";
    check(&server, server.target("").with_tls(tls), expected).await;
}

#[tokio::test]
async fn a_client_without_the_certificate_that_is_asked_for() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let config = authority.sign("127.0.0.1").server_for(&clients);
    let server = Echo::secure(config).await;
    let expected =
        "it asks for a client certificate; name one with `client_certificate` and `client_key`";
    check(
        &server,
        server.target("").with_tls(authority.tls()),
        expected,
    )
    .await;
}

#[tokio::test]
async fn a_client_with_a_certificate_of_another_ca() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let config = authority.sign("127.0.0.1").server_for(&clients);
    let server = Echo::secure(config).await;
    let tls = Tls {
        identity: Some(authority.sign("pavane").identity()),
        ..authority.tls()
    };
    let target = server.target("").with_tls(tls);
    let expected = "it does not know the CA of the client certificate";
    check(&server, target, expected).await;
}

#[tokio::test]
async fn who_is_refused_after_the_handshake_hears_why_from_the_second_time_on() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let config = authority.sign("127.0.0.1").server_for(&clients);
    let server = Echo::secure(config).await;
    let target = server.target("https://").with_tls(authority.tls());
    let calls = calls(target.clone());
    let endpoint = Endpoint::from_shared(format!("http://{}", server.address)).unwrap();
    let mut told = calls.dial(&target.to_string(), endpoint).unwrap();
    let mut call = async || {
        let request = http::Request::post(format!("{}acme/Echo", target.uri()));
        let request = request.body(Body::empty()).unwrap();
        let ready = within(told.ready()).await;
        let refused = within(async { ready?.call(request).await }).await;
        Status::from_error(Box::new(refused.unwrap_err()))
    };
    call().await;
    let status = call().await;
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    let expected =
        "it asks for a client certificate; name one with `client_certificate` and `client_key`";
    assert_eq!(status.message(), expected);
}

#[tokio::test]
async fn a_server_that_speaks_in_the_clear() {
    let server = Echo::plain().await;
    let authority = Authority::new();
    let target = server.target("").with_tls(authority.tls());
    let expected = "it does not speak TLS; if it is not meant to, call it by http://";
    check(&server, target, expected).await;
}

#[tokio::test]
async fn a_server_without_http2() {
    let authority = Authority::new();
    for protocols in [vec![], vec![b"http/1.1".to_vec()]] {
        let mut config = authority.sign("127.0.0.1").server();
        config.alpn_protocols = protocols;
        let server = Echo::secure(config).await;
        let expected = "it does not offer HTTP/2 (ALPN h2), which gRPC needs";
        check(
            &server,
            server.target("").with_tls(authority.tls()),
            expected,
        )
        .await;
    }
}

//! Connections that are secure, and stay so when certificates are replaced.

use http_body_util::BodyExt;
use pavane_calls::{Calls, Error, Limits, Target, Targets, Tls};
use tonic::body::Body;
use tonic::transport::Endpoint;
use tower::ServiceExt;

use crate::support::certificates::Authority;
use crate::support::{Echo, SERVICE, calls, echo, refusal, within};

#[tokio::test]
async fn a_service_with_a_certificate_of_a_trusted_ca_is_called() {
    let authority = Authority::new();
    let server = Echo::secure(authority.sign("127.0.0.1").server()).await;
    let calls = calls(server.target("https://").with_tls(authority.tls()));
    assert_eq!(echo(&calls).await.unwrap(), "hello");
    assert_eq!(echo(&calls).await.unwrap(), "hello");
    assert_eq!(server.connections(), 1, "it is kept");
    server.last_head(|head| assert_eq!(head.uri().scheme_str(), Some("https")));
}

#[tokio::test]
async fn the_certificate_is_to_be_for_the_domain_that_is_named() {
    let authority = Authority::new();
    let server = Echo::secure(authority.sign("echo.acme.example").server()).await;
    let tls = Tls {
        domain: Some("echo.acme.example".to_owned()),
        ..authority.tls()
    };
    let calls = calls(server.target("").with_tls(tls));
    assert_eq!(echo(&calls).await.unwrap(), "hello");
}

#[tokio::test]
async fn a_client_proves_who_it_is() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let config = authority.sign("127.0.0.1").server_for(&clients);
    let server = Echo::secure(config).await;
    let tls = Tls {
        identity: Some(clients.sign("pavane").identity()),
        ..authority.tls()
    };
    let calls = calls(server.target("").with_tls(tls));
    assert_eq!(echo(&calls).await.unwrap(), "hello");
}

#[tokio::test]
async fn a_ca_that_was_replaced_is_trusted_from_the_next_connection_on() {
    let (before, after) = (Authority::new(), Authority::new());
    let server = Echo::secure(after.sign("127.0.0.1").server()).await;
    let calls = calls(server.target("").with_tls(before.tls()));
    let message = refusal(&calls).await.failure.message;
    assert!(message.contains("unknown CA"), "{message}");
    std::fs::write(before.file(), "half of a fi").unwrap();
    refusal(&calls).await;
    std::fs::write(before.file(), after.pem()).unwrap();
    assert_eq!(echo(&calls).await.unwrap(), "hello");
}

#[tokio::test]
async fn what_is_no_step_goes_the_same_way() {
    let authority = Authority::new();
    let server = Echo::secure(authority.sign("127.0.0.1").server()).await;
    let target = server.target("").with_tls(authority.tls());
    let calls = calls(target.clone());
    let endpoint = Endpoint::from_shared(format!("http://{}", server.address)).unwrap();
    let told = calls.dial(&target.to_string(), endpoint).unwrap();
    let mut way = calls.way(&target).await.unwrap();
    for is_told in [true, false] {
        let request = http::Request::post(format!("{}acme/Echo", target.uri()));
        let request = request.body(Body::empty()).unwrap();
        let answer = if is_told {
            within(told.clone().oneshot(request)).await.unwrap()
        } else {
            within((&mut way).oneshot(request))
                .await
                .unwrap()
                .map(Body::new)
        };
        let body = within(answer.into_body().collect()).await.unwrap();
        assert_eq!(body.trailers().unwrap()["grpc-status"], "0");
        server.last_head(|head| assert_eq!(head.uri().scheme_str(), Some("https")));
    }
}

#[tokio::test]
async fn an_address_that_no_service_has_is_reached_as_peers_are() {
    let authority = Authority::new();
    let server = Echo::secure(authority.sign("127.0.0.1").server()).await;
    let mut targets = Targets::default();
    targets.secure_peers(authority.tls());
    let calls = Calls::new(targets, Limits::default()).unwrap();
    let address = server.target("https://").to_string();
    let endpoint = Endpoint::from_shared(format!("http://{}", server.address)).unwrap();
    let told = calls.dial(&address, endpoint).unwrap();
    let request = http::Request::post(format!("{address}/acme/Echo"));
    let request = request.body(Body::empty()).unwrap();
    let answer = within(told.oneshot(request)).await.unwrap();
    let body = within(answer.into_body().collect()).await.unwrap();
    assert_eq!(body.trailers().unwrap()["grpc-status"], "0");
}

#[test]
fn files_for_peers_are_read_at_the_start() {
    let mut targets = Targets::default();
    targets.secure_peers(Tls {
        ca: Some("missing.pem".into()),
        ..Tls::default()
    });
    let error = Calls::new(targets, Limits::default()).expect_err("there is no such file");
    let expected = "cannot read the CA missing.pem: No such file or directory (os error 2)";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn files_that_cannot_be_used_are_found_at_the_start() {
    let authority = Authority::new();
    let (one, other) = (authority.sign("one"), authority.sign("other"));
    let folder = authority.file().parent().unwrap().to_owned();
    let check = |tls: Tls, expected: &str| {
        let mut targets = Targets::default();
        let target = Target::parse("https://localhost:1").unwrap();
        targets.set(SERVICE, target.with_tls(tls));
        let error = Calls::new(targets, Limits::default());
        let error: Error = error.expect_err(expected);
        let text = error.to_string();
        let text = text.replace(folder.to_str().unwrap(), "FOLDER");
        assert_eq!(text, expected);
    };
    let ca = |name: &str| Tls {
        ca: Some(folder.join(name)),
        ..Tls::default()
    };
    check(
        ca("missing.pem"),
        "cannot read the CA FOLDER/missing.pem: No such file or directory (os error 2)",
    );
    check(
        ca("one.key.pem"),
        "FOLDER/one.key.pem holds no PEM certificate: nothing in it begins as one does",
    );
    let mut identity = one.identity();
    identity.key = other.key;
    check(
        Tls {
            identity: Some(identity),
            ..authority.tls()
        },
        "the client certificate FOLDER/one.certificate.pem cannot be used with the key \
         FOLDER/other.key.pem: keys may not be consistent: KeyMismatch",
    );
    check(
        Tls {
            domain: Some("a b".to_owned()),
            ..authority.tls()
        },
        "`a b` is no name that a certificate can be for",
    );
}

//! `pavane participant`: starts, refuses to start, ends.

use crate::fake;
use crate::run::{Running, pavane};

const SERVICE: &str = "acme.shipping.v1.ShippingService";

/// The address in the log line that says that the sidecar serves.
fn serving(line: &str) -> Option<String> {
    let address = line
        .contains("serving")
        .then(|| line.split("address=").nth(1))??;
    Some(address.split_whitespace().next()?.to_owned())
}

#[tokio::test]
async fn a_sidecar_serves_its_feed_though_its_service_is_not_there() {
    let target = fake::closed_address();
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("shipping.toml");
    let text = format!(
        "listen = '127.0.0.1:0'\ndata_dir = 'data'\n\
         [participant]\nname = 'shipping'\ntarget = '{target}'\nservices = ['{SERVICE}']\n\
         [participant.peers]\npayment = '127.0.0.1:7402'\n"
    );
    std::fs::write(&config, text).unwrap();
    let arguments = ["participant", "--config", config.to_str().unwrap()];
    let (sidecar, address) = Running::start(&arguments, serving).await;
    let feeds = pavane(&["feed", "list", "--server", &address]).await;
    assert_eq!(feeds.code, Some(0), "{}", feeds.stderr);
    assert!(feeds.stdout.contains("shipping"), "{}", feeds.stdout);
    assert!(folder.path().join("data").is_dir(), "relative to the file");
    assert_eq!(sidecar.end("TERM").await, Some(0));
}

#[tokio::test]
async fn a_service_that_is_not_there_is_told_once_and_waited_for() {
    let target = fake::closed_address();
    let arguments = ["participant", "--name", "shipping", "--target", &target];
    let service = ["--service", SERVICE, "--listen", "127.0.0.1:0"];
    let told = |line: &str| {
        line.contains("the service is not there")
            .then(|| line.to_owned())
    };
    let (sidecar, line) = Running::start(&[&arguments[..], &service].concat(), told).await;
    assert!(
        line.contains(&target) && line.contains("connection refused"),
        "{line}"
    );
    assert_eq!(sidecar.end("INT").await, Some(0));
}

#[tokio::test]
async fn what_is_missing_or_wrong_is_named() {
    let check = async |arguments: &[&str], expected: &str, hint: &str| {
        let ended = pavane(&[&["participant"], arguments].concat()).await;
        assert_eq!(ended.code, Some(2), "{}", ended.stderr);
        let mut lines = ended.stderr.lines();
        assert_eq!(lines.next(), Some(format!("error: {expected}").as_str()));
        assert_eq!(lines.next().unwrap_or_default(), hint);
    };
    check(
        &[],
        "--name is missing, and `name` of [participant] in the file too",
        "hint: such as --name shipping",
    )
    .await;
    check(
        &["--name", "a"],
        "--target is missing, and `target` of [participant] in the file too",
        "hint: such as --target localhost:50051",
    )
    .await;
    let named = ["--name", "a", "--target", "localhost:1"];
    check(
        &named,
        "--service is missing, and `services` of [participant] in the file too",
        "hint: such as --service acme.shipping.v1.ShippingService",
    )
    .await;
    check(
        &[&named[..], &["--service", "a.v1.A/Do"]].concat(),
        "`a.v1.A/Do` is not the full name of a gRPC service, such as \
         `acme.shipping.v1.ShippingService`",
        "",
    )
    .await;
    let named = [&named[..], &["--service", "a.v1.A"]].concat();
    check(
        &[&named[..], &["--peer", "payment"]].concat(),
        "--peer `payment` is not NAME=ADDRESS",
        "hint: such as --peer payment=10.0.0.7:7402",
    )
    .await;
    check(
        &[&named[..], &["--peer", "payment=x"]].concat(),
        "--peer, payment: invalid target `x`: it names no port; expected host:port, \
         http://host:port or https://host:port",
        "",
    )
    .await;
    check(
        &[&named[..], &["--name", "No Name"]].concat(),
        "the argument '--name <NAME>' cannot be used multiple times",
        "",
    )
    .await;
}

#[tokio::test]
async fn a_port_that_is_taken_is_one_clear_line_and_a_hint() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let arguments = ["participant", "--name", "a", "--target", "localhost:1"];
    let service = ["--service", SERVICE, "--listen", &address];
    let ended = pavane(&[&arguments[..], &service].concat()).await;
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""));
    insta::assert_snapshot!(ended.stderr.replace(&address, "ADDRESS"), @r"
    error: cannot listen on ADDRESS: address already in use
    hint: choose another with --listen
    ");
}

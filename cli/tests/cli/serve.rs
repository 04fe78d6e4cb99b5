//! `pavane serve`: starts, refuses to start, ends.

use crate::run::{Running, pavane};

/// The address in the log line that says that the server serves.
fn serving(line: &str) -> Option<String> {
    let address = line
        .contains("serving")
        .then(|| line.split("address=").nth(1))??;
    Some(address.split_whitespace().next()?.to_owned())
}

#[tokio::test]
async fn a_server_ends_in_good_order_when_told_to() {
    for signal in ["TERM", "INT"] {
        let arguments = ["serve", "--listen", "127.0.0.1:0", "--data-dir", "data"];
        let (server, address) = Running::start(&arguments, serving).await;
        let list = pavane(&["workflow", "list", "--server", &address]).await;
        assert_eq!(list.code, Some(0), "{}", list.stderr);
        assert_eq!(server.end(signal).await, Some(0), "{signal}");
    }
}

#[tokio::test]
async fn an_address_in_use_is_one_clear_line_and_a_hint() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let ended = pavane(&["serve", "--listen", &address]).await;
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""));
    insta::assert_snapshot!(ended.stderr.replace(&address, "ADDRESS"), @r"
    error: cannot listen on ADDRESS: address already in use
    hint: `pavane demo` listens there by default; choose another with --listen
    ");
}

#[tokio::test]
async fn a_data_directory_in_use_is_one_clear_line() {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().to_str().unwrap();
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--data-dir", folder];
    let (server, _) = Running::start(&arguments, serving).await;
    let ended = pavane(&arguments).await;
    assert_eq!(ended.code, Some(1));
    let error = ended.stderr.lines().next().unwrap_or_default();
    assert!(
        error.contains("in use by another") && error.contains(folder),
        "{}",
        ended.stderr
    );
    assert_eq!(server.end("TERM").await, Some(0));
}

#[tokio::test]
async fn wrong_flags_and_files_are_refused() {
    let check = async |arguments: &[&str], expected: &str| {
        let ended = pavane(&[&["serve"], arguments].concat()).await;
        assert_eq!(ended.code, Some(2), "{}", ended.stderr);
        assert_eq!(ended.stderr.lines().next(), Some(expected));
    };
    check(
        &["--listen", "localhost"],
        "error: cannot listen on `localhost`: it is not an IP address and a port",
    )
    .await;
    check(
        &["--target", "x"],
        "error: --target `x` is not SERVICE=ADDRESS",
    )
    .await;
    check(
        &["--target", "x=localhost"],
        "error: --target, x: invalid target `localhost`: it names no port; expected host:port, http://host:port or https://host:port",
    )
    .await;
    check(
        &["--target", "foo="],
        "error: --target `foo=` is not SERVICE=ADDRESS",
    )
    .await;
    check(
        &["--target", "foo=a:1", "--target", "foo=b:1"],
        "error: --target gives foo two addresses: a:1 and b:1",
    )
    .await;
    check(
        &["--participant", "x"],
        "error: --participant: invalid target `x`: it names no port; expected host:port, http://host:port or https://host:port",
    )
    .await;
    check(
        &["--advertise", "http://x:1/path"],
        "error: the address to advertise: invalid target `http://x:1/path`: it has a path, which gRPC services do not have; expected host:port, http://host:port or https://host:port",
    )
    .await;
    check(
        &["--allow-origin", "https://shop.example/"],
        "error: invalid value 'https://shop.example/' for '--allow-origin <ORIGIN>': `https://shop.example/` is not an origin: expected `https://HOST`, `http://HOST:PORT` or the like with nothing behind it, or `*` for all",
    )
    .await;
    check(
        &["--config", "missing.toml"],
        "error: cannot read missing.toml: No such file or directory (os error 2)",
    )
    .await;
}

#[tokio::test]
async fn mistakes_in_a_workflow_are_shown_at_their_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mistake.yaml");
    std::fs::write(&file, "name: mistake\nsteps: {}\n").unwrap();
    let file = file.to_str().unwrap();
    let proto = concat!(env!("CARGO_MANIFEST_DIR"), "/../proto");
    let checked = pavane(&["check", file, "--proto", proto]).await;
    assert!(checked.stdout.contains(" --> "), "{}", checked.stdout);
    let serve = ["serve", "--listen", "127.0.0.1:0", "--workflow", file];
    let served = pavane(&[&serve[..], &["--proto", proto]].concat()).await;
    assert_eq!(served.code, Some(2), "{}", served.stderr);
    assert_eq!(served.stdout, checked.stdout);
    assert!(!served.stderr.contains("error:"), "{}", served.stderr);
}

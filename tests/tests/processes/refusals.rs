//! A server that will not start says why in one line, and damages nothing.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use pavane_tests::ports;
use pavane_tests::process::{Ended, Process};
use pavane_tests::shop::channel;
use tempfile::TempDir;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

fn serve(folder: &Path, listen: &str) -> Process {
    let folder = folder.to_string_lossy();
    Process::start(
        "pavane",
        ["serve", "--data-dir", &folder, "--listen", listen],
    )
}

async fn refused(folder: &Path, listen: &str) -> Ended {
    serve(folder, listen).ended().await
}

/// One line that says what is wrong, maybe one with a hint, and the exit code.
fn check(ended: &Ended, code: i32, error: &str) {
    let lines: Vec<_> = ended.stderr.lines().collect();
    assert_eq!(lines.first(), Some(&error), "{}", ended.stderr);
    let hints = lines
        .iter()
        .skip(1)
        .filter(|line| line.starts_with("hint: "))
        .count();
    assert!(
        lines.len() <= 2 && hints == lines.len() - 1,
        "{}",
        ended.stderr
    );
    assert_eq!(ended.stdout, "");
    assert_eq!(ended.code, Some(code));
}

/// Each file and what is in it.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            files.extend(contents(&path));
        } else {
            let content = fs::read(&path).expect("a file can be read");
            files.insert(path, content);
        }
    }
    files
}

#[tokio::test]
async fn a_port_in_use_is_one_line_and_1() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("some port is free");
    let address = taken.local_addr().expect("it is bound").to_string();
    let folder = TempDir::new().expect("there is room");
    let ended = refused(folder.path(), &address).await;
    check(
        &ended,
        1,
        &format!("error: cannot listen on {address}: address already in use"),
    );
}

#[tokio::test]
async fn a_folder_in_use_is_one_line_with_the_pid_and_1() {
    let folder = TempDir::new().expect("there is room");
    let address = format!("127.0.0.1:{}", ports::free(1));
    let mut first = serve(folder.path(), &address);
    first.serving().await;
    let before = contents(folder.path());

    let ended = refused(folder.path(), "127.0.0.1:0").await;
    let (path, pid) = (folder.path().display(), first.id());
    check(
        &ended,
        1,
        &format!("error: {path} is in use by another process (pid {pid})"),
    );

    assert_eq!(contents(folder.path()), before, "the data was touched");
    let mut health = HealthClient::new(channel(&address));
    let asked = health.check(HealthCheckRequest::default()).await;
    asked.expect("the first goes on serving");
    first.terminate().await;
    assert_eq!(first.ended().await.code, Some(0));
}

#[tokio::test]
async fn a_folder_of_a_newer_format_is_one_line_and_1() {
    let folder = TempDir::new().expect("there is room");
    let mut first = serve(folder.path(), "127.0.0.1:0");
    first.serving().await;
    first.terminate().await;
    assert_eq!(first.ended().await.code, Some(0));

    let format = folder.path().join("FORMAT");
    let text = fs::read_to_string(&format).expect("a folder has a format");
    let (name, _) = text
        .trim()
        .rsplit_once(' ')
        .expect("a format has a name and a number");
    fs::write(&format, format!("{name} 99\n")).expect("the format can be written");
    let before = contents(folder.path());
    let ended = refused(folder.path(), "127.0.0.1:0").await;
    let first_line = ended.stderr.lines().next().unwrap_or_default().to_owned();
    check(&ended, 1, &first_line);
    assert!(
        first_line.starts_with("error: ") && first_line.contains("99"),
        "{first_line}"
    );
    assert_eq!(contents(folder.path()), before, "the data was touched");
}

#[tokio::test]
async fn flags_that_make_no_sense_are_explained_and_2() {
    let folder = TempDir::new().expect("there is room");
    let path = folder.path().to_string_lossy();
    let definition = folder.path().join("broken.yaml");
    fs::write(&definition, "name: broken\nsteps: 7\n").expect("there is room");
    let definition = definition.to_string_lossy();
    let proto = pavane_tests::root().join("proto");
    let proto = proto.to_string_lossy();
    let cases: [(&[&str], &str); 6] = [
        (&["serve", "--listen", "nowhere"], "nowhere"),
        (&["serve", "--lisen", "127.0.0.1:0"], "--lisen"),
        (&["serve", "--target", "no-address"], "no-address"),
        (
            &[
                "serve",
                "--workflow",
                "not-there.yaml",
                "--listen",
                "127.0.0.1:0",
            ],
            "not-there.yaml",
        ),
        (&["check", &definition, "--proto", &proto], "broken.yaml"),
        (&["demo", "--mode", "improvised"], "improvised"),
    ];
    for (arguments, named) in cases {
        let ended = Process::start_in(folder.path(), "pavane", arguments)
            .ended()
            .await;
        let said = format!("{}{}", ended.stdout, ended.stderr);
        assert_eq!(ended.code, Some(2), "{arguments:?}: {said}");
        assert!(said.contains(named), "{arguments:?}: {said}");
    }
    let services = ["shop-inventory", "shop-payment", "shop-shipping"];
    for service in services {
        let ended = Process::start(service, ["--data-dir", &path, "--listen", "1"])
            .ended()
            .await;
        assert_eq!(ended.code, Some(2), "{service}: {}", ended.stderr);
    }
}

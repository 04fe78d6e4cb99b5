//! `pavane check --against` and what `deploy` says of a change that breaks somebody.

use super::fake::{BREAKS, Fake};
use super::run::{Ended, pavane};

/// Runs a command on a file with this text.
async fn on_file(command: &str, text: &str, more: &[&str]) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.yaml");
    std::fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap();
    pavane(&[&[command, path], more].concat()).await
}

/// Without the folder, which has another name each time.
fn shown(text: &str) -> String {
    let lines = text.lines().map(|line| match line.rfind("/a.yaml") {
        Some(end) => format!("{}\n", &line[end + 1..]),
        None => format!("{line}\n"),
    });
    lines.collect()
}

#[tokio::test]
async fn what_would_break_somebody_is_shown_and_fails() {
    let fake = Fake::start().await;
    let ended = on_file("check", BREAKS, &["--against", &fake.address]).await;
    insta::assert_snapshot!(shown(&ended.stdout), @r"
    error: this would break workflow `other`, revision abcdef01, with 1 execution in flight (order-1)
      --> acme.Things/Get request.id
       | was  int32 id = 1
       | is   string id = 1
       = breaking: the two are encoded differently

    1 breaking change: a deploy is refused without --allow-breaking
    a.yaml: sound, revision 01234567
    ");
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(2), ""));

    let json = ["--against", &fake.address, "--output", "json"];
    let ended = on_file("check", BREAKS, &json).await;
    assert_eq!(ended.code, Some(2));
    let json: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    let impact = &json["impacts"][0];
    assert_eq!(impact["executionIds"][0], "order-1");
    assert_eq!(impact["changes"][0]["severity"], "SEVERITY_BREAKING");
}

#[tokio::test]
async fn what_is_compatible_is_shown_and_succeeds() {
    let fake = Fake::start().await;
    let ended = on_file("check", "name: fits", &["--against", &fake.address]).await;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    insta::assert_snapshot!(shown(&ended.stdout), @r"
    note: this fits workflow `other`, revision abcdef01, with 1 execution in flight (order-1)
      --> acme.Things/Get request.id
       | was  int32 id = 1
       | is   string id = 1
       = compatible: the two are encoded differently

    a.yaml: sound, revision 01234567
    ");
}

#[tokio::test]
async fn a_deploy_that_breaks_somebody_shows_the_report() {
    let fake = Fake::start().await;
    let ended = on_file("deploy", BREAKS, &["--server", &fake.address]).await;
    assert_eq!(ended.code, Some(1));
    assert!(
        ended
            .stdout
            .starts_with("error: this would break workflow `other`"),
        "{}",
        ended.stdout
    );
    assert!(
        ended.stderr.contains("would break workflow `other`"),
        "{}",
        ended.stderr
    );

    let json = ["--server", &fake.address, "--output", "json"];
    let ended = on_file("deploy", BREAKS, &json).await;
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""));
    let json: serde_json::Value = serde_json::from_str(&ended.stderr).unwrap();
    assert_eq!(json["error"]["impacts"][0]["workflow"], "other");
}

//! `pavane conformance feed` against real feeds.

use crate::fake::{Fake, closed_address};
use crate::run::pavane;

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_checked_and_the_verdict_is_the_exit_code() {
    let fake = Fake::start().await;
    let check = ["conformance", "feed", "--target", &fake.address];
    let some = ["--only", "commit", "--events", "200", "--seed", "7"];
    let text = pavane(&[&check[..], &some].concat()).await;
    assert_eq!(text.code, Some(0), "{}{}", text.stdout, text.stderr);
    let lines: Vec<&str> = text.stdout.lines().collect();
    assert!(lines[0].starts_with("passed   a_commit_is_never_split  "));
    assert_eq!(
        lines.last(),
        Some(&"2 passed, 0 failed, 0 skipped   repeat with --seed 7")
    );

    let missing = ["--feed", "nowhere", "--output", "json"];
    let json = pavane(&[&check[..], &some, &missing].concat()).await;
    assert_eq!(json.code, Some(1), "{}", json.stderr);
    let report: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(
        (&report["failed"], &report["skipped"]),
        (&1.into(), &1.into())
    );
    let found = report["checks"][0]["found"].as_str().unwrap();
    assert!(found.starts_with("NotFound: "), "{found}");
    assert_eq!(json.stderr, "");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_no_failed_check() {
    let closed = closed_address();
    let ended = pavane(&["conformance", "feed", "--target", &closed]).await;
    assert_eq!(ended.code, Some(1));
    assert_eq!(ended.stdout, "");
    assert!(
        ended.stderr.contains(&format!("cannot reach {closed}")),
        "{}",
        ended.stderr
    );
}

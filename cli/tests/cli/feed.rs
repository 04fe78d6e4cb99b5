//! `pavane feed` against real feeds.

use crate::fake::Fake;
use crate::run::pavane;

/// Publishes a note and gives its cursor.
async fn publish(server: &str, subject: &str, data: &str) -> String {
    let event_type = "shop.common.v1.OrderLine";
    let arguments = [
        "feed",
        "publish",
        "notes",
        "--type",
        event_type,
        "--subject",
        subject,
    ];
    let rest = [
        "--data", data, "--create", "--output", "json", "--server", server,
    ];
    let ended = pavane(&[&arguments[..], &rest[..]].concat()).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let json: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    json["cursor"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_feed_is_written_and_read_from_any_place_on() {
    let fake = Fake::start().await;
    let server = fake.address.as_str();
    let first = publish(server, "a", r#"{"sku": "sku-17", "quantity": 2}"#).await;
    publish(server, "b", r#"{"sku": "sku-3", "quantity": 1}"#).await;

    let tail = ["feed", "tail", "notes", "--no-follow", "--server", server];
    let all = pavane(&tail).await;
    assert_eq!(all.code, Some(0), "{}", all.stderr);
    let lines: Vec<&str> = all.stdout.lines().collect();
    assert_eq!(lines.len(), 2);
    assert!(
        lines[0].contains("#1 ") && lines[0].ends_with("2 x sku-17"),
        "{}",
        lines[0]
    );
    assert!(
        all.stderr.starts_with("resume with --after "),
        "{}",
        all.stderr
    );

    let rest = pavane(&[&tail[..], &["--after", &first, "--output", "json"]].concat()).await;
    let event: serde_json::Value = serde_json::from_str(&rest.stdout).unwrap();
    assert_eq!(
        (&event["subject"], &event["data"]["sku"]),
        (&"b".into(), &"sku-3".into())
    );
    assert_eq!(rest.stderr, "");

    let as_others = ["--after", &first, "--cloudevents"];
    let rest = pavane(&[&tail[..], &as_others].concat()).await;
    let event: serde_json::Value = serde_json::from_str(&rest.stdout).unwrap();
    assert_eq!(event["specversion"], "1.0");
    assert_eq!(event["subject"], "b");
    assert_eq!(event["data"]["sku"], "sku-3");

    let some = pavane(&[&tail[..], &["--subject", "b"]].concat()).await;
    assert_eq!(some.stdout.lines().count(), 1);
    let limited = pavane(&["feed", "tail", "notes", "--limit", "1", "--server", server]).await;
    assert_eq!(limited.stdout.lines().count(), 1);
    assert_eq!(limited.stderr, format!("resume with --after {first}\n"));
}

#[tokio::test]
async fn data_that_is_not_of_its_type_is_refused() {
    let fake = Fake::start().await;
    let publish = [
        "feed",
        "publish",
        "notes",
        "--create",
        "--server",
        &fake.address,
    ];
    let wrong = [
        "--type",
        "shop.common.v1.OrderLine",
        "--data",
        r#"{"skew": "x"}"#,
    ];
    let ended = pavane(&[&publish[..], &wrong[..]].concat()).await;
    assert_eq!(ended.code, Some(2));
    insta::assert_snapshot!(ended.stderr, @"error: --data is not a shop.common.v1.OrderLine: unrecognized field name 'skew' at line 1 column 7");
    let unknown = ["--type", "acme.v1.NoteTaken", "--data", r#"{"text": "hi"}"#];
    let ended = pavane(&[&publish[..], &unknown[..]].concat()).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
}

#[tokio::test]
async fn a_feed_or_cursor_that_does_not_exist_is_refused() {
    let fake = Fake::start().await;
    let server = fake.address.as_str();
    publish(server, "a", "{}").await;
    let ended = pavane(&["feed", "info", "note", "--server", server]).await;
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("`notes`"), "{}", ended.stderr);
    let tail = [
        "feed", "tail", "notes", "--server", server, "--after", "nonsense",
    ];
    let ended = pavane(&tail).await;
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
}

//! `pavane init`: what it wrote is sound for `pavane check`, and nothing is overwritten.

use std::fs;
use std::path::Path;

use super::run::pavane;

const PROTO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/interop/tour/proto");

#[tokio::test]
async fn what_is_begun_is_sound_and_is_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let gift = folder.path().join("gift");
    let path = |name: &str| gift.join(name).to_str().unwrap().to_owned();
    let init = [
        "init",
        "gift",
        "--proto",
        PROTO,
        "--dir",
        gift.to_str().unwrap(),
    ];
    let ended = pavane(&init).await;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    assert!(
        ended
            .stdout
            .starts_with("found 3 services, 6 unary methods\n")
    );
    let names = ["README.md", "gift.proto", "gift.yaml", "pavane.toml"];
    assert_eq!(files(&gift), names);

    let (definition, own) = (path("gift.yaml"), path("gift.proto"));
    let ended = pavane(&["check", &definition, "--proto", PROTO, "--proto", &own]).await;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    assert!(ended.stdout.contains("sound"), "{}", ended.stdout);

    fs::remove_file(path("README.md")).unwrap();
    fs::write(&definition, "mine").unwrap();
    let ended = pavane(&init).await;
    assert_eq!(ended.code, Some(2));
    assert!(
        ended.stderr.contains("nothing was written, for there is"),
        "{}",
        ended.stderr
    );
    assert_eq!(fs::read_to_string(&definition).unwrap(), "mine");
    assert_eq!(files(&gift), &names[1..]);
}

#[tokio::test]
async fn programs_are_told_what_was_chosen_and_written() {
    let folder = tempfile::tempdir().unwrap();
    let gift = folder.path().join("gift");
    let method = "bookshop.v1.OrderService/BuyBook";
    let ended = pavane(&[
        "init",
        "gift",
        "--proto",
        PROTO,
        "--implements",
        method,
        "--output",
        "json",
        "--dir",
        gift.to_str().unwrap(),
    ])
    .await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let json: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(json["implements"], method);
    let calls = [
        "bookshop.v1.BillingService/Charge",
        "bookshop.v1.LibraryService/Reserve",
    ];
    assert_eq!(json["calls"], serde_json::json!(calls));
    assert_eq!(json["files"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn mistakes_say_what_there_is() {
    let ended = pavane(&["init", "Gift", "--proto", PROTO]).await;
    assert_eq!(ended.code, Some(2));
    assert!(
        ended
            .stderr
            .contains("`Gift` cannot be the name of a workflow"),
        "{}",
        ended.stderr
    );
    let ended = pavane(&["init", "gift", "--proto", PROTO, "--implements", "a.B/C"]).await;
    assert_eq!(ended.code, Some(2));
    assert!(
        ended.stderr.contains("bookshop.v1.BillingService/Charge"),
        "{}",
        ended.stderr
    );
}

fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

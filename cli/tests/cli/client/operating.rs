//! The commands that steer executions, one and many at a time.

use crate::fake::{EXECUTIONS, Fake};
use crate::run::pavane;

#[tokio::test]
async fn what_would_be_done_is_said_and_not_done() {
    let fake = Fake::start().await;
    let server = ["--server", &fake.address, "--dry-run"];
    for (command, expected) in [
        (&["cancel", "order-1"][..], "canceled"),
        (&["retry", "order-1"], "retried"),
        (&["skip", "order-1", "charge", "--reason", "why"], "skipped"),
    ] {
        let ended = pavane(&[command, &server[..]].concat()).await;
        let expected = format!("order-1 would be {expected}; nothing was changed\n");
        assert_eq!((ended.code, ended.stdout), (Some(0), expected));
    }
}

#[tokio::test]
async fn many_are_not_touched_before_somebody_has_said_that_they_mean_it() {
    let fake = Fake::start().await;
    let command = ["cancel", "--all", "--server", &fake.address];
    let ended = pavane(&command).await;
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
    let expected = format!(
        "error: this would cancel {EXECUTIONS} executions; expected --yes, since nobody can be \
         asked here\nhint: see which ones with --dry-run\n"
    );
    assert_eq!(ended.stderr, expected);

    let meant = pavane(&[&command[..], &["--yes"]].concat()).await;
    let expected = format!("{EXECUTIONS} of {EXECUTIONS} canceled\n");
    assert_eq!((meant.code, meant.stdout), (Some(0), expected));
    let looked = [&command[..], &["--dry-run", "--output", "json"]].concat();
    let looked = pavane(&looked).await;
    let json: serde_json::Value = serde_json::from_str(&looked.stdout).unwrap();
    assert_eq!(json["dry_run"], true);
    assert_eq!(json["done"].as_array().map(Vec::len), Some(EXECUTIONS));
}

#[tokio::test]
async fn one_or_all_has_to_be_said_and_why_a_step_is_settled() {
    for wrong in [
        &["cancel"][..],
        &["cancel", "order-1", "--all"],
        &["retry", "order-1", "--all"],
        &[
            "skip", "order-1", "charge", "--step", "ship", "--reason", "why",
        ],
        &["skip", "order-1", "charge"],
        &["skip", "order-1", "--reason", "why"],
        &["skip", "--all", "--reason", "why"],
        &["compensated", "--reason", "why"],
    ] {
        let ended = pavane(wrong).await;
        assert_eq!(
            (ended.code, ended.stdout.as_str()),
            (Some(2), ""),
            "{wrong:?}"
        );
    }
}

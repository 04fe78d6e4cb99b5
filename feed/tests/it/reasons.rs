//! What callers are told of errors that no call of the service runs into.

use pavane_feed::{Access, Error, Options, Store};
use tempfile::tempdir;
use tonic::Status;
use tonic_types::StatusExt;

use crate::support::{fixture, options};

fn check(error: Error, expected: &str) {
    let status = Status::from(error);
    let info = status.get_details_error_info().unwrap();
    assert_eq!(info.reason, expected, "{status:?}");
    assert_eq!(info.domain, pavane::error::DOMAIN);
}

#[tokio::test]
async fn a_store_belongs_to_whoever_made_it() {
    let folder = tempdir().unwrap();
    let owned = |owner: &str| Options {
        owner: Some(owner.to_owned()),
        ..options(folder.path())
    };
    let store = Store::open(owned("inventory")).unwrap();
    check(Store::open(owned("inventory")).unwrap_err(), "STORE_IN_USE");
    store.close().await;
    drop(store);
    let refused = Store::open(owned("payment")).unwrap_err();
    check(refused, "STORE_OF_ANOTHER");
}

#[test]
fn a_store_has_so_many_feeds_and_no_more() {
    let folder = tempdir().unwrap();
    let mut options = options(folder.path());
    options.limits.feeds = 1;
    let store = Store::open(options).unwrap();
    store.feed("orders", Access::Owner).unwrap();
    let refused = store.feed("payments", Access::Owner).unwrap_err();
    check(refused, "TOO_MANY_FEEDS");
}

#[tokio::test]
async fn a_key_is_not_empty() {
    let fixture = fixture();
    let state = fixture.store.state("s").unwrap();
    let refused = fixture
        .store
        .transact(move |transaction| transaction.put(&state, "", "value"))
        .await;
    check(refused.unwrap_err().into(), "INVALID_KEY");
}

//! The folder of a store: who may open it.

use std::fs;

use pavane_feed::{Access, Error, Store};

use crate::support::{append_numbers, fixture, options};

#[tokio::test]
async fn a_folder_in_use_is_refused_and_says_by_whom() {
    let fixture = fixture();
    let refused = Store::open(options(fixture.folder.path())).unwrap_err();
    let pid = std::process::id();
    assert!(
        matches!(refused, Error::InUse { pid: Some(found), .. } if found == pid),
        "{refused}"
    );
    let expected = format!("is in use by another process (pid {pid})");
    assert!(refused.to_string().ends_with(&expected), "{refused}");

    fixture.store.close().await;
    Store::open(options(fixture.folder.path())).unwrap();
}

#[tokio::test]
async fn a_folder_of_a_newer_format_is_refused_and_left_as_it_is() {
    let fixture = fixture();
    append_numbers(&fixture.store, &fixture.feed, 1..=3).await;
    fixture.store.close().await;
    let folder = options(fixture.folder.path()).data_dir;
    fs::write(folder.join("FORMAT"), "pavane-feed 2\n").unwrap();
    let files = || {
        let mut files: Vec<_> = fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap())
            .map(|entry| {
                (
                    entry.file_name(),
                    entry.metadata().unwrap().modified().unwrap(),
                )
            })
            .collect();
        files.sort();
        files
    };
    let before = files();
    let refused = Store::open(options(fixture.folder.path())).unwrap_err();
    assert!(
        matches!(
            refused,
            Error::NewerFormat {
                found: 2,
                supported: 1,
                ..
            }
        ),
        "{refused}"
    );
    assert_eq!(files(), before);

    fs::write(folder.join("FORMAT"), "pavane-feed 1\n").unwrap();
    let reopened = Store::open(options(fixture.folder.path())).unwrap();
    assert_eq!(reopened.find_feed("orders").unwrap().head().get(), 3);
}

#[test]
fn a_folder_that_is_no_store_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = options(folder.path()).data_dir;
    fs::create_dir_all(data_dir.join("db")).unwrap();
    let refused = Store::open(options(folder.path())).unwrap_err();
    assert!(matches!(refused, Error::NotAStore { .. }), "{refused}");
    fs::write(data_dir.join("FORMAT"), "something else").unwrap();
    let refused = Store::open(options(folder.path())).unwrap_err();
    assert!(matches!(refused, Error::NotAStore { .. }), "{refused}");
}

#[test]
fn a_feed_needs_a_proper_name_and_is_found_by_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(options(folder.path())).unwrap();
    for name in ["", "Orders", "a b", "#x", &"x".repeat(65)] {
        let refused = store.feed(name, Access::Owner).unwrap_err();
        assert!(
            matches!(refused, Error::InvalidName { .. }),
            "{name}: {refused}"
        );
    }
    let made = store.feed("orders", Access::Owner).unwrap();
    let again = store.feed("orders", Access::Anyone).unwrap();
    assert_eq!(made.incarnation(), again.incarnation());
    assert_eq!(made.access(), Access::Anyone);
    let missing = store.find_feed("order").unwrap_err();
    assert_eq!(
        missing.to_string(),
        "there is no feed `order`; did you mean `orders`?"
    );
}

#[tokio::test]
async fn a_store_that_is_dropped_gives_its_folder_free() {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..3 {
        let store = Store::open(options(folder.path())).unwrap();
        let feed = store.feed("orders", Access::Owner).unwrap();
        append_numbers(&store, &feed, 1..=1).await;
    }
    let store = Store::open(options(folder.path())).unwrap();
    assert_eq!(store.find_feed("orders").unwrap().head().get(), 3);
}

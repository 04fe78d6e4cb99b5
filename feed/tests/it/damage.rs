//! Damage is told from a store that is new: what was there and is gone is never made anew.

use std::fs::{self, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use pavane_feed::{Access, Error, Store};

use crate::support::{append_numbers, fixture, options};

/// A store that was closed with ten events in its feed; its folder.
async fn closed_store() -> (tempfile::TempDir, PathBuf) {
    let fixture = fixture();
    append_numbers(&fixture.store, &fixture.feed, 1..=10).await;
    fixture.store.close().await;
    let data_dir = options(fixture.folder.path()).data_dir;
    // What the making of a store has left over, the engine clears away when it is opened next.
    let reopened = Store::open(options(fixture.folder.path())).unwrap();
    reopened.close().await;
    (fixture.folder, data_dir)
}

/// Every file but the lock, with its size and when it was written.
fn contents(folder: &Path) -> Vec<(PathBuf, u64, SystemTime)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let data = entry.metadata().unwrap();
        if data.is_dir() {
            files.extend(contents(&entry.path()));
        } else if !entry.file_name().eq_ignore_ascii_case("lock") {
            files.push((entry.path(), data.len(), data.modified().unwrap()));
        }
    }
    files.sort();
    files
}

/// Opening is refused with this message, however often, and leaves the files as they are.
fn check_refused(folder: &Path, expected: &str) {
    let before = contents(folder);
    for _ in 0..2 {
        let refused = Store::open(pavane_feed::Options::new(folder)).unwrap_err();
        let expected = expected.replace("DIR", &folder.display().to_string());
        assert_eq!(refused.to_string(), expected);
        assert!(matches!(refused, Error::Damaged { .. }), "{refused}");
        assert_eq!(
            tonic::Status::from(refused).code(),
            tonic::Code::DataLoss,
            "{expected}"
        );
        assert_eq!(contents(folder), before, "{expected}");
    }
}

/// Where the `number`-th event lies in the journal.
fn event_in_journal(journal: &Path, number: usize) -> u64 {
    let mut head = Vec::new();
    let file = fs::File::open(journal).unwrap();
    file.take(1 << 20).read_to_end(&mut head).unwrap();
    let wanted = b"shop.v1.Tested";
    let mut places = (0..head.len() - wanted.len()).filter(|&at| head[at..].starts_with(wanted));
    places.nth(number - 1).unwrap() as u64
}

#[tokio::test]
async fn a_store_without_its_journal_is_refused_and_left_as_it_is() {
    let (_folder, data_dir) = closed_store().await;
    fs::remove_file(data_dir.join("db/0.jnl")).unwrap();
    check_refused(
        &data_dir,
        "the journal below DIR/db is damaged (there is no file `*.jnl`); restore a copy; \
         nothing was changed",
    );
}

#[tokio::test]
async fn a_store_without_one_of_its_journals_is_refused_and_left_as_it_is() {
    let (_folder, data_dir) = closed_store().await;
    fs::write(data_dir.join("db/2.jnl"), "").unwrap();
    check_refused(
        &data_dir,
        "the journal below DIR/db is damaged (there is no file `1.jnl`); restore a copy; \
         nothing was changed",
    );
}

#[tokio::test]
async fn a_store_without_its_database_is_refused_and_left_as_it_is() {
    let (_folder, data_dir) = closed_store().await;
    fs::remove_file(data_dir.join("db/version")).unwrap();
    check_refused(
        &data_dir,
        "the database below DIR/db is damaged (there is no file `version`); restore a copy; \
         nothing was changed",
    );
    fs::remove_dir_all(data_dir.join("db")).unwrap();
    check_refused(
        &data_dir,
        "the database below DIR is damaged (there is no folder `db`); restore a copy; \
         nothing was changed",
    );
}

#[tokio::test]
async fn a_journal_with_a_wrong_byte_is_refused_and_left_as_it_is() {
    let (_folder, data_dir) = closed_store().await;
    let journal = data_dir.join("db/0.jnl");
    let place = event_in_journal(&journal, 5);
    let mut file = OpenOptions::new().write(true).open(&journal).unwrap();
    file.seek(SeekFrom::Start(place)).unwrap();
    file.write_all(b"S").unwrap();
    check_refused(
        &data_dir,
        "the journal below DIR/db is damaged (checksum mismatch); restore a copy; \
         nothing was changed",
    );
}

#[tokio::test]
async fn a_journal_that_was_cut_short_after_a_clean_end_is_refused() {
    let (_folder, data_dir) = closed_store().await;
    let journal = data_dir.join("db/0.jnl");
    let cut = |length| {
        let file = OpenOptions::new().write(true).open(&journal).unwrap();
        file.set_len(length).unwrap();
        Store::open(pavane_feed::Options::new(&data_dir)).unwrap_err()
    };
    for (length, problem) in [
        (
            event_in_journal(&journal, 1),
            "feed `orders` ends at 0, but had come to 10",
        ),
        (0, "feed `orders` is missing"),
    ] {
        let expected = format!(
            "the database below {} is damaged ({problem}); restore a copy",
            data_dir.display()
        );
        for _ in 0..2 {
            assert_eq!(cut(length).to_string(), expected);
        }
    }
}

#[tokio::test]
async fn a_feed_that_was_made_and_is_gone_is_missed_even_without_a_clean_end() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = options(folder.path()).data_dir;
    let store = Store::open(options(folder.path())).unwrap();
    store.feed("orders", Access::Owner).unwrap();
    // What is on disk at this moment is what a kill would leave.
    let identity = fs::read(data_dir.join("IDENTITY")).unwrap();
    store.close().await;
    fs::write(data_dir.join("IDENTITY"), identity).unwrap();
    fs::write(data_dir.join("db/0.jnl"), "").unwrap();
    let refused = Store::open(options(folder.path())).unwrap_err();
    assert!(
        refused.to_string().contains("feed `orders` is missing"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_store_from_before_it_had_an_identity_is_taken_as_it_is() {
    let (folder, data_dir) = closed_store().await;
    fs::remove_file(data_dir.join("IDENTITY")).unwrap();
    let store = Store::open(options(folder.path())).unwrap();
    assert_eq!(store.find_feed("orders").unwrap().head().get(), 10);
    store.close().await;
    let identity = fs::read_to_string(data_dir.join("IDENTITY")).unwrap();
    assert!(identity.ends_with(" 10\n"), "{identity}");
}

#[tokio::test]
async fn the_store_of_another_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let owned_by = |owner: Option<&str>| {
        Store::open(pavane_feed::Options {
            owner: owner.map(str::to_owned),
            ..options(folder.path())
        })
    };
    owned_by(Some("inventory")).unwrap().close().await;
    let data_dir = options(folder.path()).data_dir;
    let before = contents(&data_dir);
    let refused = owned_by(Some("orchestrator")).unwrap_err();
    assert_eq!(
        refused.to_string(),
        format!(
            "{} is the store of `inventory`, not of `orchestrator`: choose another folder",
            data_dir.display()
        )
    );
    assert_eq!(contents(&data_dir), before);
    // Who does not say who it is may look, and changes nothing about it.
    owned_by(None).unwrap().close().await;
    owned_by(Some("inventory")).unwrap().close().await;
    assert!(owned_by(Some("orchestrator")).is_err());
    assert!(matches!(
        owned_by(Some("a b")),
        Err(Error::InvalidName { .. })
    ));
}

//! Typed tables on a real store.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use pavane::shop::common::v1::Money;
use pavane_feed::{Options, Store, TransactError};
use pavane_kit::{Error, Table};
use tempfile::TempDir;

fn euros(minor_units: i64) -> Money {
    Money {
        currency: "EUR".to_owned(),
        minor_units,
    }
}

fn keys(table: &Table<Money>, page_size: i32, page_token: &str) -> (Vec<String>, String) {
    table
        .page(page_size, page_token, |key, _| key.to_owned())
        .unwrap()
}

#[tokio::test]
async fn tables_with_similar_names_do_not_see_each_other() {
    let folder = TempDir::new().unwrap();
    let store = Store::open(Options::new(folder.path())).unwrap();
    let a = Table::<Money>::open(&store, "a").unwrap();
    let ab = Table::<Money>::open(&store, "ab").unwrap();
    let (in_a, in_ab) = (a.clone(), ab.clone());
    let written = store.transact(move |tx| {
        in_a.put(tx, "b1", &euros(1))?;
        in_a.put(tx, "c", &euros(2))?;
        in_ab.put(tx, "1", &euros(3))?;
        in_ab.put(tx, "gone", &euros(4))?;
        in_ab.remove(tx, "gone")?;
        assert_eq!(in_a.keys(tx, 10)?, ["b1", "c"]);
        assert_eq!(in_ab.get(tx, "1")?, Some(euros(3)));
        Ok::<_, Error>(())
    });
    written.await.unwrap();
    assert_eq!(
        keys(&a, 0, ""),
        (vec!["b1".to_owned(), "c".to_owned()], String::new())
    );
    assert_eq!(keys(&ab, 0, ""), (vec!["1".to_owned()], String::new()));
    assert_eq!(a.committed("c").unwrap(), Some(euros(2)));
    assert_eq!(a.committed("1").unwrap(), None);
    let (page, token) = keys(&a, 1, "");
    assert_eq!(page, ["b1"]);
    assert_eq!(keys(&a, 1, &token), (vec!["c".to_owned()], String::new()));
}

#[tokio::test]
async fn a_number_drawn_in_vain_is_drawn_again() {
    let folder = TempDir::new().unwrap();
    let store = Store::open(Options::new(folder.path())).unwrap();
    let numbers = Table::<u64>::open(&store, "numbers").unwrap();
    for (commit, expected) in [(true, 1), (false, 2), (true, 2), (true, 3)] {
        let numbers = numbers.clone();
        let drawn = store.transact(move |tx| {
            let number = numbers.draw(tx, "orders").map_err(|_| 0_u64)?;
            if commit { Ok(number) } else { Err(number) }
        });
        match drawn.await {
            Ok(number) | Err(TransactError::Aborted(number)) => assert_eq!(number, expected),
            Err(TransactError::Store(error)) => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn a_record_that_does_not_decode_is_reported_with_its_table() {
    let folder = TempDir::new().unwrap();
    let store = Store::open(Options::new(folder.path())).unwrap();
    let numbers = Table::<u64>::open(&store, "amounts").unwrap();
    let wrong = numbers.clone();
    let written = store.transact(move |tx| wrong.put(tx, "x", &7));
    written.await.unwrap();
    let money = Table::<Money>::open(&store, "amounts").unwrap();
    let error = money.committed("x").unwrap_err();
    assert!(
        matches!(&error, Error::CorruptState { state, .. } if state == "amounts"),
        "{error}"
    );
}

//! SIGKILL while a store is being made: whatever is left behind, the next opening goes on from it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use pavane_feed::{Access, Options, Store};

use crate::ONE_AT_A_TIME;
use crate::support::append_numbers;

const FOLDER: &str = "PAVANE_FEED_CREATION_FOLDER";
const ROUNDS: u32 = 48;

fn options(folder: &Path) -> Options {
    Options {
        owner: Some("shop".to_owned()),
        ..Options::new(folder)
    }
}

/// In a process of its own, which is told a folder, waits to be killed.
#[test]
#[allow(clippy::print_stdout, reason = "this is how the parent learns of it")]
fn a_store_is_made() {
    let told = std::env::var(FOLDER).ok();
    let _alone = told.is_none().then(|| ONE_AT_A_TIME.blocking_lock());
    let temporary = tempfile::tempdir().unwrap();
    let folder = told.as_deref().map_or(temporary.path(), Path::new);
    println!("begins now");
    let store = Store::open(options(folder)).unwrap();
    let incarnation = store.feed("orders", Access::Owner).unwrap().incarnation();
    println!("made {incarnation} now");
    if told.is_some() {
        std::io::stdin().read_line(&mut String::new()).unwrap();
    }
    assert!(!folder.join("MAKING").exists(), "it is made");
}

/// Starts making a store, and kills that after a while. The incarnation of its feed, if it came so far.
fn killed_after(folder: &Path, delay: Duration) -> Option<String> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "creation::a_store_is_made", "--nocapture"])
        .env(FOLDER, folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let begun = |line: &Result<String, _>| line.as_ref().unwrap().contains("begins now");
    assert!(lines.any(|line| begun(&line)), "it ended before it began");
    let begin = Instant::now();
    while begin.elapsed() < delay {
        std::hint::spin_loop();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    lines.find_map(|line| {
        let line = line.ok()?;
        let (_, made) = line.split_once("made ")?;
        made.strip_suffix(" now").map(str::to_owned)
    })
}

#[tokio::test]
async fn a_store_whose_making_was_killed_is_made_by_the_next() {
    let _alone = ONE_AT_A_TIME.lock().await;
    let mut made = 0;
    for round in 0..ROUNDS {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("store");
        let delay = Duration::from_millis(1) * round;
        let known = killed_after(&folder, delay);
        made += u32::from(known.is_some());
        let store = Store::open(options(&folder))
            .unwrap_or_else(|error| panic!("killed after {delay:?}: {error}"));
        let feed = store.feed("orders", Access::Owner).unwrap();
        let incarnation = feed.incarnation().to_string();
        assert!(known.is_none_or(|known| known == incarnation), "{delay:?}");
        append_numbers(&store, &feed, 1..=3).await;
        store.close().await;
        let store = Store::open(options(&folder)).unwrap();
        let feed = store.find_feed("orders").unwrap();
        assert_eq!(feed.incarnation().to_string(), incarnation, "{delay:?}");
        assert_eq!(feed.head().get(), 3);
    }
    eprintln!("{made} of {ROUNDS} were killed after they were done");
}

#[tokio::test]
async fn every_stage_of_making_a_store_can_be_gone_on_from() {
    let _alone = ONE_AT_A_TIME.lock().await;
    let whole = tempfile::tempdir().unwrap();
    let store = Store::open(options(whole.path())).unwrap();
    store.feed("orders", Access::Owner).unwrap();
    store.close().await;
    let format = fs::read(whole.path().join("FORMAT")).unwrap();

    type Stage<'a> = &'a dyn Fn(&Path);
    let stages: [(&str, Stage<'_>); 6] = [
        ("a draft", &|folder| {
            fs::write(folder.join("IDENTITY.new"), "ow").unwrap();
        }),
        ("an owner", &|folder| {
            fs::write(folder.join("IDENTITY"), "owner shop\n").unwrap();
        }),
        ("a draft of the format", &|folder| {
            fs::write(folder.join("FORMAT.new"), "pav").unwrap();
        }),
        ("a format", &|folder| {
            fs::write(folder.join("FORMAT"), &format).unwrap();
        }),
        ("a journal", &|folder| {
            fs::write(folder.join("MAKING"), "").unwrap();
            fs::create_dir_all(folder.join("db/keyspaces")).unwrap();
            fs::write(folder.join("db/0.jnl"), "").unwrap();
        }),
        ("a marker without a version", &|folder| {
            fs::write(folder.join("db/version"), "").unwrap();
        }),
    ];
    for reached in 1..=stages.len() {
        let folder = tempfile::tempdir().unwrap();
        for (_, stage) in &stages[..reached] {
            stage(folder.path());
        }
        let (name, _) = stages[reached - 1];
        let store = Store::open(options(folder.path()))
            .unwrap_or_else(|error| panic!("left with {name}: {error}"));
        store.feed("orders", Access::Owner).unwrap();
        store.close().await;
        assert!(!folder.path().join("MAKING").exists(), "{name}");
    }

    // The feed is in the database, and the file does not know it yet.
    fs::write(whole.path().join("IDENTITY"), "owner shop\n").unwrap();
    let store = Store::open(options(whole.path())).unwrap();
    assert!(store.find_feed("orders").is_ok());
}

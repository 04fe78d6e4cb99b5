//! SIGKILL while writing: what was acknowledged is there, without a gap, and writing goes on.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use pavane_feed::{Access, Error, Options, Sequence, Store};

use crate::ONE_AT_A_TIME;
use crate::support::{append_numbers, event};

const FOLDER: &str = "PAVANE_FEED_CRASH_FOLDER";
const ROUNDS: u64 = 8;
/// Acknowledged events after which a writer is killed. More than the write buffer holds, so that
/// flushes and journal rotations are cut off too.
const EVENTS_A_ROUND: u64 = 6_000;

fn options(folder: &str) -> Options {
    Options {
        write_buffer_bytes: 256 << 10,
        ..Options::new(folder)
    }
}

/// How often each task writes when nobody is going to kill it.
const FEW: u64 = 3;
const TASKS: u64 = 64;

/// Many tasks append two events at a time, and print each sequence once it is acknowledged. In a
/// process of its own, which is told a folder, they do so until it is killed.
#[test]
fn many_tasks_write_at_once() {
    let told = std::env::var(FOLDER).ok();
    let _alone = told.is_none().then(|| ONE_AT_A_TIME.blocking_lock());
    let times = if told.is_some() { u64::MAX } else { FEW };
    let temporary = tempfile::tempdir().unwrap();
    let folder = told.unwrap_or_else(|| temporary.path().display().to_string());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let store = Store::open(options(&folder)).unwrap();
        let feed = store.feed("orders", Access::Owner).unwrap();
        let heads = store.state("heads").unwrap();
        let writers = (0..TASKS).map(|_| async {
            for _ in 0..times {
                let (f, h) = (feed.clone(), heads.clone());
                let last = store.transact(move |transaction| {
                    let mut event = event("crash", "id");
                    event.tracestate = "x".repeat(150);
                    transaction.append(&f, event.clone())?;
                    let last = transaction.append(&f, event)?;
                    transaction.put(&h, "head", last.get().to_be_bytes().to_vec())?;
                    Ok::<_, Error>(last)
                });
                #[allow(clippy::print_stdout, reason = "this is how the parent learns of it")]
                {
                    println!("acknowledged {}", last.await.unwrap());
                }
            }
        });
        futures_util::future::join_all(writers).await;
        assert_eq!(feed.head().get(), 2 * TASKS * FEW);
    });
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_by_kills_and_writing_goes_on() {
    let _alone = ONE_AT_A_TIME.lock().await;
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("store").display().to_string();
    let mut acknowledged = 0;
    for round in 1..=ROUNDS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::many_tasks_write_at_once", "--nocapture"])
            .env(FOLDER, &folder)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let goal = acknowledged + EVENTS_A_ROUND;
        let mut killed = false;
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            let Some((_, sequence)) = line.split_once("acknowledged ") else {
                continue;
            };
            // A number that the kill has cut short only asks for less.
            acknowledged = acknowledged.max(sequence.parse().unwrap_or(0));
            if acknowledged >= goal && !killed {
                child.kill().unwrap();
                killed = true;
            }
        }
        child.wait().unwrap();
        assert!(killed, "the writer of round {round} ended by itself");

        let store = Store::open(options(&folder)).unwrap();
        let feed = store.find_feed("orders").unwrap();
        let head = feed.head();
        assert!(
            head.get() >= acknowledged,
            "round {round}: {head} is short of {acknowledged}"
        );
        let stored = store.state("heads").unwrap().get("head").unwrap().unwrap();
        assert_eq!(
            stored.as_ref(),
            head.get().to_be_bytes(),
            "state and feed differ"
        );
        let mut position = Sequence::ZERO;
        while position < head {
            for event in feed.read(position, usize::MAX, 1 << 20).unwrap() {
                assert_eq!(event.sequence, position.get() + 1, "round {round}");
                position = position.next();
            }
        }
        // Writes after a reopening must not stall.
        append_numbers(&store, &feed, 1..=500).await;
        let h = store.state("heads").unwrap();
        let f = feed.clone();
        let put = move |transaction: &mut pavane_feed::Transaction<'_>| {
            let head = transaction.head(&f);
            transaction.put(&h, "head", head.get().to_be_bytes().to_vec())
        };
        store.transact(put).await.unwrap();
        acknowledged = feed.head().get();
        store.close().await;
    }
}

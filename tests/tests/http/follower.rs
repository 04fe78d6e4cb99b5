//! `curl -N` on the events of a feed, as a browser would understand what it prints.

use pavane_tests::process::{Process, tell};
use serde_json::Value;
use tokio::process::Command;

/// An event as it came.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) data: Value,
}

/// What a browser has made of what came so far.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    pub(crate) events: Vec<Event>,
    /// Where it stands: with or without an event.
    pub(crate) last_id: String,
    pub(crate) retry: Option<String>,
}

impl Heard {
    /// Reads the lines as the standard of server-sent events says; a block that has not ended is not
    /// there.
    fn of(lines: &[String]) -> Self {
        let mut heard = Self::default();
        let (mut id, mut kind, mut data) = (String::new(), String::new(), String::new());
        for line in lines {
            match line.split_once(": ") {
                None => {
                    assert!(line.is_empty(), "a line that is no field: {line:?}");
                    heard.last_id.clone_from(&id);
                    if !data.is_empty() {
                        heard.events.push(Event {
                            id: id.clone(),
                            kind: kind.clone(),
                            data: serde_json::from_str(&data).expect("data is JSON"),
                        });
                    }
                    (kind, data) = (String::new(), String::new());
                }
                Some(("id", value)) => value.clone_into(&mut id),
                Some(("event", value)) => value.clone_into(&mut kind),
                Some(("data", value)) => value.clone_into(&mut data),
                Some(("retry", value)) => heard.retry = Some(value.to_owned()),
                Some((comment, _)) => assert!(comment.is_empty(), "an unknown field: {line:?}"),
            }
        }
        heard
    }
}

/// A running `curl`.
pub(crate) struct Follower {
    process: Process,
}

impl Follower {
    /// Whether there is a `curl`. If not, the test is to return; with `CI` set it fails instead.
    pub(crate) fn can_be_had(test: &str) -> bool {
        let asked = std::process::Command::new("curl").arg("--version").output();
        let there = asked.is_ok_and(|answer| answer.status.success());
        assert!(
            there || std::env::var_os("CI").is_none(),
            "there is no curl"
        );
        if !there {
            tell(&format!("SKIPPED: {test} because there is no curl"));
        }
        there
    }

    /// Follows a feed at `HOST:PORT` from after the last id, which may be empty.
    pub(crate) fn start(address: &str, feed: &str, query: &str, last_id: &str) -> Self {
        let mut curl = Command::new("curl");
        curl.args([
            "--no-buffer",
            "--silent",
            "--show-error",
            "--fail-with-body",
        ])
        .args(["--header", &format!("Last-Event-ID: {last_id}")])
        .arg(format!("http://{address}/feeds/{feed}/events{query}"));
        let process = Process::spawn("curl", curl);
        Self { process }
    }

    /// Waits until what it has heard is enough.
    pub(crate) async fn heard(&mut self, enough: impl Fn(&Heard) -> bool) -> Heard {
        let lines = self.process.printed(|lines| enough(&Heard::of(lines)));
        Heard::of(&lines.await)
    }

    /// SIGKILL; and what it has heard.
    pub(crate) async fn kill(mut self) -> Heard {
        self.process.kill().await;
        Heard::of(&lines(&self.process.ended().await.stdout))
    }

    /// Waits for its end: its exit code, and what it has heard.
    pub(crate) async fn ended(self) -> (Option<i32>, Heard) {
        let ended = self.process.ended().await;
        (ended.code, Heard::of(&lines(&ended.stdout)))
    }
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

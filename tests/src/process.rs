//! A program as a process: what it prints, line by line, its signals and its end.

use std::ffi::OsStr;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::time::timeout;

/// No test waits longer for anything: then it fails, and says for what it waited.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running program; killed when dropped.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    stdout: Lines,
    stderr: Lines,
}

/// How a program ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// All that it printed.
    pub stdout: String,
    /// All its errors and logs.
    pub stderr: String,
}

impl Process {
    /// Starts a program of this workspace, without what the environment says to it.
    pub fn start<A: AsRef<OsStr>>(program: &str, arguments: impl IntoIterator<Item = A>) -> Self {
        Self::start_in(crate::root(), program, arguments)
    }

    /// Starts it in a folder.
    pub fn start_in<A: AsRef<OsStr>>(
        folder: &Path,
        program: &str,
        arguments: impl IntoIterator<Item = A>,
    ) -> Self {
        let mut command = Command::new(crate::binaries::path(program));
        command.args(arguments).current_dir(folder);
        Self::spawn(program, command)
    }

    /// Starts any command, without what the environment says to programs of this workspace.
    pub fn spawn(name: &str, mut command: Command) -> Self {
        command
            .env("NO_COLOR", "1")
            .env_remove("RUST_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let ours = |name: &OsStr| {
            let name = name.to_string_lossy();
            name.starts_with("PAVANE_") || name.starts_with("SHOP_")
        };
        for (name, _) in std::env::vars_os().filter(|(name, _)| ours(name)) {
            command.env_remove(name);
        }
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let stdout = Lines::read(child.stdout.take().expect("stdout is piped"));
        let stderr = Lines::read(child.stderr.take().expect("stderr is piped"));
        Self {
            name: name.to_owned(),
            child,
            stdout,
            stderr,
        }
    }

    /// Its process id. It must not have been waited for.
    pub fn id(&self) -> u32 {
        self.child.id().expect("it was not waited for")
    }

    /// Waits for a line on stderr that contains `text`.
    pub async fn log_line(&mut self, text: &str) -> String {
        let Self { name, stderr, .. } = self;
        stderr.find(name, text).await
    }

    /// Waits until the JSON documents on its stdout are what is wanted, and gives them.
    pub async fn documents(&mut self, wanted: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let found = |lines: &[String]| documents(&lines.join("\n"));
        let lines = self.printed(|lines| wanted(&found(lines))).await;
        found(&lines)
    }

    /// Waits until the lines on its stdout are what is wanted, and gives them.
    pub async fn printed(&mut self, wanted: impl Fn(&[String]) -> bool) -> Vec<String> {
        let enough = self.stdout.heard.wait_for(|lines| wanted(lines));
        let lines = match timeout(PATIENCE, enough).await {
            Ok(Ok(lines)) => Some(lines.clone()),
            Ok(Err(_)) | Err(_) => None,
        };
        lines.unwrap_or_else(|| {
            panic!(
                "{} printed not what is wanted, but:\n{}\n{}",
                self.name,
                self.stdout.all(),
                self.stderr.all()
            )
        })
    }

    /// Waits until it has logged that it is serving.
    pub async fn serving(&mut self) {
        self.log_line("serving").await;
    }

    /// SIGKILL, and waits until it is gone: nothing of it runs any more.
    pub async fn kill(&mut self) {
        self.child
            .kill()
            .await
            .expect("our own process can be killed");
    }

    /// Sends SIGTERM.
    pub async fn terminate(&self) {
        let id = self.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status().await;
        assert!(sent.expect("`kill` can be started").success());
    }

    /// Waits for its end.
    pub async fn ended(mut self) -> Ended {
        let status = timeout(PATIENCE, self.child.wait()).await;
        let status = status.unwrap_or_else(|_| {
            panic!(
                "{} does not end; it said:\n{}",
                self.name,
                self.stderr.all()
            )
        });
        self.stdout.read_out().await;
        self.stderr.read_out().await;
        Ended {
            code: status.expect("our own process can be waited for").code(),
            stdout: self.stdout.all(),
            stderr: self.stderr.all(),
        }
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        self.stderr.all()
    }
}

/// The JSON documents at the beginning of a text, as far as they are whole.
pub fn documents(text: &str) -> Vec<Value> {
    let documents = serde_json::Deserializer::from_str(text).into_iter();
    documents.map_while(Result::ok).collect()
}

/// What a stream has said. Read in the background, so that the writer never waits.
#[derive(Debug)]
struct Lines {
    heard: watch::Receiver<Vec<String>>,
    seen: usize,
}

impl Lines {
    fn read(stream: impl AsyncRead + Send + Unpin + 'static) -> Self {
        let (hear, heard) = watch::channel(Vec::new());
        tokio::spawn(async move {
            let mut lines = BufReader::new(stream).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                hear.send_modify(|heard| heard.push(line));
            }
        });
        Self { heard, seen: 0 }
    }

    async fn find(&mut self, name: &str, text: &str) -> String {
        match timeout(PATIENCE, self.next_with(text)).await {
            Ok(Some(line)) => line,
            Ok(None) | Err(_) => {
                panic!("{name} logged no line with {text:?}, but:\n{}", self.all())
            }
        }
    }

    /// The next line with `text`, after the one found before; `None`: the stream has ended.
    async fn next_with(&mut self, text: &str) -> Option<String> {
        loop {
            {
                let heard = self.heard.borrow_and_update();
                while let Some(line) = heard.get(self.seen) {
                    self.seen += 1;
                    if line.contains(text) {
                        return Some(line.clone());
                    }
                }
            }
            self.heard.changed().await.ok()?;
        }
    }

    async fn read_out(&mut self) {
        while self.heard.changed().await.is_ok() {}
    }

    fn all(&self) -> String {
        self.heard.borrow().join("\n")
    }
}

/// Says something on stderr that is seen even when the test passes.
pub fn tell(line: &str) {
    // Nobody is left to be told that stderr is gone.
    let _ = writeln!(std::io::stderr(), "{line}");
}

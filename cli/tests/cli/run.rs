//! Running the binary, in an empty folder and without our environment.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};

/// How a command line ended.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs `pavane` with these arguments to its end.
pub(crate) async fn pavane(arguments: &[&str]) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    let mut command = command(arguments, &folder);
    let Output {
        status,
        stdout,
        stderr,
    } = tokio::task::spawn_blocking(move || command.output())
        .await
        .unwrap()
        .unwrap();
    Ended {
        code: status.code(),
        stdout: String::from_utf8(stdout).unwrap(),
        stderr: String::from_utf8(stderr).unwrap(),
    }
}

fn command(arguments: &[&str], folder: &tempfile::TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pavane"));
    command
        .args(arguments)
        .env_clear()
        .current_dir(folder.path());
    command
}

/// A server that was started; killed when dropped.
pub(crate) struct Running {
    child: Child,
    _folder: tempfile::TempDir,
}

impl Running {
    /// Starts `pavane` with these arguments, and waits for a line of its output that `ready`
    /// takes something from.
    pub(crate) async fn start<T: Send + 'static>(
        arguments: &[&str],
        ready: impl Fn(&str) -> Option<T> + Send + Sync + 'static,
    ) -> (Self, T) {
        let folder = tempfile::tempdir().unwrap();
        let mut command = command(arguments, &folder);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (found, mut finding) = tokio::sync::mpsc::channel(1);
        let ready = std::sync::Arc::new(ready);
        for stream in [
            Box::new(stdout) as Box<dyn BufRead + Send>,
            Box::new(stderr),
        ] {
            let (found, ready) = (found.clone(), ready.clone());
            tokio::task::spawn_blocking(move || {
                for line in stream.lines().map_while(Result::ok) {
                    if let Some(value) = ready(&line) {
                        // Only the first that is found is waited for.
                        let _ = found.try_send(value);
                    }
                }
            });
        }
        drop(found);
        let value = finding
            .recv()
            .await
            .expect("the server says that it is ready");
        (
            Self {
                child,
                _folder: folder,
            },
            value,
        )
    }

    /// Sends a signal by its name, and gives the exit code.
    pub(crate) async fn end(mut self, signal: &str) -> Option<i32> {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill")
            .args(["-s", signal, &pid])
            .status()
            .unwrap();
        assert!(sent.success());
        tokio::task::spawn_blocking(move || {
            let status = self.child.wait().unwrap();
            status.code()
        })
        .await
        .unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended, as it should.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

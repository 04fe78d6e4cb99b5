//! The terminal of whoever follows a page: one bash for all commands, so that what was named or started in
//! the background is there later.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

/// No command may take longer.
const PATIENCE: Duration = Duration::from_secs(120);
/// Printed after each command.
const END: &str = "--- end of the command ---";

/// A running bash. When it is dropped, everything that was started in it is killed.
#[derive(Debug)]
pub struct Shell {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Shell {
    /// Opens one in a folder, in which `pavane`, `grpcurl` and what the machine has are found.
    pub fn open(folder: &Path, grpcurl: &Path, server: &str) -> Self {
        let pavane = crate::binaries::path("pavane");
        let mut places: Vec<_> = [&*pavane, grpcurl]
            .iter()
            .filter_map(|tool| tool.parent().map(Path::to_owned))
            .collect();
        let path = std::env::var_os("PATH").unwrap_or_default();
        places.extend(std::env::split_paths(&path));
        let path = std::env::join_paths(places).expect("no folder has a colon in its name");

        let mut bash = Command::new("bash");
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PAVANE_") {
                bash.env_remove(name);
            }
        }
        bash.args(["--noprofile", "--norc"])
            .current_dir(folder)
            .env("PATH", path)
            .env("NO_COLOR", "1")
            .env("PAVANE_SERVER", server)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env_remove("RUST_LOG")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0);
        let mut child = bash.spawn().expect("there is a bash");
        let input = child.stdin.take().expect("stdin is piped");
        let output = child.stdout.take().expect("stdout is piped");
        Self {
            child,
            input,
            output: BufReader::new(output).lines(),
        }
    }

    /// Runs a command, and gives what it printed on stdout and stderr.
    ///
    /// # Panics
    /// It does not end.
    pub async fn run(&mut self, command: &str) -> String {
        let line = format!("{{ {command}\n}} </dev/null 2>&1\nprintf '\\n{END}\\n'\n");
        let written = self.input.write_all(line.as_bytes()).await;
        written.expect("bash reads its commands");
        let printed = timeout(PATIENCE, self.printed()).await;
        printed.unwrap_or_else(|_| panic!("`{command}` does not end"))
    }

    async fn printed(&mut self) -> String {
        let mut printed = String::new();
        loop {
            let line = self
                .output
                .next_line()
                .await
                .expect("what is printed is text");
            let line = line.expect("bash does not end before its commands");
            if line == END {
                return printed;
            }
            // What bash itself says of a process that was killed, it says as it likes.
            let is_notice = line.starts_with("bash: line ") && line.contains(" Killed ");
            if !is_notice {
                printed.push_str(&line);
                printed.push('\n');
            }
        }
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        // They are one group, whose id is that of the shell, which nobody has waited for.
        if let Some(id) = self.child.id() {
            let group = format!("-{id}");
            let killed = std::process::Command::new("kill")
                .args(["-KILL", "--", &group])
                .status();
            assert!(killed.is_ok_and(|status| status.success()) || std::thread::panicking());
        }
    }
}

//! A program that reads lines and answers each with one.

use std::process::Stdio;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// What the program writes that is given this text. It must end well.
pub(crate) async fn piped(mut program: Command, text: String) -> String {
    let program = program
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let mut running = program.spawn().expect("a program can be started");
    let mut input = running.stdin.take().expect("it is piped");
    let writing = tokio::spawn(async move { input.write_all(text.as_bytes()).await });
    let output = running.wait_with_output().await;
    let output = output.expect("a program that runs ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let written = writing.await.expect("writing does not panic");
    written.expect("it reads all lines");
    String::from_utf8(output.stdout).expect("it writes UTF-8")
}

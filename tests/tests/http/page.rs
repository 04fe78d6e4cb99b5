//! `docs/http.md` is run as it is written, against the demo that it names.

use std::fs;
use std::process::Output;

use pavane_tests::ports;
use pavane_tests::process::Process;
use tokio::process::Command;

use crate::follower::Follower;

/// Where the page says that the demo is.
const PORTS: [u16; 4] = [7400, 7401, 7402, 7403];

#[tokio::test]
async fn every_command_of_the_page_says_something() {
    if !Follower::can_be_had("every_command_of_the_page_says_something") {
        return;
    }
    let base = ports::free(4);
    let port = base.to_string();
    let arguments = ["--orders", "20", "--output", "json", "--port-base", &port];
    let allowed = ["--allow-origin", "https://shop.example"];
    let arguments = ["demo", "--serve"].iter().chain(&arguments).chain(&allowed);
    let mut demo = Process::start("pavane", arguments);
    demo.documents(|documents| documents.len() == 1).await;

    let page = pavane_tests::root().join("docs/http.md");
    let page = fs::read_to_string(page).expect("the page is there");
    let commands = commands(&page);
    assert!(commands.len() > 5, "{commands:?}");
    for command in commands {
        let real = PORTS
            .iter()
            .zip(base..)
            .fold(command.clone(), |text, (shown, real)| {
                text.replace(&format!(":{shown}"), &format!(":{real}"))
            });
        let answer = run(&real).await;
        let said = String::from_utf8_lossy(&answer.stdout);
        assert!(answer.status.success(), "{command}\n{said}");
        assert!(!said.trim().is_empty(), "{command} says nothing");
        let failed = said.contains("\"code\":\"") && !command.contains("connect-timeout-ms");
        assert!(!failed, "{command}\n{said}");
    }
}

/// What stands after a `$ `, with its further lines. What another test runs is left out.
fn commands(page: &str) -> Vec<String> {
    let mut commands: Vec<String> = Vec::new();
    let mut goes_on = false;
    for line in page.lines() {
        let line = line.trim_start();
        match (line.strip_prefix("$ "), commands.last_mut()) {
            (Some(command), _) => commands.push(command.to_owned()),
            (None, Some(command)) if goes_on => *command += &format!("\n{line}"),
            (None, _) => continue,
        }
        goes_on = line.ends_with('\\');
    }
    commands.retain(|command| !command.starts_with("schemathesis "));
    commands
}

/// Runs a command in a shell; of one that goes on for ever, until it has said a few lines.
async fn run(command: &str) -> Output {
    let command = match command.contains("curl -N") {
        true => format!("head -n 5 < <({command})"),
        false => format!("set -o pipefail; {command}"),
    };
    let shell = Command::new("bash").args(["-c", &command]).output();
    shell.await.expect("there is a bash")
}

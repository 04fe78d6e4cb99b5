//! Every `grpcurl` command that README and the pages of `docs/` show is run as it is written, against
//! `pavane demo --serve`, and prints what the page shows. So is the example of a contract test, and feeds
//! send what their documents say. The tour has a test of its own.

mod asyncapi;
mod demo;
mod gate;
mod page;

use std::fs;
use std::path::PathBuf;

use pavane_tests::files;
use pavane_tests::shell::Shell;
use pavane_tests::shown::is_as_shown;
use pavane_tests::tools;

use demo::Demo;
use page::Command;

const TEST: &str = "every_grpcurl_command_prints_what_its_page_shows";
/// Its pages are read by another test.
const TOUR: &str = "docs/tour.md";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_grpcurl_command_prints_what_its_page_shows() {
    let Some(grpcurl) = tools::find("grpcurl", TEST) else {
        return;
    };
    let demo = Demo::start().await;
    let (mut count, mut wrong) = (0, Vec::new());
    for path in pages() {
        let name = path.strip_prefix(pavane_tests::root()).unwrap_or(&path);
        let text = fs::read_to_string(&path).expect("a page is text");
        // A page says from the beginning what it uses.
        let mut shell = Shell::open(pavane_tests::root(), &grpcurl, &demo.address(0));
        for command in page::commands(&text) {
            count += usize::from(command.is_call());
            if let Err(problem) = run(&command, &mut shell, &demo).await {
                wrong.push(format!("{}:{}: {problem}", name.display(), command.line));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(
        count > 15,
        "only {count} commands: has the way they are written changed?"
    );
}

/// README, and all that is in `docs/`.
fn pages() -> Vec<PathBuf> {
    let root = pavane_tests::root();
    let mut pages = files::below(&root.join("docs"), "md");
    pages.retain(|page| *page != root.join(TOUR));
    pages.push(root.join("README.md"));
    pages
}

async fn run(command: &Command, shell: &mut Shell, demo: &Demo) -> Result<(), String> {
    let line = demo.real(&command.text);
    // A stream goes on for ever: it is read as far as the page shows it.
    let line = if command.streams() {
        format!("head -n {} < <({line})", command.shown_lines().max(1))
    } else {
        line
    };
    let printed = demo.shown(&shell.run(&format!("{line}\necho \"exit $?\"")).await);
    let (printed, code) = printed
        .trim_end()
        .rsplit_once("exit ")
        .unwrap_or((&printed, "?"));
    let fails = command.shown.iter().any(|line| line == "ERROR:");
    if (code == "0") == fails {
        return Err(format!("`{}` exits with {code}:\n{printed}", command.text));
    }
    if command.is_call() && printed.trim().is_empty() {
        return Err(format!("`{}` prints nothing", command.text));
    }
    if command.shown.is_empty() || is_as_shown(&command.shown, printed) {
        return Ok(());
    }
    let shown = command.shown.join("\n");
    Err(format!(
        "`{}` shows\n{shown}\nbut prints\n{printed}",
        command.text
    ))
}

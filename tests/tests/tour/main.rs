//! The tour, `docs/tour.md`, goes as it is written: its commands are run in their order, against the
//! two services in Python and Node, and print what the page shows.

mod bookshop;
mod ports;
mod reading;

use std::fs;
use std::time::Duration;

use pavane_tests::shell::Shell;
use pavane_tests::shown::is_as_shown;
use pavane_tests::tools;
use tokio::time::Instant;

use bookshop::Bookshop;
use ports::Ports;
use reading::{Command, Page};

const TEST: &str = "the_tour_goes_as_it_is_written";
/// How long a command that only looks is repeated until it shows what the page does.
const PATIENCE: Duration = Duration::from_secs(60);

fn page() -> Page {
    let path = pavane_tests::root().join("docs/tour.md");
    Page::read(&fs::read_to_string(path).expect("the page is there"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tour_goes_as_it_is_written() {
    let page = page();
    let Some(grpcurl) = tools::find("grpcurl", TEST) else {
        return;
    };
    let Some(installed) = bookshop::install(&page.install, TEST) else {
        return;
    };
    let ports = Ports::free();
    let bookshop = Bookshop::open(&installed, &ports);
    let mut shell = Shell::open(bookshop.folder(), &grpcurl, &ports.of(":7400"));
    for command in &page.commands {
        take(command, &bookshop, &mut shell, &ports).await;
    }
}

/// Runs a command of the page, and holds what it prints against what is shown.
async fn take(command: &Command, bookshop: &Bookshop, shell: &mut Shell, ports: &Ports) {
    let log = command.log();
    if let Some(log) = log {
        bookshop.forget(log);
    }
    let line = ports.real(&command.text);
    let until = Instant::now() + PATIENCE;
    loop {
        let printed = ports.shown(&shell.run(&line).await);
        if is_as_shown(&command.shown, &printed) {
            break;
        }
        let again = command.only_looks() && Instant::now() < until;
        assert!(
            again,
            "docs/tour.md:{}: `{}` is to print\n{}\nbut printed\n{printed}\n{}",
            command.line,
            command.text,
            command.shown.join("\n"),
            bookshop.logs(),
        );
    }
    if let Some(log) = log {
        bookshop.serving(log).await;
    }
}

#[test]
fn what_the_page_shows_of_files_is_in_them() {
    let files = bookshop::sources();
    let texts: Vec<String> = files
        .iter()
        .filter_map(|file| fs::read_to_string(file).ok())
        .collect();
    let excerpts = page().excerpts;
    assert!(!excerpts.is_empty());
    for excerpt in excerpts {
        let lines = || excerpt.text.lines().map(str::trim);
        let is_in = |text: &String| {
            let mut of_file = text.lines().map(str::trim);
            let mut shown = lines().filter(|line| !line.is_empty() && *line != "...");
            shown.all(|line| of_file.any(|found| found == line))
        };
        assert!(
            texts.iter().any(is_in),
            "docs/tour.md:{}: no file of tests/interop/tour has\n{}",
            excerpt.line,
            excerpt.text
        );
    }
}

//! The scenario by our own client, and the program of its page.

use pavane_tests::process::Process;
use pavane_tests::shop::{Role, Shop};
use pavane_tests::{binaries, orders};
use tokio::process::Command;

use crate::page::steady;
use crate::scenario;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rust_goes_through_the_scenario() {
    let program = binaries::example("pavane-tests", "scenario");
    scenario::check("Rust, pavane-client", Command::new(program)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_for_rust_goes_as_it_is_written() {
    let read = |path| std::fs::read_to_string(pavane_tests::root().join(path));
    let page = read("docs/clients/rust.md").expect("the page is there");
    let block = page.split("```").nth(1).expect("it begins with a program");
    let program = block.strip_prefix("rust\n").expect("it is in Rust");
    let example = read("client/examples/first_order.rs").expect("it is there");
    assert!(example.ends_with(program), "the page shows another program");
    let lines = program.lines().filter(|line| !line.is_empty()).count();
    assert!(lines <= 30, "the page has {lines} lines of code");

    let shop = Shop::start().await;
    shop.stock_up(orders::catalog()).await;
    let example = binaries::example("pavane-client", "first_order");
    let mut command = Command::new(example);
    command.args([Role::Orchestrator, Role::Inventory].map(|role| shop.address(role)));
    let ended = Process::spawn("first_order", command).ended().await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let shown = page.lines().find(|line| line.starts_with("    PV"));
    let shown = shown.expect("the page shows what is printed").trim();
    assert_eq!(steady(&ended.stdout), steady(shown), "{}", ended.stdout);
}

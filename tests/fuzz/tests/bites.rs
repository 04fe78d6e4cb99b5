//! Every check of a campaign bites: on targets that do what none may do, it fails, says why, and finds
//! the smallest input.

use std::process::{Command, Output};

struct Run {
    output: Output,
    smallest: Option<Vec<u8>>,
}

fn run(target: &str, more: &[&str]) -> Run {
    let has_end = more.contains(&"--seconds");
    let endless = if has_end {
        &[][..]
    } else {
        &["--seconds", "3600"]
    };
    let folder = tempfile::tempdir().expect("a folder");
    let output = Command::new(env!("CARGO_BIN_EXE_pavane-fuzz"))
        .args([target, "--seed", "7", "--folder"])
        .arg(folder.path())
        .args(more)
        .args(endless)
        .output()
        .expect("it runs");
    let smallest = folder.path().join(format!("{target}-7.smallest"));
    let smallest = std::fs::read(smallest).ok();
    Run { output, smallest }
}

fn check(target: &str, more: &[&str], why: &str) {
    let Run { output, smallest } = run(target, more);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(&format!("{target}: {why} (")), "{said}");
    assert_eq!(smallest.as_deref(), Some(b"!".as_slice()), "{said}");
}

#[test]
fn a_panic_is_noticed() {
    check("fixture-panic", &[], "a panic");
}

#[test]
fn a_hang_is_noticed() {
    check(
        "fixture-hang",
        &["--processor-ms", "200"],
        "it takes too long",
    );
}

#[test]
fn an_input_that_holds_much_memory_is_noticed() {
    check("fixture-memory", &[], "it takes too much memory");
}

#[test]
fn an_overflow_of_the_stack_is_noticed() {
    check("fixture-stack", &[], "the process died");
}

#[test]
fn memory_that_is_never_given_back_is_noticed() {
    // No input does it alone, so none is smaller than the last.
    let Run { output, smallest } = run("fixture-leak", &[]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("fixture-leak: it takes too much memory ("),
        "{said}"
    );
    assert!(
        smallest.is_some_and(|input| input.contains(&b'!')),
        "{said}"
    );
}

#[test]
fn what_is_in_order_passes() {
    let output = run("definitions", &["--seconds", "1"]).output;
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    assert!(said.contains(" kinds of answers"), "{said}");
}

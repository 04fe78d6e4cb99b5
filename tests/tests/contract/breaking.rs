//! The contract may grow, and nothing that was released may change: `buf breaking` holds it against
//! `tests/contract/released.binpb`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use pavane_tests::tools;
use tempfile::TempDir;

const EVENT: &str = "proto/pavane/feed/v1/event.proto";
const FEEDS: &str = "proto/pavane/feed/v1/feed_service.proto";

#[test]
fn nothing_that_was_released_is_broken() {
    let Some(buf) = tools::find("buf", "nothing_that_was_released_is_broken") else {
        return;
    };
    let output = breaking(&buf, pavane_tests::root());
    assert!(output.status.success(), "buf breaking:\n{}", said(&output));
}

#[test]
fn a_field_with_another_number_is_caught() {
    let change = ("causation_id = 10", "causation_id = 20");
    check(EVENT, change, r#"field "10" with name "causation_id""#);
}

#[test]
fn a_removed_method_is_caught() {
    let method = "rpc GetFeed(GetFeedRequest) returns (GetFeedResponse);";
    check(FEEDS, (method, ""), r#"RPC "GetFeed""#);
}

#[test]
fn a_field_of_another_type_is_caught() {
    let change = ("uint64 first_sequence", "string first_sequence");
    check(FEEDS, change, r#"from "uint64" to "string""#);
}

#[test]
fn a_renamed_enum_value_is_caught() {
    let change = ("START_POSITION_LATEST", "START_POSITION_NEWEST");
    check(FEEDS, change, r#"from "START_POSITION_LATEST""#);
}

/// What is sent and read as before, and is new, may come at any time.
#[test]
fn a_new_field_is_no_break() {
    let Some(buf) = tools::find("buf", "a_new_field_is_no_break") else {
        return;
    };
    let new = "// New.\n  string tenant = 99;\n  string tracestate = 12;";
    let folder = changed(EVENT, ("string tracestate = 12;", new));
    let output = breaking(&buf, folder.path());
    assert!(output.status.success(), "buf breaking:\n{}", said(&output));
}

/// That `buf breaking` refuses a copy of the contract with a change of one file, in these words.
fn check(file: &str, change: (&str, &str), expected: &str) {
    let Some(buf) = tools::find("buf", "tests of what breaks the contract") else {
        return;
    };
    let folder = changed(file, change);
    let output = breaking(&buf, folder.path());
    assert!(!output.status.success(), "{change:?} is not caught");
    let said = said(&output);
    assert!(said.contains(expected), "{expected} is not in:\n{said}");
}

/// A copy of the contract in which one file is changed.
fn changed(file: &str, (old, new): (&str, &str)) -> TempDir {
    let folder = TempDir::new().expect("there is room for a copy");
    let root = pavane_tests::root();
    copy(&root.join("proto"), &folder.path().join("proto"));
    let copied = fs::copy(root.join("buf.yaml"), folder.path().join("buf.yaml"));
    copied.expect("the repository has a buf.yaml");
    let path = folder.path().join(file);
    let text = fs::read_to_string(&path).expect("the file is part of the contract");
    assert!(text.contains(old), "{file} has no `{old}`");
    fs::write(path, text.replace(old, new)).expect("a copy can be changed");
    folder
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder can be made");
    for entry in fs::read_dir(from).expect("the folder is part of the repository") {
        let from: PathBuf = entry.expect("the folder can be read").path();
        let to = to.join(from.file_name().expect("an entry has a name"));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(&from, &to).expect("a file can be copied");
        }
    }
}

/// Imports are left out: the well-known types are others', and each compiler brings its own.
fn breaking(buf: &Path, folder: &Path) -> Output {
    let released = pavane_tests::root().join("tests/contract/released.binpb");
    let mut command = Command::new(buf);
    command
        .args(["breaking", "--exclude-imports", "--against"])
        .arg(released)
        .current_dir(folder);
    command.output().expect("buf can be started")
}

fn said(output: &Output) -> String {
    let parts = [&output.stdout, &output.stderr];
    parts.map(|part| String::from_utf8_lossy(part)).concat()
}

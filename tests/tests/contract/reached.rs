//! Each reason that the page of errors explains is one that our code gives, and that some test provokes.
//!
//! Most tests name the reason that they expect. Those that look at the error itself, before it becomes a
//! status, are named here; so are the reasons that no test can bring about, and why.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

/// Reasons, and what the test that provokes them says instead: the file, and words in it.
const BY_OTHER_WORDS: &[(&str, &str, &str)] = &[
    (
        "STORE_FORMAT_NEWER",
        "feed/tests/it/directory.rs",
        "Error::NewerFormat",
    ),
    (
        "NOT_A_STORE",
        "feed/tests/it/directory.rs",
        "Error::NotAStore",
    ),
    ("STORE_DAMAGED", "feed/tests/it/damage.rs", "Error::Damaged"),
    (
        "STORE_IO_FAILED",
        "feed/src/store/tests.rs",
        "Error::Engine",
    ),
    (
        "TRANSACTION_PANICKED",
        "feed/tests/it/transactions.rs",
        "Error::Panicked",
    ),
    (
        "OTHER_STORE",
        "feed/tests/it/transactions.rs",
        "Error::OtherStore",
    ),
    (
        "LISTENER_FAILED",
        "server/tests/it/grpc.rs",
        "cannot listen on",
    ),
    (
        "CORRUPT_STATE",
        "services/kit/tests/table.rs",
        "Error::CorruptState",
    ),
    ("NO_SERVICES", "sidecar/tests/it/served.rs", "none is named"),
    (
        "INVALID_SERVICE",
        "sidecar/tests/it/served.rs",
        "is not the full name",
    ),
    (
        "TOO_MANY_PARTICIPANTS",
        "flow/src/choreography/projection/tests.rs",
        "participants, more than the allowed",
    ),
    (
        "TARGET_FILE_UNREADABLE",
        "calls/tests/it/tls.rs",
        "cannot read the CA",
    ),
    (
        "INVALID_TARGET_CERTIFICATE",
        "calls/tests/it/tls.rs",
        "holds no PEM certificate",
    ),
    (
        "INVALID_TARGET_DOMAIN",
        "calls/tests/it/tls.rs",
        "is no name that a certificate can be for",
    ),
    (
        "INVALID_TARGET_METADATA",
        "calls/src/metadata/tests.rs",
        "is set by Pavane or by gRPC itself",
    ),
    (
        "TARGET_QUEUE_FULL",
        "calls/tests/it/limits.rs",
        "more_calls_than_may_wait_are_held_back",
    ),
    (
        "GROUP_TEMPLATE",
        "flow/tests/it/proto2.rs",
        "which cannot be put together here",
    ),
    (
        "INVALID_LOG_OPTIONS",
        "server/src/logs.rs",
        "cannot read log filter",
    ),
    (
        "TARGET_LEFT_ALONE",
        "calls/tests/it/limits.rs",
        "a_target_that_is_not_there_is_left_alone_and_tried_again",
    ),
];

/// Reasons that no test brings about.
const BY_NO_TEST: &[(&str, &str)] = &[
    ("NO_REFLECTION", "every server of the tests has reflection"),
    (
        "HOME_NOT_PREPARED",
        "a participant would have to go between two calls",
    ),
    (
        "TOTAL_TOO_LARGE",
        "prices and quantities have limits; a store may hold prices from before those",
    ),
    ("NO_CLOCK", "the operating system has one"),
    ("NO_RUNTIME", "the operating system gives threads"),
    (
        "NO_SIGNALS",
        "the operating system gives handlers of signals",
    ),
    (
        "NO_SYSTEM_ROOTS",
        "the system may or may not have certificates",
    ),
    ("NO_TEMPORARY_FOLDER", "the tests have one"),
    ("NO_FOLDER", "the tests have a temporary folder"),
    ("NO_PORT", "there are ports"),
    ("INVALID_ADDRESS", "a port that was found makes an address"),
    (
        "CANNOT_MEASURE",
        "a server of the bench would have to break",
    ),
    ("SERVER_STOPPED", "a server of the demo would have to break"),
    (
        "SERVER_PANICKED",
        "a server would have to have a bug outside of its handlers",
    ),
    ("INVALID_RESPONSE", "a handler would have to have a bug"),
    (
        "RESPONSE_NOT_JSON",
        "a service would have to send what its types cannot be",
    ),
    (
        "MALFORMED_RESPONSE",
        "a server would have to be none of ours",
    ),
    (
        "CORRUPT_JOURNAL",
        "the journal would have to hold what nobody writes",
    ),
    (
        "NOT_HOME",
        "an orchestrator knows no executions but those whose home it is",
    ),
    ("UNANSWERED", "it takes 30 s of silence"),
    ("CONNECTION_LOST", "it takes 30 s of silence"),
    ("TOO_MANY_FILES", "it takes a server with 10,000 files"),
];

struct Source {
    text: String,
    is_test: bool,
}

/// Everything of ours that is code, without the tests of this folder.
static SOURCES: LazyLock<Vec<Source>> = LazyLock::new(|| {
    let mut sources = Vec::new();
    read(pavane_tests::root(), &mut sources);
    sources
});

#[test]
fn each_documented_reason_is_given_by_the_code() {
    let never: Vec<_> = documented()
        .into_iter()
        .filter(|reason| !says(false, &format!("\"{reason}\"")))
        .collect();
    assert!(
        never.is_empty(),
        "docs/errors.md explains what nobody says: {never:#?}"
    );
}

#[test]
fn each_documented_reason_is_provoked_by_a_test() {
    let elsewhere: BTreeSet<_> = BY_OTHER_WORDS
        .iter()
        .map(|(reason, _, _)| *reason)
        .chain(BY_NO_TEST.iter().map(|(reason, _)| *reason))
        .collect();
    let missing: Vec<_> = documented()
        .into_iter()
        .filter(|reason| !elsewhere.contains(reason.as_str()) && !says(true, reason))
        .collect();
    assert!(missing.is_empty(), "no test says {missing:#?}");
}

#[test]
fn what_is_excused_needs_to_be() {
    let documented = documented();
    for (reason, file, words) in BY_OTHER_WORDS {
        let path = pavane_tests::root().join(file);
        let text = fs::read_to_string(path).unwrap_or_default();
        assert!(text.contains(words), "{reason}: {file} has no `{words}`");
    }
    let by_other_words = BY_OTHER_WORDS.iter().map(|(reason, _, _)| *reason);
    for reason in by_other_words.chain(BY_NO_TEST.iter().map(|(reason, _)| *reason)) {
        assert!(documented.contains(reason), "{reason} is not documented");
        assert!(!says(true, reason), "{reason}: a test says it");
    }
}

/// The reasons that `docs/errors.md` explains: its headings, and the first cells of its tables.
fn documented() -> BTreeSet<String> {
    let page = fs::read_to_string(pavane_tests::root().join("docs/errors.md"));
    let page = page.expect("the reasons have a page");
    let explained = page.lines().filter_map(|line| {
        let heading = line.strip_prefix("### ");
        heading.or_else(|| line.strip_prefix("| ")?.split(" | ").next())
    });
    let in_backticks = |text: &str| {
        let pieces = text.split('`').skip(1).step_by(2);
        let is_word = |piece: &&str| {
            let mut letters = piece.chars();
            letters.all(|one| one.is_ascii_uppercase() || one.is_ascii_digit() || one == '_')
        };
        pieces
            .filter(is_word)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let found: BTreeSet<_> = explained.flat_map(in_backticks).collect();
    assert!(found.len() > 150, "has the way they are written changed?");
    found
}

/// Whether some test, or some other code, has these words, not as part of a longer one.
fn says(in_tests: bool, words: &str) -> bool {
    let is_part = |one: char| one.is_ascii_alphanumeric() || one == '_';
    SOURCES
        .iter()
        .filter(|source| source.is_test == in_tests)
        .any(|source| {
            source.text.match_indices(words).any(|(at, _)| {
                let before = source.text[..at].chars().next_back();
                let after = source.text[at + words.len()..].chars().next();
                !before.is_some_and(is_part) && !after.is_some_and(is_part)
            })
        })
}

fn read(folder: &Path, sources: &mut Vec<Source>) {
    let here = pavane_tests::root().join("tests/tests/contract");
    for entry in fs::read_dir(folder).expect("the folder is part of the repository") {
        let path = entry.expect("the folder can be read").path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if path.is_dir() {
            let is_ours = !name.starts_with('.') && name != "target" && name != "node_modules";
            if is_ours && path != here {
                read(&path, sources);
            }
            continue;
        }
        let ending = path.extension().unwrap_or_default();
        if !["rs", "snap", "py", "ts"]
            .iter()
            .any(|known| ending == *known)
        {
            continue;
        }
        let text = fs::read_to_string(&path).expect("a source is text");
        let in_tests = path.components().any(|part| part.as_os_str() == "tests");
        if in_tests || name == "tests.rs" || ending == "snap" {
            sources.push(Source {
                text,
                is_test: true,
            });
            continue;
        }
        let (code, tests) = text.split_once("#[cfg(test)]").unwrap_or((&text, ""));
        for (part, is_test) in [(code, false), (tests, true)] {
            let text = part.to_owned();
            sources.push(Source { text, is_test });
        }
    }
}

//! Texts to begin with: what the documentation shows, what is deployed in tests, and every text between
//! quotes in the tests of the language, right or wrong.

use std::fs;
use std::path::{Path, PathBuf};

/// Texts of this many bytes are of use.
const SIZES: std::ops::Range<usize> = 2..20_000;

/// The top folder of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// All definitions, whole or in part.
pub(crate) fn definitions() -> Vec<String> {
    let mut found = files("cli/workflows", "yaml");
    found.extend(files("tests/tests", "yaml"));
    for page in files("docs", "md") {
        found.extend(
            blocks(&page)
                .into_iter()
                .filter(|block| block.contains(": ")),
        );
    }
    found.extend(
        quoted_in_tests()
            .into_iter()
            .filter(|text| text.contains(": ")),
    );
    tidied(found)
}

/// All expressions, among them some that are none.
pub(crate) fn expressions() -> Vec<String> {
    let mut found = Vec::new();
    for page in files("docs", "md") {
        for line in blocks(&page).iter().flat_map(|block| block.lines()) {
            let sides = line.split("  ->  ").map(|side| side.trim().to_owned());
            found.extend(sides);
        }
    }
    found.extend(
        quoted_in_tests()
            .into_iter()
            .filter(|text| !text.contains('\n')),
    );
    tidied(found)
}

fn tidied(mut found: Vec<String>) -> Vec<String> {
    found.retain(|text| SIZES.contains(&text.len()));
    found.sort();
    found.dedup();
    found
}

/// Indented blocks of a page, without what indents them.
fn blocks(page: &str) -> Vec<String> {
    let mut blocks = vec![String::new()];
    for line in page.lines() {
        match (line.strip_prefix("    "), blocks.last_mut()) {
            (Some(line), Some(block)) => *block += &format!("{line}\n"),
            (None, Some(block)) if line.is_empty() && !block.is_empty() => block.push('\n'),
            _ => blocks.push(String::new()),
        }
    }
    blocks.retain(|block| !block.is_empty());
    blocks
}

/// What stands between quotes in the tests of the language.
fn quoted_in_tests() -> Vec<String> {
    let mut found = Vec::new();
    for source in files("flow/tests/it", "rs") {
        let mut rest = source.as_str();
        while let Some(at) = rest.find('"') {
            let is_raw = rest[..at].ends_with("r#");
            rest = &rest[at + 1..];
            let end = match is_raw {
                true => rest.find("\"#"),
                false => end_of_text(rest),
            };
            let Some(end) = end else { break };
            let text = &rest[..end];
            found.push(match is_raw {
                true => text.to_owned(),
                false => text
                    .replace("\\n", "\n")
                    .replace("\\\"", "\"")
                    .replace("\\\\", "\\"),
            });
            rest = &rest[end + 1..];
        }
    }
    found
}

/// Where a text with escapes ends.
fn end_of_text(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    text.bytes().position(|byte| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    })
}

/// The files of a folder and those in it, in an order that is always the same.
fn files(folder: &str, extension: &str) -> Vec<String> {
    let mut paths = Vec::new();
    gather(&root().join(folder), extension, &mut paths);
    paths.sort();
    paths
        .iter()
        .filter_map(|path| fs::read_to_string(path).ok())
        .collect()
}

fn gather(folder: &Path, extension: &str, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            gather(&path, extension, out);
        } else if path.extension().is_some_and(|found| found == extension) {
            out.push(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_much_to_begin_with() {
        let (definitions, expressions) = (definitions().len(), expressions().len());
        assert!(definitions > 100, "{definitions} definitions");
        assert!(expressions > 500, "{expressions} expressions");
    }
}

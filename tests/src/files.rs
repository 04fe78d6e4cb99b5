//! Files below a folder.

use std::fs;
use std::path::{Path, PathBuf};

/// All that end like this, such as `proto`, in the order of their names.
pub fn below(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    collect(folder, ending, &mut found);
    found.sort();
    found
}

/// What is in files, one after the other.
pub fn text<'a>(files: impl IntoIterator<Item = &'a PathBuf>) -> String {
    let read = |path: &PathBuf| {
        let text = fs::read_to_string(path);
        text.unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    files.into_iter().map(read).collect()
}

fn collect(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder);
    let entries = entries.unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            collect(&path, ending, found);
        } else if path.extension().is_some_and(|found| found == ending) {
            found.push(path);
        }
    }
}

//! The .proto files, for the generators of other languages.

use std::path::{Path, PathBuf};

/// The folder that imports are relative to.
pub fn folder() -> PathBuf {
    crate::root().join("proto")
}

/// All of them, those included that others import, in the order of their names.
pub fn files() -> Vec<PathBuf> {
    let mut files = Vec::new();
    collect(&folder(), &mut files);
    files.sort();
    files
}

/// All that is in them, for those who look whether anything has changed.
pub fn text() -> String {
    let read = |path: PathBuf| std::fs::read_to_string(path).expect("proto/ can be read");
    files().into_iter().map(read).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("proto/ can be read") {
        let path = entry.expect("proto/ can be read").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "proto")
        {
            files.push(path);
        }
    }
}

//! The .proto files, for the generators of other languages.

use std::path::PathBuf;

use crate::files;

/// The folder that imports are relative to.
pub fn folder() -> PathBuf {
    crate::root().join("proto")
}

/// All of them, those included that others import, in the order of their names.
pub fn files() -> Vec<PathBuf> {
    files::below(&folder(), "proto")
}

/// All that is in them, for those who look whether anything has changed.
pub fn text() -> String {
    files::text(&files())
}

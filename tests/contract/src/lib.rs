//! What is made from the contract's descriptors and kept in the repository, each by a fixed rule: golden
//! vectors, the descriptors that were released last, the reference. Tests hold what is kept against the contract as it
//! is; `cargo xtask contract` writes it. It knows the contract alone, and starts nothing.

pub mod broken;
pub mod reference;
pub mod released;
pub mod vectors;

use std::path::{Path, PathBuf};

use prost_reflect::MessageDescriptor;

/// The root of the repository.
pub fn root() -> &'static Path {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    folder
        .ancestors()
        .nth(2)
        .expect("tests/contract/ lies two folders deep")
}

/// A path below this crate's folder.
pub fn kept(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The messages of `pavane.*`, by name. Entries of maps are none.
pub fn messages() -> Vec<MessageDescriptor> {
    let mut messages: Vec<_> = pavane::descriptor_pool()
        .all_messages()
        .filter(|message| message.package_name().starts_with("pavane.") && !message.is_map_entry())
        .collect();
    messages.sort_by(|one, other| one.full_name().cmp(other.full_name()));
    messages
}

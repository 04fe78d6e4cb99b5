//! The reference in `docs/reference`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use pavane_contract::reference;

#[test]
fn the_pages_say_what_the_proto_files_say() {
    let mut kept = BTreeMap::new();
    read(&reference::folder(), &mut kept);
    let pages = reference::pages();
    let differ: Vec<_> = pages
        .keys()
        .chain(kept.keys())
        .filter(|path| pages.get(*path) != kept.get(*path))
        .collect();
    assert!(
        differ.is_empty(),
        "`cargo xtask contract docs` writes anew {differ:#?}"
    );
}

#[test]
fn every_service_and_message_has_its_place() {
    let pages: String = reference::pages().into_values().collect();
    let missing: Vec<_> = pavane_contract::messages()
        .into_iter()
        .map(|message| {
            let name = message.full_name().strip_prefix(message.package_name());
            name.unwrap_or_default().trim_start_matches('.').to_owned()
        })
        .filter(|name| !pages.contains(&format!("# {name}\n")))
        .collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

/// Files below a folder, by their paths in it.
fn read(folder: &Path, files: &mut BTreeMap<PathBuf, String>) {
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            read(&path, files);
        } else {
            let text = fs::read_to_string(&path).expect("a page is text");
            let below = path.strip_prefix(reference::folder());
            files.insert(below.expect("it is below").to_owned(), text);
        }
    }
}

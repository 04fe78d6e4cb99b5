//! The reference, `docs/reference`: a page for each service with its requests and responses, a page for the
//! other types of each package, and what the feeds of the sample services carry. Made from the descriptors
//! and their comments alone, so the .proto files are the only place to write.

mod asyncapi;
mod comments;
mod index;
mod links;
mod page;
mod rules;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use prost_reflect::{FileDescriptor, ServiceDescriptor};

use comments::Comments;
use links::Links;

/// A note to whoever opens a page to edit it.
const GENERATED: &str =
    "<!-- Made from the .proto files by `cargo xtask contract docs`: edit their comments. -->\n\n";

/// All pages: paths below `docs/reference`, and texts.
pub fn pages() -> BTreeMap<PathBuf, String> {
    let comments = Comments::of_contract();
    let packages = packages();
    let links = Links::new(&packages);
    let mut pages = BTreeMap::new();
    for (package, files) in &packages {
        for service in services(files) {
            let path = Path::new(package).join(format!("{}.md", service.name()));
            pages.insert(path, page::of_service(&service, &comments, &links));
        }
        if let Some(text) = page::of_types(package, files, &comments, &links) {
            pages.insert(Path::new(package).join("types.md"), text);
        }
    }
    pages.extend(asyncapi::documents(&comments));
    let index = index::page(&packages, &comments, &links);
    pages.insert("README.md".into(), index);
    pages
}

/// Where they are kept.
pub fn folder() -> PathBuf {
    crate::root().join("docs/reference")
}

/// Writes all pages, and removes what is none.
///
/// # Errors
///
/// The folder cannot be written.
pub fn write() -> Result<()> {
    if folder().exists() {
        fs::remove_dir_all(folder())?;
    }
    for (path, text) in pages() {
        let path = folder().join(path);
        fs::create_dir_all(path.parent().unwrap_or(&path))?;
        fs::write(path, text)?;
    }
    Ok(())
}

/// The files of ours, by package.
type Packages = BTreeMap<String, Vec<FileDescriptor>>;

fn packages() -> Packages {
    let mut packages = Packages::new();
    for file in pavane::descriptor_pool().files() {
        let package = file.package_name().to_owned();
        if package.starts_with("pavane.") || package.starts_with("shop.") {
            packages.entry(package).or_default().push(file);
        }
    }
    packages
}

fn services(files: &[FileDescriptor]) -> impl Iterator<Item = ServiceDescriptor> + '_ {
    files
        .iter()
        .flat_map(|file| file.services().collect::<Vec<_>>())
}

/// Full names of the requests and responses of services: they are shown with their methods.
fn requests_and_responses(service: &ServiceDescriptor) -> BTreeSet<String> {
    let of_method = |method: prost_reflect::MethodDescriptor| {
        [method.input(), method.output()].map(|message| message.full_name().to_owned())
    };
    service.methods().flat_map(of_method).collect()
}

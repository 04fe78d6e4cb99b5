//! Files from several places made one set. Where they have the same file in two versions, the one that
//! has all that the other has is taken; if neither does, they contradict.

use std::collections::BTreeMap;

use prost_types::FileDescriptorProto;

use super::conflict::missing;

/// The well-known types: frozen, but their files differ in details from release to release of protobuf.
/// The first to come is taken.
const FROZEN: &str = "google/protobuf/";

/// Files from one place.
#[derive(Clone, Debug, PartialEq)]
pub struct Origin {
    /// For messages: `the files given`, `10.0.0.5:7401`.
    pub name: String,
    /// With all that they import, in any order.
    pub files: Vec<FileDescriptorProto>,
}

/// Two places that contradict each other.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}: by {one}, and otherwise by {other}")]
pub struct Conflict {
    /// Name of the file that is at fault.
    pub file: String,
    /// What is defined twice.
    pub detail: String,
    /// Where the one version is from.
    pub one: String,
    /// Where the other version is from.
    pub other: String,
}

/// The union of the files. Errors: two versions of a file of which neither has all that is in the other;
/// files of two names that define the same.
pub fn union(origins: Vec<Origin>) -> Result<Vec<FileDescriptorProto>, Box<Conflict>> {
    let mut files: BTreeMap<String, (String, FileDescriptorProto)> = BTreeMap::new();
    for origin in origins {
        for file in origin.files {
            let name = file.name().to_owned();
            let Some((known_from, known)) = files.get(&name) else {
                files.insert(name, (origin.name.clone(), file));
                continue;
            };
            if name.starts_with(FROZEN) || missing(&file, known).is_none() {
                continue;
            }
            if let Some(missed) = missing(known, &file) {
                return Err(Box::new(Conflict {
                    detail: format!("`{name}` defines {missed}"),
                    file: name,
                    one: known_from.clone(),
                    other: origin.name,
                }));
            }
            files.insert(name, (origin.name.clone(), file));
        }
    }
    check_names(&files)?;
    Ok(files.into_values().map(|(_, file)| file).collect())
}

/// Errors: two files define one name.
fn check_names(
    files: &BTreeMap<String, (String, FileDescriptorProto)>,
) -> Result<(), Box<Conflict>> {
    let mut known: BTreeMap<String, (&str, &str)> = BTreeMap::new();
    for (file_name, (origin, file)) in files {
        let names = file.message_type.iter().map(|message| message.name());
        let names = names.chain(file.enum_type.iter().map(|enumeration| enumeration.name()));
        let names = names.chain(file.service.iter().map(|service| service.name()));
        for name in names {
            let full = match file.package() {
                "" => name.to_owned(),
                package => format!("{package}.{name}"),
            };
            if let Some((other_file, other)) = known.get(full.as_str()) {
                return Err(Box::new(Conflict {
                    file: file_name.clone(),
                    detail: format!("`{full}` is defined in `{other_file}` and in `{file_name}`"),
                    one: (*other).to_owned(),
                    other: origin.clone(),
                }));
            }
            known.insert(full, (file_name, origin));
        }
    }
    Ok(())
}

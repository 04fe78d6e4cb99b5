//! Descriptor sets that come from somebody else, made a pool: what a compiler of .proto files would not
//! let through is refused, before anything relies on it.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use prost_reflect::{DescriptorPool, MessageDescriptor};
use prost_types::{DescriptorProto, EnumDescriptorProto, FileDescriptorProto, FileDescriptorSet};

/// Most files of which each imports the next.
pub const MAX_IMPORT_DEPTH: usize = 256;
/// Most ways along public imports, from all files together: they multiply where files import what their
/// imports import.
pub const MAX_IMPORT_WAYS: usize = 1_000_000;

/// The file of the types that descriptors are written in.
const GROWING: &str = "google/protobuf/descriptor.proto";

/// Longest name of a package, and of anything in it by itself, in bytes: full names are kept of all that
/// there is, and of each part of a package.
pub const MAX_NAME_BYTES: usize = 512;

/// Why files are no types that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDescriptors {
    /// What is written in an edition reads differently.
    #[error("`{file}` is written in an edition; proto2 and proto3 are understood")]
    Edition {
        /// Name of the file.
        file: String,
    },
    /// There is no such syntax.
    #[error("`{file}` has the syntax `{syntax}`; proto2 and proto3 are understood")]
    Syntax {
        /// Name of the file.
        file: String,
        /// What it says.
        syntax: String,
    },
    /// It says that it is the entry of a map, and is not.
    #[error(
        "`{message}` of `{file}` is marked as an entry of a map, but has not just `key` and `value`"
    )]
    MapEntry {
        /// Name of the file.
        file: String,
        /// Name of the message.
        message: String,
    },
    /// Files that import each other, or by too many ways.
    #[error(
        "`{file}` imports itself by way of others, or more than {MAX_IMPORT_DEPTH} files one after the other, or \
         publicly by more than {MAX_IMPORT_WAYS} ways"
    )]
    Imports {
        /// Name of the file.
        file: String,
    },
    /// A name that is too long.
    #[error("`{file}` has a name of {found} bytes, more than the allowed {MAX_NAME_BYTES}")]
    Name {
        /// Name of the file.
        file: String,
        /// How long it is.
        found: usize,
    },
    /// A well-known type as it is known nowhere.
    #[error("`{file}` defines google.protobuf.{message} with other fields than it has")]
    WellKnown {
        /// Name of the file.
        file: String,
        /// Name of the message.
        message: String,
    },
    /// Two files of one name.
    #[error("`{file}` is there twice, with different content")]
    Twice {
        /// Name of the file.
        file: String,
    },
    /// They contradict themselves or each other otherwise.
    #[error("{0}")]
    Contradiction(String),
}

/// The types of files, with all that they import. Errors: see there.
pub fn pool(files: Vec<FileDescriptorProto>) -> Result<DescriptorPool, InvalidDescriptors> {
    let files = once(files)?;
    for file in &files {
        check_syntax(file)?;
        let longest = [file.package().len(), longest_name(file)];
        if let Some(found) = longest.into_iter().find(|found| *found > MAX_NAME_BYTES) {
            let file = file.name().to_owned();
            return Err(InvalidDescriptors::Name { file, found });
        }
        for message in &file.message_type {
            check_map_entries(file, message)?;
            check_well_known(file, message)?;
        }
    }
    check_imports(&files)?;
    let set = FileDescriptorSet { file: files };
    // Whoever builds the pool relies in places on what compilers see to, and panics without it.
    let built = catch_unwind(AssertUnwindSafe(|| {
        DescriptorPool::from_file_descriptor_set(set)
    }));
    match built {
        Ok(Ok(pool)) => Ok(pool),
        Ok(Err(error)) => Err(InvalidDescriptors::Contradiction(error.to_string())),
        Err(_) => Err(InvalidDescriptors::Contradiction(
            "the files contradict each other, as none do that a compiler wrote".to_owned(),
        )),
    }
}

/// Each file once: sets that are put together have the same file again and again.
fn once(files: Vec<FileDescriptorProto>) -> Result<Vec<FileDescriptorProto>, InvalidDescriptors> {
    let mut known: HashMap<String, usize> = HashMap::new();
    let mut kept: Vec<FileDescriptorProto> = Vec::with_capacity(files.len());
    for file in files {
        match known.get(file.name()) {
            Some(at) if kept[*at] == file => {}
            Some(_) => {
                let file = file.name().to_owned();
                return Err(InvalidDescriptors::Twice { file });
            }
            None => {
                known.insert(file.name().to_owned(), kept.len());
                kept.push(file);
            }
        }
    }
    Ok(kept)
}

fn check_syntax(file: &FileDescriptorProto) -> Result<(), InvalidDescriptors> {
    let name = || file.name().to_owned();
    match file.syntax.as_deref() {
        None | Some("proto2" | "proto3") => Ok(()),
        Some("editions") => Err(InvalidDescriptors::Edition { file: name() }),
        Some(other) => Err(InvalidDescriptors::Syntax {
            file: name(),
            syntax: other.to_owned(),
        }),
    }
}

/// The longest name in a file.
fn longest_name(file: &FileDescriptorProto) -> usize {
    let messages = file.message_type.iter().map(longest_in);
    let enums = file.enum_type.iter().map(longest_of);
    let services = file.service.iter().map(|service| {
        let methods = service.method.iter().map(|method| method.name().len());
        methods.fold(service.name().len(), usize::max)
    });
    let extensions = file.extension.iter().map(|field| field.name().len());
    let all = messages.chain(enums).chain(services).chain(extensions);
    all.max().unwrap_or_default()
}

fn longest_in(message: &DescriptorProto) -> usize {
    let fields = message.field.iter().chain(&message.extension);
    let fields = fields.map(|field| field.name().len().max(field.json_name().len()));
    let oneofs = message.oneof_decl.iter().map(|oneof| oneof.name().len());
    let enums = message.enum_type.iter().map(longest_of);
    let nested = message.nested_type.iter().map(longest_in);
    let all = fields.chain(oneofs).chain(enums).chain(nested);
    all.fold(message.name().len(), usize::max)
}

fn longest_of(found: &EnumDescriptorProto) -> usize {
    let values = found.value.iter().map(|value| value.name().len());
    values.fold(found.name().len(), usize::max)
}

/// Whoever follows imports goes down into them, by every way that there is, and would never come back from
/// a circle.
fn check_imports(files: &[FileDescriptorProto]) -> Result<(), InvalidDescriptors> {
    let names = files.iter().map(FileDescriptorProto::name);
    let known: HashMap<&str, usize> = names.zip(0..).collect();
    let mut importers: Vec<Vec<usize>> = vec![Vec::new(); files.len()];
    let mut waiting_for = vec![0; files.len()];
    for (at, file) in files.iter().enumerate() {
        for (import, _) in imported(file, &known) {
            importers[import].push(at);
            waiting_for[at] += 1;
        }
    }
    let refused = |at: usize| InvalidDescriptors::Imports {
        file: files[at].name().to_owned(),
    };
    let mut in_all: usize = 0;
    // In rounds: each takes the files whose imports were all taken in rounds before.
    // From a file onward, through what it imports publicly.
    let mut ways: Vec<Option<usize>> = vec![None; files.len()];
    let mut ready: Vec<usize> = (0..files.len())
        .filter(|at| waiting_for[*at] == 0)
        .collect();
    for _ in 0..=MAX_IMPORT_DEPTH {
        let mut next = Vec::new();
        for at in ready {
            let mut onward: usize = 1;
            for (import, is_public) in imported(&files[at], &known) {
                let found = ways[import].unwrap_or_default();
                in_all = in_all.saturating_add(found);
                onward = onward.saturating_add(if is_public { found } else { 0 });
            }
            if in_all > MAX_IMPORT_WAYS {
                return Err(refused(at));
            }
            ways[at] = Some(onward);
            for importer in &importers[at] {
                waiting_for[*importer] -= 1;
                if waiting_for[*importer] == 0 {
                    next.push(*importer);
                }
            }
        }
        ready = next;
    }
    match ways.iter().position(Option::is_none) {
        Some(at) => Err(refused(at)),
        None => Ok(()),
    }
}

/// The files that a file imports, and whether those that import it have them as well.
fn imported<'f>(
    file: &'f FileDescriptorProto,
    known: &'f HashMap<&str, usize>,
) -> impl Iterator<Item = (usize, bool)> + 'f {
    let public: HashSet<i32> = file.public_dependency.iter().copied().collect();
    let imports = file.dependency.iter().zip(0..);
    imports.filter_map(move |(import, position)| {
        let import = known.get(import.as_str())?;
        Some((*import, public.contains(&position)))
    })
}

/// Well-known types are read and written by what they mean, so they must have the fields for it.
fn check_well_known(
    file: &FileDescriptorProto,
    message: &DescriptorProto,
) -> Result<(), InvalidDescriptors> {
    let name = format!("google.protobuf.{}", message.name());
    let global = DescriptorPool::global();
    let known = match file.package() {
        "google.protobuf" => global.get_message_by_name(&name),
        _ => None,
    };
    // Those of the descriptors themselves grow, and mean nothing in messages.
    let grows = |known: &MessageDescriptor| known.parent_file().name() == GROWING;
    let Some(known) = known.filter(|known| !grows(known)) else {
        return Ok(());
    };
    let fields = |message: &DescriptorProto| -> BTreeSet<_> {
        let fields = message.field.iter();
        let fields = fields.map(|field| {
            let kind = (field.r#type(), field.type_name().to_owned());
            (field.number(), field.name().to_owned(), field.label(), kind)
        });
        fields.collect()
    };
    let is_same = fields(message) == fields(known.descriptor_proto());
    if is_same {
        return Ok(());
    }
    Err(InvalidDescriptors::WellKnown {
        file: file.name().to_owned(),
        message: message.name().to_owned(),
    })
}

/// What is marked as an entry is read as one, wherever it stands.
fn check_map_entries(
    file: &FileDescriptorProto,
    message: &DescriptorProto,
) -> Result<(), InvalidDescriptors> {
    let is_entry = message
        .options
        .as_ref()
        .is_some_and(|options| options.map_entry());
    let fields = || {
        message
            .field
            .iter()
            .map(|field| (field.number(), field.name()))
    };
    if is_entry && !fields().eq([(1, "key"), (2, "value")]) {
        return Err(InvalidDescriptors::MapEntry {
            file: file.name().to_owned(),
            message: message.name().to_owned(),
        });
    }
    for nested in &message.nested_type {
        check_map_entries(file, nested)?;
    }
    Ok(())
}

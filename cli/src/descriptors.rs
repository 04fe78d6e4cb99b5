//! Message types from .proto files, from compiled descriptors, or from a server by reflection.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use pavane_flow::descriptors;
use pavane_flow::evolution::{Origin, union};
use prost::Message;
use prost_reflect::DescriptorPool;
use prost_types::FileDescriptorSet;

use crate::error::Error;

mod needed;
pub(crate) mod reflection;

/// How deep folders of .proto files are searched.
const MAX_DEPTH: usize = 32;

/// Types, resolved.
#[derive(Clone, Debug, Default)]
pub(crate) struct Set {
    pool: DescriptorPool,
    /// Names of the files that were asked for one by one.
    named: BTreeSet<String>,
}

impl Set {
    /// From encoded descriptors. `origin` is for messages.
    pub(crate) fn decode(origin: &str, bytes: &[u8]) -> Result<Self, Error> {
        let wrong = |problem: String| {
            Error::usage(format!(
                "{origin} is not a set of file descriptors: {problem}"
            ))
        };
        let files = FileDescriptorSet::decode(bytes).map_err(|error| wrong(error.to_string()))?;
        let pool = descriptors::pool(files.file).map_err(|error| wrong(error.to_string()))?;
        Ok(Self {
            pool,
            named: BTreeSet::new(),
        })
    }

    /// The types of several places, each with its name for messages. Where they have a file in two
    /// versions, the one that has all of the other is taken.
    pub(crate) fn union(parts: Vec<(String, Self)>) -> Result<Self, Error> {
        let mut named = BTreeSet::new();
        let mut origins = Vec::new();
        for (name, part) in parts {
            named.extend(part.named.iter().cloned());
            let files = part.into_message().file;
            origins.push(Origin { name, files });
        }
        let contradict = |problem: String| {
            Error::usage(format!("the descriptors contradict each other: {problem}"))
        };
        let file = union(origins).map_err(|conflict| contradict(conflict.to_string()))?;
        let pool = descriptors::pool(file).map_err(|error| contradict(error.to_string()))?;
        Ok(Self { pool, named })
    }

    pub(crate) fn pool(&self) -> &DescriptorPool {
        &self.pool
    }

    /// All files, imports included.
    pub(crate) fn into_message(self) -> FileDescriptorSet {
        FileDescriptorSet {
            file: self.pool.file_descriptor_protos().cloned().collect(),
        }
    }

    /// The files that a definition needs, imports included: those of the services that it names, of the
    /// types that it names, and those that were asked for one by one.
    pub(crate) fn needed_by(&self, definition: &str) -> FileDescriptorSet {
        let file = needed::files(&self.pool, definition, &self.named);
        FileDescriptorSet { file }
    }
}

/// Reads what `buf build -o` or `protoc -o` wrote.
pub(crate) fn read(path: &Path) -> Result<Set, Error> {
    let bytes = std::fs::read(path)
        .map_err(|error| Error::usage(format!("cannot read {}: {error}", path.display())))?;
    Set::decode(&path.display().to_string(), &bytes)
}

/// Compiles .proto files: those that are named, and every one below the folders that are. Imports are
/// looked for in these folders, beside the files, and in `imports`.
pub(crate) fn compile(protos: &[PathBuf], imports: &[PathBuf]) -> Result<Set, Error> {
    let mut files = Vec::new();
    let mut single = Vec::new();
    let mut roots: Vec<PathBuf> = Vec::new();
    for proto in protos {
        if proto.is_file() {
            single.push(proto.clone());
            continue;
        }
        let found = files.len();
        collect(proto, MAX_DEPTH, &mut files)?;
        if files.len() == found {
            let message = format!("there are no .proto files in {}", proto.display());
            return Err(Error::usage(message));
        }
        roots.push(proto.clone());
    }
    roots.extend(imports.iter().cloned());
    for file in &single {
        if !roots.iter().any(|root| file.starts_with(root)) {
            let folder = file
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty());
            roots.push(folder.unwrap_or(Path::new(".")).to_owned());
        }
    }
    files.sort();
    let wrong = |error: protox::Error| refused(&error, &roots);
    let mut compiler = protox::Compiler::new(&roots).map_err(wrong)?;
    // Comments go along: whoever asks the server that serves a workflow is shown them.
    compiler.include_imports(true).include_source_info(true);
    compiler.open_files(&single).map_err(wrong)?;
    let opened = compiler.files().filter(|file| !file.is_import());
    let named = opened.map(|file| file.name().to_owned()).collect();
    compiler.open_files(&files).map_err(wrong)?;
    let bytes = compiler.file_descriptor_set().encode_to_vec();
    let set = Set::decode("what was compiled", &bytes)?;
    Ok(Set { named, ..set })
}

fn refused(error: &protox::Error, roots: &[PathBuf]) -> Error {
    let problem = format!("{error:?}");
    if problem.contains("edition") && error.file().is_some() {
        let what = Error::usage(problem);
        return what.with_hint("editions are not understood; proto2 and proto3 are");
    }
    let is_import = problem.contains("import") && problem.contains("not found");
    match roots {
        [folder, ..] if is_import => Error::usage(problem).with_hint(format!(
            "imports are looked for in the folders of --proto and --import: name the one that they \
             are relative to, such as a parent of {}",
            folder.display()
        )),
        _ => Error::usage(problem),
    }
}

fn collect(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), Error> {
    let wrong = |error: std::io::Error| {
        Error::usage(format!(
            "cannot read the folder {}: {error}",
            folder.display()
        ))
    };
    for entry in std::fs::read_dir(folder).map_err(wrong)? {
        let entry = entry.map_err(wrong)?;
        let path = entry.path();
        // Links are not followed: a cycle would have no end.
        if entry.file_type().map_err(wrong)?.is_dir() {
            if depth > 0 {
                collect(&path, depth - 1, files)?;
            }
        } else if path
            .extension()
            .is_some_and(|extension| extension == "proto")
        {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;

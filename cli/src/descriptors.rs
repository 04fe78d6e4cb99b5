//! Message types from .proto files, from compiled descriptors, or from a server by reflection.

use std::path::{Path, PathBuf};

use prost::Message;
use prost_reflect::DescriptorPool;
use prost_types::FileDescriptorSet;

use crate::error::Error;

pub(crate) mod reflection;

/// How deep folders of .proto files are searched.
const MAX_DEPTH: usize = 32;

/// Types, resolved.
#[derive(Clone, Debug, Default)]
pub(crate) struct Set {
    pool: DescriptorPool,
}

impl Set {
    /// From encoded descriptors. `origin` is for messages.
    pub(crate) fn decode(origin: &str, bytes: &[u8]) -> Result<Self, Error> {
        let pool = DescriptorPool::decode(bytes).map_err(|error| {
            Error::usage(format!(
                "{origin} is not a set of file descriptors: {error}"
            ))
        })?;
        Ok(Self { pool })
    }

    /// Adds the types of another set.
    pub(crate) fn merge(&mut self, other: Self) -> Result<(), Error> {
        let files = self.pool.add_file_descriptor_set(other.into_message());
        files.map_err(|error| Error::usage(format!("the descriptors contradict: {error}")))
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
}

/// Reads what `buf build -o` or `protoc -o` wrote.
pub(crate) fn read(path: &Path) -> Result<Set, Error> {
    let bytes = std::fs::read(path)
        .map_err(|error| Error::usage(format!("cannot read {}: {error}", path.display())))?;
    Set::decode(&path.display().to_string(), &bytes)
}

/// Compiles every .proto file below the folders; imports are looked for in all of them.
pub(crate) fn compile(folders: &[PathBuf]) -> Result<Set, Error> {
    let mut files = Vec::new();
    for folder in folders {
        let found = files.len();
        collect(folder, MAX_DEPTH, &mut files)?;
        if files.len() == found {
            let message = format!("there are no .proto files in {}", folder.display());
            return Err(Error::usage(message));
        }
    }
    files.sort();
    let wrong = |error: protox::Error| {
        let problem = format!("{error:?}");
        let is_import = problem.contains("import") && problem.contains("not found");
        match folders {
            [folder, ..] if is_import => Error::usage(problem).with_hint(format!(
                "--proto names the folder that imports are relative to, such as a parent of {}",
                folder.display()
            )),
            _ => Error::usage(problem),
        }
    };
    let mut compiler = protox::Compiler::new(folders).map_err(wrong)?;
    compiler
        .include_imports(true)
        .open_files(&files)
        .map_err(wrong)?;
    Set::decode(
        "what was compiled",
        &compiler.file_descriptor_set().encode_to_vec(),
    )
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
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_proto_files_is_compiled_with_its_imports() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../proto");
        let set = compile(&[folder]).expect("the contract compiles");
        assert!(
            set.pool()
                .get_service_by_name("shop.order.v1.OrderService")
                .is_some()
        );
        let files = set.into_message().file;
        assert!(
            files
                .iter()
                .any(|file| file.name() == "google/protobuf/any.proto")
        );
    }

    #[test]
    fn a_mistake_in_a_proto_file_is_shown_with_its_place() {
        let folder = tempfile::tempdir().expect("there is room");
        std::fs::write(
            folder.path().join("a.proto"),
            "syntax = \"proto3\";\nmessage A { B b = 1; }",
        )
        .expect("it is ours");
        let error = compile(&[folder.path().to_owned()])
            .expect_err("B is unknown")
            .to_string();
        assert!(error.contains("'B' is not defined"), "{error}");
        assert!(error.contains("a.proto:2:13"), "{error}");
    }

    #[test]
    fn an_empty_folder_or_none_is_refused() {
        let folder = tempfile::tempdir().expect("there is room");
        let path = folder.path().to_owned();
        let error = compile(std::slice::from_ref(&path))
            .expect_err("is empty")
            .to_string();
        assert_eq!(
            error,
            format!("there are no .proto files in {}", path.display())
        );
        assert!(compile(&[path.join("missing")]).is_err());
    }
}

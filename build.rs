//! Compiles `proto/` into stubs and one descriptor set, in Rust alone: nobody needs protoc.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use prost::Message;

/// The messages that definitions are made of and that have maps.
const DEFINITION: [&str; 4] = [
    ".pavane.workflow.v1.Workflow",
    ".pavane.workflow.v1.Defaults",
    ".pavane.workflow.v1.Step",
    ".pavane.workflow.v1.Compensation",
];

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new("proto");
    println!("cargo:rerun-if-changed=proto");
    let mut files = Vec::new();
    collect_proto_files(root, &mut files)?;
    files.sort();

    let mut compiler = protox::Compiler::new([root])?;
    compiler
        .include_imports(true)
        .include_source_info(true)
        .open_files(&files)?;
    let descriptors = compiler.file_descriptor_set();
    let out_dir = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out_dir.join("descriptors.bin"), descriptors.encode_to_vec())?;

    let mut messages = prost_build::Config::new();
    // An event carries its data as an `Any`: messages know their own names.
    messages
        .enable_type_names()
        .type_name_domain(["."], "type.googleapis.com")
        // A definition is always encoded the same way: its hash is part of its revision.
        .btree_map(DEFINITION)
        .bytes(["."]);
    tonic_prost_build::configure()
        // Without its transport, tonic cannot generate `connect`: the crates that dial add it.
        .build_transport(false)
        .compile_fds_with_config(descriptors, messages)?;
    Ok(())
}

fn collect_proto_files(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect_proto_files(&path, files)?;
        } else if path
            .extension()
            .is_some_and(|extension| extension == "proto")
        {
            files.push(path);
        }
    }
    Ok(())
}

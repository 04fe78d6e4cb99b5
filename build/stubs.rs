//! Compiles `proto/` into stubs, validators and one descriptor set.

mod names;
mod pattern;
mod rules;
mod validators;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use prost::Message;
use prost_types::{FieldOptions, FileDescriptorSet};
use protox::prost_reflect::{DescriptorPool, DynamicMessage, Value};

/// Not ours, and only there to be imported: it gets no stubs, and its comments are left out.
const RULES: &str = "buf/validate/validate.proto";

/// The messages that definitions are made of and that have maps.
const DEFINITION: [&str; 4] = [
    ".pavane.workflow.v1.Workflow",
    ".pavane.workflow.v1.Defaults",
    ".pavane.workflow.v1.Step",
    ".pavane.workflow.v1.Compensation",
];

/// Writes all three where Cargo wants what is generated. Errors: what is wrong in a .proto file, or a rule
/// there that `rules.rs` does not know.
pub(crate) fn generate() -> Result<(), Box<dyn Error>> {
    let root = Path::new("proto");
    println!("cargo:rerun-if-changed=proto");
    println!("cargo:rerun-if-changed=build");
    let mut files = Vec::new();
    collect_proto_files(root, &mut files)?;
    files.retain(|file| !file.ends_with(RULES));
    files.sort();

    let mut compiler = protox::Compiler::new([root])?;
    compiler
        .include_imports(true)
        .include_source_info(true)
        .open_files(&files)?;
    let out_dir = PathBuf::from(env::var("OUT_DIR")?);
    let descriptors = encode(&compiler)?;
    let pool = DescriptorPool::decode(descriptors.as_slice())?;
    fs::write(out_dir.join("validators.rs"), validators::write(&pool)?)?;
    fs::write(out_dir.join("descriptors.bin"), descriptors)?;

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
        // Requests are checked where they are decoded: no handler can forget it.
        .codec_path("crate::CheckedCodec")
        .compile_fds_with_config(without_empty_options(&compiler), messages)?;
    Ok(())
}

/// What stubs are generated from. prost takes a list whose field has options, even options that it does
/// not know, for one that is not packed, so that a rule on a field would change its bytes.
fn without_empty_options(compiler: &protox::Compiler) -> FileDescriptorSet {
    let mut set = compiler.file_descriptor_set();
    let messages = set.file.iter_mut().flat_map(|file| &mut file.message_type);
    let mut waiting: Vec<_> = messages.collect();
    while let Some(message) = waiting.pop() {
        for field in &mut message.field {
            field.options = field
                .options
                .take()
                .filter(|options| *options != FieldOptions::default());
        }
        waiting.extend(&mut message.nested_type);
    }
    set
}

/// The descriptor set with all its options. prost's own types would drop those that are extensions,
/// and with them the rules that fields have.
fn encode(compiler: &protox::Compiler) -> Result<Vec<u8>, Box<dyn Error>> {
    let encoded = compiler.encode_file_descriptor_set();
    let pool = DescriptorPool::decode(encoded.as_slice())?;
    let set = "google.protobuf.FileDescriptorSet";
    let set = pool.get_message_by_name(set).ok_or("no descriptor.proto")?;
    let mut set = DynamicMessage::decode(set, encoded.as_slice())?;
    let files = set.get_field_by_name_mut("file");
    for file in files.and_then(Value::as_list_mut).into_iter().flatten() {
        let file = file.as_message_mut().ok_or("a file is a message")?;
        let name = file.get_field_by_name("name");
        if name.is_some_and(|name| name.as_str() == Some(RULES)) {
            file.clear_field_by_name("source_code_info");
        }
    }
    Ok(set.encode_to_vec())
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

//! What the .proto files say of each thing that they define.

use std::collections::HashMap;

use prost::Message;
use prost_reflect::{
    EnumDescriptor, EnumValueDescriptor, FieldDescriptor, FileDescriptor, MessageDescriptor,
    MethodDescriptor, OneofDescriptor, ServiceDescriptor,
};
use prost_types::FileDescriptorSet;

/// The comments that stand before definitions, by file and path in it.
#[derive(Debug)]
pub(super) struct Comments(HashMap<(String, Vec<i32>), String>);

/// Something that is defined in a file, and may have a comment.
pub(super) trait Commented {
    fn place(&self) -> (FileDescriptor, &[i32]);
}

macro_rules! commented {
    ($($descriptor:ty => |$one:ident| $file:expr),* $(,)?) => {
        $(impl Commented for $descriptor {
            fn place(&self) -> (FileDescriptor, &[i32]) {
                let $one = self;
                ($file, self.path())
            }
        })*
    };
}

commented! {
    MessageDescriptor => |one| one.parent_file(),
    FieldDescriptor => |one| one.parent_message().parent_file(),
    OneofDescriptor => |one| one.parent_message().parent_file(),
    EnumDescriptor => |one| one.parent_file(),
    EnumValueDescriptor => |one| one.parent_enum().parent_file(),
    ServiceDescriptor => |one| one.parent_file(),
    MethodDescriptor => |one| one.parent_service().parent_file(),
}

impl Comments {
    /// Those of the contract.
    pub(super) fn of_contract() -> Self {
        let set = FileDescriptorSet::decode(pavane::FILE_DESCRIPTOR_SET)
            .expect("the contract is a descriptor set");
        let mut comments = HashMap::new();
        for file in set.file {
            let name = file.name().to_owned();
            for location in file.source_code_info.unwrap_or_default().location {
                if let Some(comment) = location.leading_comments {
                    comments.insert((name.clone(), location.path), comment);
                }
            }
        }
        Self(comments)
    }

    /// What is said of it, as paragraphs: lines that follow each other are one.
    pub(super) fn paragraphs(&self, one: &impl Commented) -> Vec<String> {
        let (file, path) = one.place();
        let comment = self.0.get(&(file.name().to_owned(), path.to_vec()));
        let mut paragraphs = vec![String::new()];
        for line in comment.map(String::as_str).unwrap_or_default().lines() {
            match (line.trim(), paragraphs.last_mut()) {
                ("", _) => paragraphs.push(String::new()),
                (text, Some(last)) if !last.is_empty() => {
                    last.push(' ');
                    last.push_str(text);
                }
                (text, Some(last)) => last.push_str(text),
                (_, None) => unreachable!("there is always one"),
            }
        }
        paragraphs.retain(|paragraph| !paragraph.is_empty());
        paragraphs
    }

    /// The same in one line, for a cell of a table.
    pub(super) fn line(&self, one: &impl Commented) -> String {
        self.paragraphs(one).join(" ")
    }

    /// The first sentence.
    pub(super) fn summary(&self, one: &impl Commented) -> String {
        let line = self.line(one);
        let end = line.find(". ").map_or(line.len(), |end| end + 1);
        line[..end].to_owned()
    }
}

//! Definitions, with `First` for the method of the first link, and `Run` for what they implement.

use pavane::workflow::v1::{Descriptors, Source, descriptors};
use pavane_orchestrator::Definition;
use prost::Message;
use prost_types::FileDescriptorSet;

/// One after the other, each undone by its own link.
pub(crate) const CHAIN: &str = "
name: chain
implements: Run
steps:
  - id: first
    call: First
    request: { payload: input.payload }
    compensate: { call: First, request: { payload: input.payload } }
  - id: second
    call: Second
    request: { payload: first.payload }
    compensate: { call: Second, request: { payload: first.payload } }
  - id: third
    call: Third
    request: { payload: second.payload }
    compensate: { call: Third, request: { payload: second.payload } }
output: { payload: third.payload }
";

/// Implements a method of another service than the chain does.
pub(crate) const OTHER: &str = "
name: other
implements: pavane.testing.v1.SecondLinkService/Second
steps:
  - id: only
    call: Third
    request: { payload: input.payload }
output: { payload: only.payload }
";

/// The text with full names.
fn text(short: &str) -> String {
    let mut text = short.replace(
        "implements: Run",
        "implements: pavane.testing.v1.ChainService/Run",
    );
    for link in ["First", "Second", "Third"] {
        let full = format!("call: pavane.testing.v1.{link}LinkService/{link}");
        text = text.replace(&format!("call: {link}"), &full);
    }
    text
}

pub(crate) fn source(short: &str) -> Source {
    Source {
        file_name: "test.yaml".to_owned(),
        text: text(short),
    }
}

/// The contract's own types.
pub(crate) fn types() -> Descriptors {
    let files = FileDescriptorSet::decode(pavane::FILE_DESCRIPTOR_SET).unwrap();
    Descriptors {
        from: Some(descriptors::From::FileDescriptorSet(files)),
    }
}

/// As deployed at the start.
pub(crate) fn definition(short: &str) -> Definition {
    let source = source(short);
    Definition {
        file_name: source.file_name,
        text: source.text,
        descriptors: types(),
    }
}

/// The contract's own types, after a change of the message with this name in the package of the links.
pub(crate) fn types_where(
    message: &str,
    change: impl FnOnce(&mut prost_types::DescriptorProto),
) -> Descriptors {
    let mut files = FileDescriptorSet::decode(pavane::FILE_DESCRIPTOR_SET).unwrap();
    let mut messages = files
        .file
        .iter_mut()
        .filter(|file| file.package() == "pavane.testing.v1")
        .flat_map(|file| &mut file.message_type);
    change(messages.find(|found| found.name() == message).unwrap());
    Descriptors {
        from: Some(descriptors::From::FileDescriptorSet(files)),
    }
}

/// The same, with its first field under another number.
pub(crate) fn renumbered(message: &str) -> Descriptors {
    types_where(message, |message| message.field[0].number = Some(7))
}

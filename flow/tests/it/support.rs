//! What the tests share: descriptors, and compiling in one line.

use std::sync::LazyLock;

use bytes::Bytes;
use pavane_flow::Timestamp;
use pavane_flow::diagnostic::{Renderer, Style};
use pavane_flow::language::{Compiled, Definition, compile};
use pavane_flow::plan::Plan;
use pavane_flow::program::{ExecutionInfo, Scope};
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};

/// The contract and the sample shop, and `test.Tests`.
pub(crate) fn pool() -> &'static DescriptorPool {
    static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it");
        let files = protox::compile(["everything.proto"], [folder]).expect("it compiles");
        let mut pool = pavane::descriptor_pool().clone();
        pool.add_file_descriptor_set(files)
            .expect("the pool takes it");
        pool
    });
    &POOL
}

pub(crate) fn message(name: &str) -> MessageDescriptor {
    pool().get_message_by_name(name).expect("it is in the pool")
}

/// Compiles a definition.
pub(crate) fn compiled(text: &str) -> Compiled {
    compile(&Definition::parse("test.yaml", text), pool())
}

/// What is said of a definition, in short: where, what is marked, the message, the label and the help.
pub(crate) fn check(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let mut said = Vec::new();
    for found in compiled(text).diagnostics {
        let span = found.span.expect("what has a text has a place");
        let line = lines
            .get(span.line as usize - 1)
            .copied()
            .unwrap_or_default();
        let marked = line
            .chars()
            .skip(span.column as usize - 1)
            .take(span.length as usize);
        let marked: String = marked.collect();
        let (severity, reason) = (found.severity, &found.reason);
        let mut text = format!(
            "{severity} {reason} {}:{} [{marked}] ",
            span.line, span.column
        );
        text += &found.message;
        if !found.label.is_empty() {
            text += &format!(" ({})", found.label);
        }
        if !found.help.is_empty() {
            text += &format!("; help: {}", found.help);
        }
        said.push(text);
    }
    said.join("\n")
}

/// What is said of a definition, as people see it.
pub(crate) fn rendered(text: &str) -> String {
    let renderer = Renderer {
        file_name: "test.yaml",
        source: Some(text),
        style: Style::PLAIN,
    };
    renderer.render(&compiled(text).diagnostics)
}

/// The plan of a definition that is right.
pub(crate) fn plan(text: &str) -> Plan {
    match compiled(text).plan {
        Some(plan) => plan,
        None => panic!("{}", rendered(text)),
    }
}

/// A workflow that computes its output, of type `test.Everything`, from its input of the same type,
/// with a step `other` of type `test.Inner`.
pub(crate) fn computing(output: &str) -> String {
    format!(
        "name: test\nimplements: test.Tests/Run\nsteps:\n- {{ id: other, call: test.Tests/Other }}\n\
         output:\n  {}\n",
        output.replace('\n', "\n  ")
    )
}

/// What is said of such an output.
pub(crate) fn check_output(output: &str) -> String {
    check(&computing(output))
}

/// Evaluates the output of a workflow with an input.
pub(crate) fn evaluate(
    plan: &Plan,
    input: &Bytes,
    outputs: &[Option<Bytes>],
) -> Result<Bytes, String> {
    let scope = Scope {
        input,
        outputs,
        execution: ExecutionInfo {
            id: "e-1",
            workflow: "test",
            revision: "abc",
            create_time: Timestamp::from_nanos(1_500_000_000),
        },
        element: None,
        event: None,
    };
    plan.evaluate_output(&scope)
        .map_err(|error| error.to_string())
}

/// Evaluates an output, on input and output in text: JSON of `test.Everything`.
pub(crate) fn computed(output: &str, input: &str) -> Result<String, String> {
    let descriptor = message("test.Everything");
    let mut json = serde_json::Deserializer::from_str(input);
    let input = DynamicMessage::deserialize(descriptor.clone(), &mut json).expect("it is JSON");
    let plan = plan(&computing(output));
    let bytes = evaluate(&plan, &input.encode_to_vec().into(), &[None])?;
    let result = DynamicMessage::decode(descriptor, bytes).expect("it is a message");
    let options = prost_reflect::SerializeOptions::new().use_proto_field_name(true);
    let json = result.serialize_with_options(serde_json::value::Serializer, &options);
    Ok(json.expect("a message has JSON").to_string())
}

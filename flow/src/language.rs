//! The workflow language: from a definition to a checked plan, or to all that is wrong with it.
//!
//! Whatever can be known to be wrong is found here, with its place, and in one run; what has passed
//! cannot fail for its form any more, only for what is in the messages.

use std::collections::HashSet;

use pavane::workflow::v1::Workflow;
use prost_reflect::{DescriptorPool, ReflectMessage};

use crate::diagnostic::{Diagnostic, Span};
use crate::plan::Plan;

mod assign;
mod calls;
mod checker;
mod computed;
mod constants;
mod decode;
mod defaults;
mod depth;
mod duration;
mod elements;
mod environment;
mod events;
mod graph;
pub mod json;
mod kinds;
pub mod limits;
mod lists;
mod metadata;
mod named;
mod names;
mod overloads;
mod parse;
mod pauses;
mod report;
mod retry;
mod revision;
mod roots;
mod schema;
mod source;
mod steps;
mod template;
mod tree;
mod types;
mod workflow;

pub use names::is_reserved;
pub use schema::schema;
use source::Source;

/// A definition as it was given: with its text, or as a message.
#[derive(Debug)]
pub struct Definition {
    workflow: Workflow,
    source: Option<Source>,
    /// What was found when it was read.
    diagnostics: Vec<Diagnostic>,
    refused: HashSet<String>,
    /// Whether there is a workflow at all.
    is_readable: bool,
}

/// What came of compiling a definition.
#[derive(Debug)]
pub struct Compiled {
    /// The plan, if there is no error.
    pub plan: Option<Plan>,
    /// Errors and warnings, in the order of the source.
    pub diagnostics: Vec<Diagnostic>,
    /// The definition as a message; incomplete if there are errors.
    pub workflow: Workflow,
}

impl Definition {
    /// Reads YAML or JSON text. What is wrong with it is found by [`compile`] along with everything
    /// else. `file_name` is for messages and may be empty.
    pub fn parse(file_name: &str, text: &str) -> Self {
        let mut source = Source::new(file_name, text);
        if text.len() > limits::MAX_SOURCE_BYTES {
            let message = format!(
                "the definition has {} bytes, more than the allowed {}",
                text.len(),
                limits::MAX_SOURCE_BYTES
            );
            return Self::unreadable(source, Diagnostic::error("LIMIT_EXCEEDED", message));
        }
        let root = match tree::parse(text) {
            Ok(root) => root,
            Err(error) => {
                let span = source.span(error.range);
                let found = Diagnostic::error(error.reason, error.message)
                    .help(error.help)
                    .at("", Some(span));
                return Self::unreadable(source, found);
            }
        };
        source.record("", None, &root);
        let mut decoder = decode::Decoder {
            source: &mut source,
            diagnostics: Vec::new(),
            refused: HashSet::new(),
        };
        let descriptor = pavane::descriptor_pool()
            .get_message_by_name("pavane.workflow.v1.Workflow")
            .expect("the contract holds Workflow");
        let message = decoder.message(&descriptor, &root, "");
        let is_readable = !decoder.refused.contains("");
        let (diagnostics, refused) = (decoder.diagnostics, decoder.refused);
        debug_assert_eq!(message.descriptor(), descriptor);
        Self {
            workflow: message
                .transcode_to()
                .expect("the stub was generated from the descriptor"),
            source: Some(source),
            diagnostics,
            refused,
            is_readable,
        }
    }

    fn unreadable(source: Source, found: Diagnostic) -> Self {
        Self {
            workflow: Workflow::default(),
            source: Some(source),
            diagnostics: vec![found],
            refused: HashSet::new(),
            is_readable: false,
        }
    }

    /// The workflow as far as it could be read.
    pub fn workflow(&self) -> &Workflow {
        &self.workflow
    }

    /// Name of the source; empty if there is none.
    pub fn file_name(&self) -> &str {
        self.source.as_ref().map_or("", |source| &source.file_name)
    }

    /// Where the value at a path such as `steps[1].call` stands, or the nearest value around it.
    /// `None`: there is no text.
    pub fn place(&self, path: &str) -> Option<Span> {
        self.source.as_ref()?.value(path)
    }

    /// The text, if it was given as one.
    pub fn text(&self) -> Option<&str> {
        self.source.as_ref().map(|source| source.text.as_str())
    }
}

impl From<Workflow> for Definition {
    /// A definition without a text: diagnostics have paths, but no lines.
    fn from(workflow: Workflow) -> Self {
        Self {
            workflow,
            source: None,
            diagnostics: Vec::new(),
            refused: HashSet::new(),
            is_readable: true,
        }
    }
}

/// Checks a definition against the types of its services, and makes the plan.
pub fn compile(definition: &Definition, pool: &DescriptorPool) -> Compiled {
    let mut report = report::Report::new(definition);
    let plan = if definition.is_readable {
        workflow::compile(&definition.workflow, pool, &mut report)
    } else {
        None
    };
    debug_assert_eq!(plan.is_none(), report.has_errors());
    Compiled {
        plan,
        diagnostics: report.finish(),
        workflow: definition.workflow.clone(),
    }
}

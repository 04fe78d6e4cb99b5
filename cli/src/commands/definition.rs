//! A definition on the command line: the file, and where the message types come from. Shared by
//! `check`, `deploy` and `serve`.

use std::path::{Path, PathBuf};

use pavane::workflow::v1::{
    self as workflow, CheckWorkflowResponse, Diagnostic, Source, descriptors::From,
};

use crate::descriptors;
use crate::error::Error;
use crate::output::Output;
use crate::render::{Json, Verdict, diagnostics, impacts};

/// Largest definition that servers accept.
const MAX_SOURCE_BYTES: u64 = 1 << 20;

/// Where the message types come from.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Types {
    /// Folder of .proto files, or one of them; may be given several times
    #[arg(long, value_name = "PATH")]
    pub(crate) proto: Vec<PathBuf>,
    /// Folder that imports are relative to, besides those of --proto; may be given several times
    #[arg(long, value_name = "DIR", requires = "proto")]
    pub(crate) import: Vec<PathBuf>,
    /// Compiled descriptors, as `buf build -o` or `protoc -o` write them
    #[arg(long, value_name = "FILE", conflicts_with = "proto")]
    pub(crate) descriptor_set: Option<PathBuf>,
}

impl Types {
    /// Whether any were given.
    pub(crate) fn are_given(&self) -> bool {
        !self.proto.is_empty() || self.descriptor_set.is_some()
    }

    /// Reads them; `None` if none were given.
    pub(crate) fn load(&self) -> Result<Option<descriptors::Set>, Error> {
        match &self.descriptor_set {
            Some(path) => descriptors::read(path).map(Some),
            None if self.proto.is_empty() => Ok(None),
            None => descriptors::compile(&self.proto, &self.import).map(Some),
        }
    }

    /// What tells a server of them: the types themselves as far as the definition needs them, or to ask
    /// its targets.
    pub(crate) fn to_message(&self, source: &Source) -> Result<workflow::Descriptors, Error> {
        Ok(to_message(self.load()?.as_ref(), source))
    }
}

/// The types that the definition needs; `None`: the server is to ask its targets.
pub(crate) fn to_message(set: Option<&descriptors::Set>, source: &Source) -> workflow::Descriptors {
    let from = match set {
        Some(set) => From::FileDescriptorSet(set.needed_by(&source.text)),
        None => From::Reflection(true),
    };
    workflow::Descriptors { from: Some(from) }
}

/// Reads a definition.
pub(crate) fn read_source(path: &Path) -> Result<Source, Error> {
    let shown = path.display();
    let cannot = |error: std::io::Error| Error::usage(format!("cannot read {shown}: {error}"));
    let size = std::fs::metadata(path).map_err(cannot)?.len();
    if size > MAX_SOURCE_BYTES {
        let message = format!("{shown} has {size} bytes, at most {MAX_SOURCE_BYTES} are accepted");
        return Err(Error::usage(message));
    }
    let text = std::fs::read_to_string(path).map_err(cannot)?;
    Ok(Source {
        file_name: shown.to_string(),
        text,
    })
}

/// Says where types can come from, if some were missed that a server had to find by reflection.
pub(crate) fn note_unknown_types(diagnostics: &[Diagnostic], output: &Output) {
    let unknown = |found: &Diagnostic| found.reason == "UNKNOWN_SERVICE";
    if diagnostics.iter().any(unknown) {
        output.note(
            "the types came by server reflection, which knows only what is served; \
             give others with --proto DIR",
        );
    }
}

/// Prints what was found in a definition: the diagnostics at their places, or the revision.
pub(crate) fn show(
    source: &Source,
    answer: &CheckWorkflowResponse,
    output: &Output,
) -> Result<(), Error> {
    output.show(
        |paint| {
            let mut text = diagnostics(&source.file_name, &source.text, &answer.diagnostics, paint);
            text.push_str(&impacts(&answer.impacts, Verdict::Refused, paint));
            if !answer.revision.is_empty() {
                let revision: String = answer.revision.chars().take(8).collect();
                let sound = paint.good("sound");
                text.push_str(&format!(
                    "{}: {sound}, revision {revision}\n",
                    source.file_name
                ));
            }
            text
        },
        || Json::new().message("pavane.workflow.v1.CheckWorkflowResponse", answer),
    )
}

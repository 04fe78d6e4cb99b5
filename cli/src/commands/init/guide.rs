//! What is written beside the definition: the configuration of an orchestrator, and the commands that come
//! next.

use std::path::{Component, Path, PathBuf};

use super::draft::Draft;
use crate::config::DEFAULT_LISTEN;
use crate::error::Error;

/// Where services are often found.
const GUESS: &str = "127.0.0.1:50051";

/// Where the types come from, as seen from the folder that is written.
pub(super) struct Types<'a> {
    pub(super) proto: Vec<PathBuf>,
    pub(super) import: Vec<PathBuf>,
    pub(super) reflect: &'a [String],
}

impl Types<'_> {
    /// The flags of `check`, and those of `deploy`, each with a space before it.
    fn flags(&self, draft: &Draft) -> (String, String) {
        let mut files = self.proto.clone();
        // A folder that is above has it already.
        let above = |path: &PathBuf| path.components().all(|part| part == Component::ParentDir);
        if draft.own_proto().is_some() && !self.proto.iter().any(above) {
            files.push(draft.proto_file().into());
        }
        let flag = |name: &str, path: &PathBuf| format!(" --{name} {}", quoted(path));
        let files = files.iter().map(|path| flag("proto", path));
        let imports = self.import.iter().map(|path| flag("import", path));
        let files: String = files.chain(imports).collect();
        let servers = self
            .reflect
            .iter()
            .map(|server| format!(" --reflect {server}"));
        let check = servers.fold(files.clone(), |flags, server| flags + &server);
        let needs_targets = !self.reflect.is_empty() && !files.is_empty();
        let deploy = files + if needs_targets { " --reflect" } else { "" };
        (check, deploy)
    }
}

/// As a shell reads it.
fn quoted(path: &Path) -> String {
    let path = path.display().to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@".contains(c);
    match path.chars().all(is_plain) {
        true => path,
        false => format!("'{}'", path.replace('\'', r"'\''")),
    }
}

/// Paths as they are seen from a folder.
pub(super) fn from_folder(folder: &Path, paths: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    let folder = whole(folder)?;
    let relative = |path: &PathBuf| {
        let path = whole(path)?;
        let shared = folder.components().zip(path.components());
        let shared = shared.take_while(|(one, other)| one == other).count();
        let up = folder
            .components()
            .skip(shared)
            .map(|_| Component::ParentDir);
        let down = path.components().skip(shared);
        let relative: PathBuf = up.chain(down).collect();
        Ok(match relative.as_os_str().is_empty() {
            true => PathBuf::from("."),
            false => relative,
        })
    };
    paths.iter().map(relative).collect()
}

/// From the root, without `.` and `..`.
fn whole(path: &Path) -> Result<PathBuf, Error> {
    let wrong = |error| Error::usage(format!("cannot use the path {}: {error}", path.display()));
    let mut whole = PathBuf::new();
    for part in std::path::absolute(path).map_err(wrong)?.components() {
        match part {
            Component::ParentDir => {
                whole.pop();
            }
            part => whole.push(part),
        }
    }
    Ok(whole)
}

/// pavane.toml.
pub(super) fn configuration(draft: &Draft, addresses: &[(String, String)]) -> String {
    let mut text = format!(
        "# The orchestrator: `pavane serve` in this folder reads it. Paths are relative to it.\n\
         listen = \"{DEFAULT_LISTEN}\"\ndata_dir = \"data\"\n\n\
         # Where services are called.\n[targets]\n"
    );
    for service in draft.services() {
        let known = addresses.iter().find(|(name, _)| *name == service);
        let line = match known {
            Some((_, address)) => format!("\"{service}\" = \"{address}\"\n"),
            None => format!("\"{service}\" = \"{GUESS}\" # guessed: write where it is\n"),
        };
        text.push_str(&line);
    }
    text.push_str(
        "\n# More can be said of a target, instead of its line above:\n\
         # [targets.\"acme.v1.Service\"]\n# address = \"https://acme.example:443\"\n\
         # timeout = \"5s\"\n# tls = { ca = \"ca.pem\" }\n",
    );
    text
}

/// README.md.
pub(super) fn readme(draft: &Draft, types: &Types<'_>) -> String {
    let (check, deploy) = types.flags(draft);
    let (name, method) = (draft.name(), draft.implements());
    let input = draft.sample_input().to_string();
    let services: Vec<String> = draft
        .services()
        .iter()
        .map(|name| format!("`{name}`"))
        .collect();
    format!(
        "# {name}\n\n\
         A workflow over {services}, which is the method `{method}`.\n\n\
         Look at [{name}.yaml]({name}.yaml): what each step is called with, and what undoes it. Then, in this\n\
         folder, check it:\n\n\
         \x20   pavane check {name}.yaml{check}\n\n\
         Say in [pavane.toml](pavane.toml) where the services are, and run the orchestrator:\n\n\
         \x20   pavane serve\n\n\
         In another terminal, deploy the workflow, and run it:\n\n\
         \x20   pavane deploy {name}.yaml{deploy}\n\
         \x20   pavane start {name} --wait --input '{input}'\n\
         \x20   pavane list\n\n\
         Or call it as what it is, a method; one `idempotency-key` is one execution:\n\n\
         \x20   curl {DEFAULT_LISTEN}/{method} -H 'content-type: application/json' \\\n\
         \x20     -H 'idempotency-key: first' -d '{input}'\n",
        services = services.join(" and "),
    )
}

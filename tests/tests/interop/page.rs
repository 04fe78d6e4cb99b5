//! A page of `docs/clients` as a test reads it: what is to be installed, files that are to be written,
//! commands that are to be run, and what they print.
//!
//! A block with a file's name behind its language, as in `python first_order.py`, is that file. The block
//! `sh install` is run once it is there. In a `console` block, a line that begins with `$ ` is a
//! command, and what follows is what it prints; numbers may be others than those shown.

use std::fs;
use std::path::{Path, PathBuf};

use pavane_tests::made::{self, run};
use pavane_tests::{protos, root};
use tokio::process::Command;

/// What a first-time user is asked to read, at most.
const LINES: usize = 30;

/// A page, installed as it says.
#[derive(Debug)]
pub(crate) struct Page {
    name: &'static str,
    folder: PathBuf,
    environment: Environment,
    commands: Vec<Shown>,
}

/// Variables that its commands are run with besides those of the test.
pub(crate) type Environment = Vec<(&'static str, String)>;

/// A command, and what it prints.
#[derive(Debug)]
struct Shown {
    command: String,
    prints: String,
}

#[derive(Debug, Default)]
struct Blocks {
    install: String,
    files: Vec<(String, String)>,
    commands: Vec<Shown>,
}

impl Page {
    /// Installs what `docs/clients/NAME.md` says. `None`: that cannot be done; the test is to return.
    /// With `CI` set it fails instead.
    pub(crate) fn open(name: &'static str, environment: Environment, test: &str) -> Option<Self> {
        let path = root().join(format!("docs/clients/{name}.md"));
        let text = fs::read_to_string(&path);
        let text = text.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let Blocks {
            install,
            files,
            commands,
        } = read(&text);
        for (file, text) in &files {
            let lines = text.lines().count();
            assert!(
                lines <= LINES,
                "{name}.md: {file} has {lines} lines, more than {LINES}"
            );
        }
        let from = format!("{install}{files:?}{}", protos::text());
        let folder = made::once(&format!("interop/pages/{name}"), &from, |folder| {
            for (file, text) in &files {
                fs::write(folder.join(file), text).expect("target/ can be written to");
            }
            copy_protos(folder);
            let mut shell = std::process::Command::new("bash");
            shell.args(["-e", "-c", &install]).current_dir(folder);
            run(shell.envs(environment.clone())).map(drop)
        });
        Some(Self {
            name,
            folder: made::or_skip(folder, test)?,
            environment,
            commands,
        })
    }

    /// The command of the page that runs a program, with other addresses than those shown, and what it
    /// prints.
    pub(crate) fn command(&self, program: &str, addresses: &[(&str, &str)]) -> (Command, &str) {
        let of_program = |shown: &&Shown| shown.command.split(' ').any(|word| word == program);
        let shown = self.commands.iter().find(of_program);
        let shown = shown.unwrap_or_else(|| panic!("{}.md does not run {program}", self.name));
        let mut line = format!("exec {}", shown.command);
        for (address, real) in addresses {
            assert!(
                line.contains(address),
                "{}.md: {line} has no {address}",
                self.name
            );
            line = line.replace(address, real);
        }
        let mut command = Command::new("bash");
        command.args(["-c", &line]).current_dir(&self.folder);
        command.envs(self.environment.clone());
        (command, &shown.prints)
    }
}

/// The text with every number replaced by one, and without its last line's end.
pub(crate) fn steady(text: &str) -> String {
    let mut steady = String::new();
    let mut is_number = false;
    for character in text.trim_end().chars() {
        let was_number = std::mem::replace(&mut is_number, character.is_ascii_digit());
        match (was_number, is_number) {
            (true, true) => {}
            (false, true) => steady.push('0'),
            (_, false) => steady.push(character),
        }
    }
    steady
}

fn read(markdown: &str) -> Blocks {
    let mut blocks = Blocks::default();
    let mut lines = markdown.lines();
    while let Some(line) = lines.next() {
        let Some(kind) = line.strip_prefix("```") else {
            continue;
        };
        let block = lines.by_ref().take_while(|line| *line != "```");
        let block: String = block.flat_map(|line| [line, "\n"]).collect();
        match kind.split_once(' ') {
            Some(("sh", "install")) => blocks.install.push_str(&block),
            Some((_, file)) => blocks.files.push((file.to_owned(), block)),
            None if kind == "console" => blocks.commands.push(shown(&block)),
            None => {}
        }
    }
    blocks
}

fn shown(block: &str) -> Shown {
    let command = block
        .strip_prefix("$ ")
        .and_then(|rest| rest.split_once('\n'));
    let (command, prints) = command.expect("a console begins with a command");
    Shown {
        command: command.to_owned(),
        prints: prints.to_owned(),
    }
}

/// The folder `proto`, as whoever follows the page has it.
fn copy_protos(folder: &Path) {
    for file in protos::files() {
        let name = file.strip_prefix(root()).expect("it lies there");
        let to = folder.join(name);
        fs::create_dir_all(to.parent().expect("it lies in a folder")).expect("there is room");
        fs::copy(file, to).expect("there is room");
    }
}

//! The commands of a page. They are lines of code blocks (four spaces, or fences) that begin with `$ `; what
//! follows, up to the next command or the end of the block, is what is printed.
//!
//! Those that have `grpcurl` in them are run, and those that give something a name, a variable or a function,
//! since others may use it. `<!-- not run: REASON -->` before a block excuses it.

/// Before a block that is not run.
const NOT_RUN: &str = "<!-- not run: ";

/// A command, and what it is to print.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Command {
    /// Where it stands in the page.
    pub(crate) line: usize,
    /// As it is typed.
    pub(crate) text: String,
    /// The lines that are shown after it.
    pub(crate) shown: Vec<String>,
}

impl Command {
    /// Whether it prints what a server says, rather than keep it under a name.
    pub(crate) fn is_call(&self) -> bool {
        self.text.contains("grpcurl ") && !self.gives_a_name()
    }

    /// Whether what it calls answers with a stream.
    pub(crate) fn streams(&self) -> bool {
        let method = self.text.split_whitespace().last().unwrap_or_default();
        let Some((service, method)) = method.split_once('/') else {
            return false;
        };
        let service = pavane::descriptor_pool().get_service_by_name(service);
        let method = service.and_then(|service| service.methods().find(|one| one.name() == method));
        method.is_some_and(|method| method.is_server_streaming())
    }

    /// How many lines are shown, `...` at the end aside.
    pub(crate) fn shown_lines(&self) -> usize {
        let is_left_out = self.shown.last().is_some_and(|line| line == "...");
        self.shown.len() - usize::from(is_left_out)
    }

    /// Names of the environment, which are for one command, are in capitals.
    fn gives_a_name(&self) -> bool {
        let rest = self
            .text
            .trim_start_matches(|one: char| one.is_ascii_lowercase());
        rest.len() < self.text.len() && (rest.starts_with('=') || rest.starts_with("()"))
    }
}

/// The commands of a page that are to be run.
pub(crate) fn commands(markdown: &str) -> Vec<Command> {
    let mut commands: Vec<Command> = Vec::new();
    let (mut in_fence, mut in_command, mut is_excused) = (false, false, false);
    for (line, text) in (1..).zip(markdown.lines()) {
        if text.starts_with("```") {
            (in_fence, in_command) = (!in_fence, false);
            continue;
        }
        let code = if in_fence {
            Some(text)
        } else {
            text.strip_prefix("    ")
        };
        let Some(code) = code else {
            in_command = false;
            if !text.is_empty() {
                is_excused = excuse(text, line);
            }
            continue;
        };
        match (code.strip_prefix("$ "), commands.last_mut()) {
            (Some(text), _) => {
                in_command = !is_excused;
                if in_command {
                    let text = text.to_owned();
                    let shown = Vec::new();
                    commands.push(Command { line, text, shown });
                }
            }
            (None, Some(last)) if in_command && is_unfinished(last) => {
                last.text.push('\n');
                last.text.push_str(code);
            }
            (None, Some(last)) if in_command => last.shown.push(code.trim_start().to_owned()),
            (None, _) => {}
        }
    }
    commands.retain(|command| command.is_call() || command.gives_a_name());
    commands
}

fn excuse(text: &str, line: usize) -> bool {
    let Some(reason) = text.strip_prefix(NOT_RUN) else {
        return false;
    };
    let reason = reason.trim_end_matches("-->").trim();
    assert!(!reason.is_empty(), "line {line}: why is it not run?");
    true
}

/// Whether the next line belongs to it: it ends with a backslash, or within quotes.
fn is_unfinished(command: &Command) -> bool {
    let is_first_part = command.shown.is_empty();
    let quotes = command.text.matches('\'').count();
    is_first_part && (command.text.ends_with('\\') || quotes % 2 == 1)
}

#[test]
fn what_is_to_be_run_is_read() {
    let page = "\
Text.

    $ name() { echo '{
      '$1'}'; }
    $ name | grpcurl -d @ \\
        localhost:7400 a.B/C
    {
      \"x\": 1
    }
    $ VARIABLE=1 pavane list
    nothing

<!-- not run: it has no end -->

    $ grpcurl localhost:7400 list
";
    let command = |line, text: &str, shown: &[&str]| Command {
        line,
        text: text.to_owned(),
        shown: shown.iter().map(|&line| line.to_owned()).collect(),
    };
    let expected = [
        command(3, "name() { echo '{\n  '$1'}'; }", &[]),
        command(
            5,
            "name | grpcurl -d @ \\\n    localhost:7400 a.B/C",
            &["{", "\"x\": 1", "}"],
        ),
    ];
    assert_eq!(commands(page), expected);
}

//! The page as a test reads it: what is to be installed, what is to be run, what is then to be seen.
//!
//! Commands are the lines in `console` blocks that begin with `$ `; one that ends with `\` goes on in
//! the next line. What follows is what it prints: a line `...` stands for any lines, and `...` within a
//! line for any words. Times, revisions and numbers of attempts may be others than those shown.

/// What is read of it.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// The `sh install` blocks.
    pub(crate) install: String,
    /// All commands, in order.
    pub(crate) commands: Vec<Command>,
    /// What is shown of files: blocks of YAML, Python and JavaScript.
    pub(crate) excerpts: Vec<Excerpt>,
}

/// A command, and what it is to print.
#[derive(Debug)]
pub(crate) struct Command {
    /// Where it stands in the page.
    pub(crate) line: usize,
    /// As it is typed.
    pub(crate) text: String,
    /// The lines that are shown after it.
    pub(crate) shown: Vec<String>,
}

/// Lines of a file.
#[derive(Debug)]
pub(crate) struct Excerpt {
    /// Where it begins in the page.
    pub(crate) line: usize,
    /// The lines.
    pub(crate) text: String,
}

impl Command {
    /// The file that a server writes its log to, if this starts one in the background.
    pub(crate) fn log(&self) -> Option<&str> {
        let (_, log) = self.text.strip_suffix(" 2>&1 &")?.rsplit_once("> ")?;
        Some(log)
    }

    /// Whether it can be repeated without changing anything.
    pub(crate) fn only_looks(&self) -> bool {
        let looks = [
            "cat ",
            "grep ",
            "tail ",
            "pavane get ",
            "pavane list",
            "pavane targets",
            "pavane trace ",
        ];
        looks.iter().any(|start| self.text.starts_with(start))
    }
}

impl Page {
    /// Reads Markdown.
    pub(crate) fn read(markdown: &str) -> Self {
        let mut page = Self::default();
        let mut lines = (1..).zip(markdown.lines());
        while let Some((line, text)) = lines.next() {
            let Some(kind) = text.strip_prefix("```") else {
                continue;
            };
            let block = lines.by_ref().take_while(|(_, text)| *text != "```");
            match kind {
                "console" => page.read_commands(block),
                "sh install" => page
                    .install
                    .extend(block.flat_map(|(_, text)| [text, "\n"])),
                "yaml" | "python" | "js" => page.excerpts.push(Excerpt {
                    line,
                    text: block.flat_map(|(_, text)| [text, "\n"]).collect(),
                }),
                _ => block.for_each(drop),
            }
        }
        page
    }

    fn read_commands<'a>(&mut self, block: impl Iterator<Item = (usize, &'a str)>) {
        for (line, text) in block {
            match (text.strip_prefix("$ "), self.commands.last_mut()) {
                (Some(text), _) => self.commands.push(Command {
                    line,
                    text: text.to_owned(),
                    shown: Vec::new(),
                }),
                (None, Some(last)) if last.text.ends_with('\\') => {
                    last.text.push('\n');
                    last.text.push_str(text);
                }
                (None, Some(last)) => last.shown.push(text.to_owned()),
                (None, None) => panic!("line {line}: a console begins with a command"),
            }
        }
    }
}

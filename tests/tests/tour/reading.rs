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

/// Whether what was printed is what is shown, but for what may differ.
pub(crate) fn is_as_shown(shown: &[String], printed: &str) -> bool {
    let words = |line: &str| steady(line);
    let shown: Vec<Vec<String>> = shown.iter().map(|line| words(line)).collect();
    let printed: Vec<Vec<String>> = printed.trim_end().lines().map(words).collect();
    let any_lines = |line: &Vec<String>| line.as_slice() == ["..."];
    matches(&shown, &printed, &any_lines, &|shown, printed| {
        matches(shown, printed, &|word| word == "...", &|a, b| a == b)
    })
}

/// Whether items are as a pattern says, in which some stand for any number of them.
fn matches<T>(
    pattern: &[T],
    items: &[T],
    stands_for_any: &dyn Fn(&T) -> bool,
    equal: &dyn Fn(&T, &T) -> bool,
) -> bool {
    match (pattern, items) {
        ([], items) => items.is_empty(),
        ([any, rest @ ..], items) if stands_for_any(any) => {
            (0..=items.len()).any(|count| matches(rest, &items[count..], stands_for_any, equal))
        }
        ([first, rest @ ..], [item, items @ ..]) => {
            equal(first, item) && matches(rest, items, stands_for_any, equal)
        }
        (_, []) => false,
    }
}

/// The words of a line, with those replaced that differ from run to run.
fn steady(line: &str) -> Vec<String> {
    let mut words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    for at in 0..words.len() {
        let before = at.checked_sub(1).map(|before| words[before].clone());
        let unit = words.get(at + 1).map(|word| word.trim_end_matches(','));
        let is_duration = is_number(&words[at]) && unit.is_some_and(is_unit);
        let word = &mut words[at];
        if is_duration {
            *word = "TIME".to_owned();
            words[at + 1] = "UNIT".to_owned();
        } else if word.len() > 20 && word.starts_with("20") && word.ends_with('Z') {
            *word = "TIMESTAMP".to_owned();
        } else if word.len() == 9 && word.starts_with('@') {
            *word = "@REVISION".to_owned();
        } else if before.as_deref() == Some("revision") {
            *word = format!("REVISION{}", &word[8.min(word.len())..]);
        } else if before.as_deref() == Some("attempt") {
            *word = "NUMBER".to_owned();
        }
    }
    words
}

fn is_number(word: &str) -> bool {
    word.trim_start_matches('+').parse::<f64>().is_ok()
}

fn is_unit(word: &str) -> bool {
    ["us", "ms", "s", "min", "h"].contains(&word)
}

#[test]
fn only_what_may_differ_may_differ() {
    let check = |shown: &str, printed: &str, expected: bool| {
        let lines: Vec<String> = shown.lines().map(str::to_owned).collect();
        assert_eq!(
            is_as_shown(&lines, printed),
            expected,
            "{shown} | {printed}"
        );
    };
    check("", "", true);
    check("", "something", false);
    check("+1.0 ms started", "  +22.7 ms   started\n", true);
    check("+1.0 ms started", "+1.0 ms ended", false);
    check(
        "ann-1 @0a1b2c3d for 3 s",
        "ann-1  @ffffffff  for 20 ms",
        true,
    );
    check(
        "revision 0a1b2c3d, serving A",
        "revision ffffffff, serving A",
        true,
    );
    check(
        "revision 0a1b2c3d, serving A",
        "revision ffffffff, serving B",
        false,
    );
    check("price 1250", "price 1251", false);
    check("a\n...\nd", "a\nb\nc\nd", true);
    check("a\n...\nd", "a\nb\nc", false);
    check("a ... d", "a d", true);
    check("a ... d", "a b c", false);
    check("a ...", "a\nb", false);
}

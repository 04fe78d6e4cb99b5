//! What a page shows, held against what was printed: a line `...` stands for any lines, `...` within a line
//! for any words, and within a word for anything. Times, revisions and numbers of attempts may be others than those shown.

/// Whether what was printed is what is shown, but for what may differ.
pub fn is_as_shown(shown: &[String], printed: &str) -> bool {
    let words = |line: &str| steady(line);
    let shown: Vec<Vec<String>> = shown.iter().map(|line| words(line)).collect();
    let printed: Vec<Vec<String>> = printed.trim_end().lines().map(words).collect();
    let any_lines = |line: &Vec<String>| line.as_slice() == ["..."];
    matches(&shown, &printed, &any_lines, &|shown, printed| {
        matches(shown, printed, &|word| word == "...", &is_word)
    })
}

/// Whether a word is as it is shown, but for what `...` stands for in it.
fn is_word(shown: &String, printed: &String) -> bool {
    let around = shown.split_once("...");
    let is_around = |(start, end): (&str, &str)| {
        printed.len() >= start.len() + end.len()
            && printed.starts_with(start)
            && printed.ends_with(end)
    };
    shown == printed || around.is_some_and(is_around)
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

#[cfg(test)]
mod tests {
    use super::is_as_shown;

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
        check("{\"a\":...,\"z\":1}", "{\"a\":2,\"b\":3,\"z\":1}", true);
        check("{\"a\":...,\"z\":1}", "{\"a\":2,\"b\":3,\"z\":2}", false);
    }
}

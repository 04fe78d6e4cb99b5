//! Definitions with a shape that changes of bytes never give: deep, wide, long, entangled.

use std::fmt::Write;

use crate::random::Random;

const HEAD: &str = "name: fuzz\nimplements: test.Tests/Run\n";

/// A definition of one of the shapes, with sizes around the limits.
pub(super) fn generate(random: &mut Random, corpus: &[Vec<u8>]) -> Vec<u8> {
    let text = match random.below(12) {
        0 => nested(random),
        1 => aliases(random),
        2 => many_steps(random),
        3 => doubling(random),
        4 => deep_request(random),
        5 => wide(random),
        6 => names(random),
        7 => twice(random),
        8 => many_mistakes(random),
        9 => deep_expression(random),
        10 => all_after_all(random),
        _ => return spliced(random, corpus),
    };
    text.into_bytes()
}

/// Brackets, blocks or keys within each other.
fn nested(random: &mut Random) -> String {
    let depth = 1 + random.size(20_000);
    let (open, middle, close) = *random.pick(&[
        ("[", "", "]"),
        ("{a: ", "1", "}"),
        ("- ", "a", ""),
        ("? ", "a", ""),
        ("{\"a\":[", "1", "]}"),
        ("[", "", ""),
        ("- - {a: [", "", ""),
        ("!!seq [", "", "]"),
    ]);
    let nested = format!("{}{middle}{}", open.repeat(depth), close.repeat(depth));
    match random.below(3) {
        0 => nested,
        1 => format!("{HEAD}steps: [{{ id: a, call: test.Tests/Other, request: {nested} }}]\n"),
        _ => {
            let mut text = format!("{HEAD}output:\n");
            for level in 1..=depth.min(300) {
                let _ = writeln!(text, "{}a:", " ".repeat(level));
            }
            text
        }
    }
}

/// Anchors that double what they stand for.
fn aliases(random: &mut Random) -> String {
    let mut text = String::from("a0: &a0 [x, x]\n");
    for level in 1..=1 + random.size(60) {
        let last = level - 1;
        let _ = writeln!(text, "a{level}: &a{level} [*a{last}, *a{last}, *a{last}]");
    }
    text + HEAD
}

fn many_steps(random: &mut Random) -> String {
    let mut text = format!("{HEAD}steps:\n");
    let count = 1 + random.size(2_000);
    let is_chain = random.chance(50);
    for step in 0..count {
        let request = match (is_chain, step) {
            (true, 1..) => format!("s{}.text + 'x'", step - 1),
            _ => "input.a_string".to_owned(),
        };
        let _ = writeln!(
            text,
            "- {{ id: s{step}, call: test.Tests/Other, request: {{ text: \"{request}\" }}, \
             compensate: {{ call: test.Tests/Other }} }}"
        );
    }
    text
}

/// Values and constants, each made of the one before, twice.
fn doubling(random: &mut Random) -> String {
    let mut text = String::from(HEAD);
    let count = 1 + random.size(300);
    let (first, join) = *random.pick(&[
        ("'xxxxxxxx'", "{} + {}"),
        ("[1, 2, 3]", "[{}, {}].flatten()"),
        ("[1]", "[{}, {}]"),
        ("input.texts", "{} + {}"),
        ("1", "{} * {}"),
        ("input.a_string", "{}.replace('a', {})"),
        ("[1]", "{}.map(x, {})"),
    ]);
    let is_constant = random.chance(30);
    text += if is_constant {
        "constants:\n"
    } else {
        "steps:\n"
    };
    for value in 0..count {
        let expression = match value.checked_sub(1) {
            None => first.to_owned(),
            Some(last) => {
                let root = if is_constant { "constants." } else { "" };
                join.replace("{}", &format!("{root}v{last}"))
            }
        };
        let _ = match is_constant {
            true => writeln!(text, "  v{value}: \"{expression}\""),
            false => writeln!(text, "- {{ id: v{value}, compute: \"{expression}\" }}"),
        };
    }
    if is_constant {
        text += "steps:\n";
    }
    let (root, last) = (if is_constant { "constants." } else { "" }, count - 1);
    let _ = writeln!(
        text,
        "- {{ id: s, call: test.Tests/Other, request: {{ text: \"string({root}v{last}.size())\" }} }}"
    );
    text
}

fn deep_request(random: &mut Random) -> String {
    let depth = 1 + random.size(200);
    let (open, close) =
        *random.pick(&[("{ inner: ", " }"), ("{ object: { a: ", " } }"), ("[", "]")]);
    format!(
        "{HEAD}steps: [{{ id: s, call: test.Tests/Other }}]\noutput: {{ inner: {}{{ text: s.text }}{} }}\n",
        open.repeat(depth),
        close.repeat(depth)
    )
}

/// Long lists, long texts, many keys.
fn wide(random: &mut Random) -> String {
    let count = 1 + random.size(60_000);
    let step = "steps: [{ id: s, call: test.Tests/Other }]\n";
    match random.below(5) {
        0 => format!(
            "{HEAD}{step}output: {{ numbers: [{}] }}\n",
            "1,".repeat(count)
        ),
        1 => format!(
            "{HEAD}{step}output: {{ a_string: \"'{}'\" }}\n",
            "x".repeat(count * 20)
        ),
        2 => format!("{HEAD}{step}description: \"{}\"\n", "é ".repeat(count)),
        3 => {
            let mut text = format!("{HEAD}{step}output:\n  counts:\n");
            for key in 0..count {
                let _ = writeln!(text, "    k{key}: {key}");
            }
            text
        }
        _ => format!("{HEAD}{step}{}", "\n#\n".repeat(count)),
    }
}

/// Names that are long, strange, or nearly those that exist.
fn names(random: &mut Random) -> String {
    let name = *random.pick(&[
        "a",
        "é",
        "\u{202e}",
        "input",
        "test.Tests/Othe",
        "A",
        "_",
        "0",
        "\u{1f469}\u{200d}\u{1f52c}",
    ]);
    let name = name.repeat(1 + random.size(40_000));
    let name = serde_json::Value::from(name).to_string();
    let place = *random.pick(&[
        "steps: [{ id: N, call: test.Tests/Other }]",
        "steps: [{ id: a, call: N }]",
        "steps: [{ id: a, call: test.Tests/Other, request: { N: 1 } }]",
        "steps: [{ id: a, call: test.Tests/Other, after: [N] }]",
        "steps: [{ id: a, call: test.Tests/Other, when: N }]",
        "steps: [{ id: a, call: test.Tests/Other, metadata: { N: N } }]",
        "steps: [{ id: a, await: { feed: N, type: N, match: N } }]",
        "steps: [{ id: a, wait: { duration: N } }]",
        "steps: [{ id: a, call: test.Tests/Other, for_each: { list: input.texts, as: N } }]",
        "constants: { N: 1 }\nsteps: []",
        "N: N",
    ]);
    format!("{HEAD}{}\n", place.replace('N', &name))
}

/// The same key, step or document again and again.
fn twice(random: &mut Random) -> String {
    let count = 1 + random.size(5_000);
    let line = *random.pick(&[
        "name: again\n",
        "---\nname: again\n",
        "steps: [{ id: a, call: test.Tests/Other }]\n",
        "steps:\n- id: a\n  id: a\n  call: test.Tests/Other\n",
        "<<: { a: 1 }\n",
    ]);
    format!("{HEAD}{}", line.repeat(count))
}

/// Each step wrong, so that as much as possible is said.
fn many_mistakes(random: &mut Random) -> String {
    let step = *random.pick(&[
        "- { id: A, call: test.Tests/Othr, request: { txt: inptu.text }, after: [b, c], timout: 1s }\n",
        "- { id: a, call: test.Tests/Other, request: { text: 'a.b.c.d + nothing(1, 2) + [' } }\n",
        "- { id: a, compute: a, wait: {}, await: {}, call: x, for_each: { list: 1 } }\n",
        "- 7\n",
    ]);
    format!("{HEAD}steps:\n{}", step.repeat(1 + random.size(1_000)))
}

fn deep_expression(random: &mut Random) -> String {
    let depth = 1 + random.size(2_000);
    let (open, middle, close) = *random.pick(&[
        ("(", "1", ")"),
        ("[", "", "]"),
        ("!", "true", ""),
        ("-", "1", ""),
        ("1 + ", "1", ""),
        ("true ? 1 : ", "1", ""),
        ("{'a': ", "1", "}"),
        ("dyn(", "1", ")"),
        ("[1].map(x, ", "x", ")"),
        ("test.Inner{inner: ", "test.Inner{}", "}"),
        ("size(", "''", ")"),
        ("input.inner.inner.inner.", "inner", ""),
        ("cel.bind(x, 1, ", "x", ")"),
    ]);
    let expression = format!("{}{middle}{}", open.repeat(depth), close.repeat(depth));
    format!(
        "{HEAD}steps: [{{ id: a, compute: {} }}, {{ id: b, call: test.Tests/Other }}]\n",
        serde_json::Value::from(expression)
    )
}

/// Steps that come after all others: in a circle, or as densely as it goes.
fn all_after_all(random: &mut Random) -> String {
    let count = 2 + random.size(300);
    let is_circle = random.chance(30);
    let mut text = format!("{HEAD}steps:\n");
    for step in 0..count {
        let others = if is_circle { count } else { step };
        let after: Vec<String> = (0..others).map(|other| format!("s{other}")).collect();
        let _ = writeln!(
            text,
            "- {{ id: s{step}, call: test.Tests/Other, after: [{}] }}",
            after.join(", ")
        );
    }
    text
}

/// The begin of one definition and the rest of another, at lines.
fn spliced(random: &mut Random, corpus: &[Vec<u8>]) -> Vec<u8> {
    if corpus.is_empty() {
        return HEAD.into();
    }
    let (one, other) = (random.pick(corpus), random.pick(corpus));
    let lines = |text: &[u8]| -> Vec<Vec<u8>> {
        text.split(|byte| *byte == b'\n')
            .map(<[u8]>::to_vec)
            .collect()
    };
    let (one, other) = (lines(one), lines(other));
    let begin = one.iter().take(1 + random.below(one.len()));
    let rest = other.iter().skip(random.below(other.len()));
    let all: Vec<Vec<u8>> = begin.chain(rest).cloned().collect();
    let body = all.join(&b'\n');
    match random.chance(50) {
        true => [HEAD.as_bytes(), &body].concat(),
        false => body,
    }
}

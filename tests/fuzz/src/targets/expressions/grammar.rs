//! Expressions that are put together without regard to types, from every function that there is, and
//! from parts of others.

use crate::random::Random;

/// What means something in expressions.
pub(super) const WORDS: [&str; 80] = [
    "input",
    "other",
    "item",
    "event",
    "data",
    "execution",
    "constants.c",
    "v",
    "execution.create_time",
    "input.texts",
    "input.numbers",
    "input.inners",
    "input.inner",
    "input.counts",
    "input.object",
    "input.any_json",
    "input.any",
    "input.amounts",
    "input.amount",
    "input.time",
    "input.duration",
    "input.wrapped",
    "input.color",
    "input.some_bytes",
    "input.a_string",
    "input.?inner",
    "[?1]",
    ".orValue(",
    ".map(x, ",
    ".filter(x, ",
    ".all(x, ",
    ".exists(x, ",
    ".exists_one(x, ",
    ".sortBy(x, ",
    ".transformList(i, x, ",
    ".transformMap(k, x, ",
    ".transformMapEntry(k, x, ",
    "cel.bind(y, ",
    ".flatten()",
    ".sort()",
    ".distinct()",
    ".reverse()",
    ".slice(1, 2)",
    ".join(',')",
    ".split('')",
    ".matches('(a+)+$')",
    ".replace('a', 'aaaa')",
    ".format([",
    ".charAt(",
    ".substring(",
    ".indexOf(",
    ".lowerAscii()",
    "size(",
    "string(",
    "int(",
    "uint(",
    "double(",
    "bytes(",
    "timestamp(",
    "duration(",
    "dyn(",
    "type(",
    "has(",
    "optional.of(",
    ".optMap(x, ",
    ".optFlatMap(x, ",
    "lists.range(",
    "math.greatest(",
    "math.bitShiftLeft(",
    "money.sum(",
    "money.multiply(",
    "money.round(",
    "money.minorUnits(",
    "base64.encode(",
    "base64.decode(",
    "strings.quote(",
    "test.Inner{text: ",
    "test.Color.RED",
    ".getFullYear('Europe/Berlin')",
    ".unpack(",
];

const LEAVES: [&str; 30] = [
    "1",
    "-1",
    "0",
    "9223372036854775807",
    "-9223372036854775808",
    "1u",
    "18446744073709551615u",
    "1.5",
    "1e308",
    "0.0 / 0.0",
    "'a'",
    "''",
    "'\u{1f600}'",
    "b'\\xff'",
    "true",
    "null",
    "[]",
    "{}",
    "[1, 2, 3]",
    "['a', 'b']",
    "{'a': 1}",
    "input.a_string",
    "input.numbers",
    "input.texts",
    "input.inners",
    "input.object.a",
    "input.counts",
    "execution.create_time",
    "other.texts",
    "test.Inner{}",
];

/// What is made of expressions, `E`.
const FORMS: [&str; 64] = [
    "E + E",
    "E - E",
    "E * E",
    "E / E",
    "E % E",
    "-E",
    "!E",
    "E == E",
    "E != E",
    "E < E",
    "E >= E",
    "E in E",
    "E && E",
    "E || E",
    "E ? E : E",
    "(E)",
    "[E, E]",
    "{E: E}",
    "[?E]",
    "E[E]",
    "E[?E]",
    "E.a",
    "E.?text",
    "has(E.text)",
    "size(E)",
    "string(E)",
    "int(E)",
    "uint(E)",
    "double(E)",
    "bytes(E)",
    "timestamp(E)",
    "duration(E)",
    "dyn(E)",
    "type(E)",
    "E.map(x, E)",
    "E.map(x, x + x)",
    "E.map(x, E, E)",
    "E.filter(x, E)",
    "E.all(x, E)",
    "E.exists(x, E)",
    "E.sortBy(x, E)",
    "E.transformMap(k, x, E)",
    "E.transformMapEntry(k, x, {E: E})",
    "cel.bind(x, E, E)",
    "cel.bind(x, E + E, x + x)",
    "E.flatten()",
    "E.flatten(E)",
    "E.sort()",
    "E.distinct()",
    "E.join(E)",
    "E.split(E)",
    "E.split(E, E)",
    "E.replace(E, E)",
    "E.matches(E)",
    "E.format([E, E])",
    "E.substring(E, E)",
    "E.indexOf(E, E)",
    "lists.range(E)",
    "money.sum(E)",
    "money.multiply(E, E)",
    "optional.of(E)",
    "E.orValue(E)",
    "test.Inner{text: E, inner: E}",
    "E.unpack(E)",
];

/// Patterns that are known to be costly, and some that are none.
const PATTERNS: [&str; 9] = [
    "(a+)+$",
    "(a|a)*b",
    "a{1000}{1000}",
    "(((a{100}){100}){100})",
    "\\\\p{L}{500}",
    "(?i)[^a]*",
    "[",
    "(x+x+)+y",
    ".{0,65535}",
];

/// An expression.
pub(super) fn expression(random: &mut Random, corpus: &[Vec<u8>]) -> String {
    match random.below(8) {
        0 => growing(random),
        1 => nested_loops(random),
        2 => {
            let of = *random.pick(&[
                "input.a_string",
                "'aaaaaaaaaaaaaaaaaaaaaaaa!'",
                "input.texts.join()",
            ]);
            format!("{of}.matches('{}')", random.pick(&PATTERNS))
        }
        _ => {
            let depth = 1 + random.below(5);
            form(random, corpus, depth)
        }
    }
}

fn form(random: &mut Random, corpus: &[Vec<u8>], depth: usize) -> String {
    if depth == 0 || random.chance(15) {
        if random.chance(30) && !corpus.is_empty() {
            let part = random.pick(corpus).get(2..).unwrap_or_default();
            if part.len() < 200 {
                return String::from_utf8_lossy(part).into_owned();
            }
        }
        return (*random.pick(&LEAVES)).to_owned();
    }
    let parts: Vec<&str> = random.pick(&FORMS).split('E').collect();
    let mut text = parts[0].to_owned();
    for part in &parts[1..] {
        text += &match random.chance(20) {
            true => "x".to_owned(),
            false => form(random, corpus, depth - 1),
        };
        text += part;
    }
    text
}

/// Texts and lists that double, again and again.
fn growing(random: &mut Random) -> String {
    let (first, grown) = *random.pick(&[
        ("'aaaaaaaaaaaaaaaa'", "x + x"),
        ("[1, 2, 3, 4]", "x + x"),
        ("[1]", "[x, x]"),
        ("'aa'", "x.replace('a', 'aaaaaaaa')"),
        ("'a,a'", "x.split('').join(x)"),
        ("input.a_string", "x.format([x])"),
        ("lists.range(1000)", "x.map(y, x).flatten()"),
        ("{'a': 'a'}", "{'a': x, 'b': x}"),
        ("[input.inners]", "[x, x].flatten()"),
        ("b'aaaa'", "x + x"),
        ("[[1]]", "x.map(y, [y, y])"),
        ("input.object", "{'a': x, 'b': x}"),
        ("'a'", "strings.quote(x + x)"),
    ]);
    let mut text = "x".to_owned();
    for _ in 0..1 + random.below(31) {
        text = format!("cel.bind(x, {grown}, {text})");
    }
    let end = *random.pick(&[
        "",
        ".size()",
        ".sort()",
        ".distinct()",
        ".join()",
        " == x",
        ".flatten()",
    ]);
    format!("cel.bind(x, {first}, {text}{end})")
}

/// Loops in loops.
fn nested_loops(random: &mut Random) -> String {
    let mut text = (*random.pick(&[
        "1",
        "x0",
        "[x0, x0]",
        "x0 == x0",
        "[input, input]",
        "'aaaaaaaaaaaaaaaa'",
    ]))
    .to_owned();
    let depth = 1 + random.below(8);
    for level in 0..depth {
        let over = *random.pick(&[
            "lists.range(1000)",
            "input.numbers",
            "input.texts",
            "input.inners",
            "[1, 2, 3, 4, 5, 6, 7, 8]",
            "input.counts",
            "input.any_json",
        ]);
        let with = *random.pick(&[
            "map",
            "filter",
            "all",
            "exists_one",
            "sortBy",
            "transformList",
        ]);
        let variables = if with == "transformList" {
            "i, x0".to_owned()
        } else {
            format!("x{}", depth - 1 - level)
        };
        text = format!("{over}.{with}({variables}, {text})");
    }
    text
}

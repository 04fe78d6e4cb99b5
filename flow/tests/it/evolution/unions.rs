//! Files from several places: which of two versions is taken, and where they contradict.

use pavane_flow::evolution::{Origin, union};
use prost_types::FileDescriptorProto;

/// A file of this name from one place.
fn origin(place: &str, file: &str, text: &str) -> Origin {
    let mut set = super::protox_parse(&format!("syntax = \"proto3\"; package t; {text}"));
    let mut parsed: FileDescriptorProto = set.file.pop().expect("it is one file");
    parsed.name = Some(file.to_owned());
    Origin {
        name: place.to_owned(),
        files: vec![parsed],
    }
}

/// How many fields the first message of each file has, or why there is no union.
fn check(origins: &[(&str, &str, &str)]) -> Result<Vec<(String, usize)>, String> {
    let origins = origins.iter();
    let origins = origins.map(|(place, file, text)| origin(place, file, text));
    let files = union(origins.collect()).map_err(|conflict| conflict.to_string())?;
    let shown = files.iter().map(|file| {
        let first = file.message_type.first();
        (
            file.name().to_owned(),
            first.map_or(0, |first| first.field.len()),
        )
    });
    Ok(shown.collect())
}

const SMALL: &str = "message A { string a = 1; }";
const LARGE: &str = "message A { string a = 1; string b = 2; } message B {}";

#[test]
fn the_version_that_has_all_is_taken_wherever_it_comes_from() {
    let expected = Ok(vec![("a.proto".to_owned(), 2)]);
    let (one, other) = (("one", "a.proto", SMALL), ("other", "a.proto", LARGE));
    assert_eq!(check(&[one, other]), expected);
    assert_eq!(check(&[other, one]), expected);
    assert_eq!(check(&[other, one, other]), expected);
}

#[test]
fn what_differs_between_compilers_does_not_count() {
    let spelled = "option java_package = \"x\"; message A { string a = 1 [json_name = \"a\"]; }";
    let found = check(&[("one", "a.proto", SMALL), ("other", "a.proto", spelled)]);
    assert_eq!(found, Ok(vec![("a.proto".to_owned(), 1)]));
}

fn conflict(one: &str, other: &str) -> String {
    check(&[("one", "a.proto", one), ("other", "a.proto", other)]).expect_err("they contradict")
}

#[test]
fn versions_that_contradict_are_refused_with_what_differs() {
    insta::assert_snapshot!(conflict(SMALL, "message A { int32 a = 1; }"), @"`a.proto` defines `t.A.a`: by one, and otherwise by other");
    insta::assert_snapshot!(conflict(SMALL, "message B {}"), @"`a.proto` defines `t.A`: by one, and otherwise by other");
    insta::assert_snapshot!(conflict("enum E { A = 0; B = 1; }", "enum E { A = 0; C = 1; }"), @"`a.proto` defines `t.E.B`: by one, and otherwise by other");
    let (one, other) = (
        "message A {} service S { rpc Do(A) returns (A); }",
        "message A {} service S { rpc Do(A) returns (stream A); }",
    );
    insta::assert_snapshot!(conflict(one, other), @"`a.proto` defines `t.S/Do`: by one, and otherwise by other");
    let (one, other) = (
        "message A { string a = 1; string b = 2; }",
        "message A { oneof o { string a = 1; string b = 2; } }",
    );
    insta::assert_snapshot!(conflict(one, other), @"`a.proto` defines `t.A.a`: by one, and otherwise by other");
}

#[test]
fn one_name_in_two_files_is_refused() {
    let found = check(&[("one", "a.proto", SMALL), ("other", "b.proto", SMALL)]);
    insta::assert_snapshot!(found.expect_err("they contradict"), @"`t.A` is defined in `a.proto` and in `b.proto`: by one, and otherwise by other");
}

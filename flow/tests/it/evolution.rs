//! Whether types that have changed still fit: one small change after the other.

mod proto2;
mod unions;

use std::collections::BTreeSet;

use pavane_flow::evolution::{Fields, Finding, Use, compare, uses};
use pavane_flow::language::Definition;
use prost_reflect::{DescriptorPool, MethodDescriptor};

/// A file with these types, whose service takes and gives `M`.
fn pool(syntax: &str, types: &str) -> DescriptorPool {
    let methods = "service S { rpc Do(M) returns (M); }";
    compiled(&format!(
        "syntax = \"{syntax}\"; package t; {types} {methods}"
    ))
}

fn compiled(text: &str) -> DescriptorPool {
    let file = protox_parse(text);
    DescriptorPool::from_file_descriptor_set(file).expect("it is sound")
}

pub(crate) fn protox_parse(text: &str) -> prost_types::FileDescriptorSet {
    let mut resolver = protox::file::ChainFileResolver::new();
    resolver.add(protox::file::GoogleFileResolver::new());
    resolver.add(Only(text.to_owned()));
    let mut compiler = protox::Compiler::with_file_resolver(resolver);
    compiler.include_imports(true);
    compiler
        .open_file("t.proto")
        .unwrap_or_else(|error| panic!("{error:?}\n{text}"));
    compiler.file_descriptor_set()
}

/// The one file `t.proto`.
struct Only(String);

impl protox::file::FileResolver for Only {
    fn open_file(&self, name: &str) -> Result<protox::file::File, protox::Error> {
        match name {
            "t.proto" => protox::file::File::from_source(name, &self.0),
            other => Err(protox::Error::file_not_found(other)),
        }
    }
}

fn method(pool: &DescriptorPool) -> MethodDescriptor {
    let service = pool.get_service_by_name("t.S").expect("it has one");
    service.methods().next().expect("it has one")
}

fn shown(findings: &[Finding]) -> String {
    let lines = findings.iter().map(|found| {
        let Finding {
            severity,
            path,
            was,
            is,
            why,
            ..
        } = found;
        format!("{severity} {path}: {was} -> {is}: {why}\n")
    });
    lines.collect()
}

fn found(was: &DescriptorPool, is: &DescriptorPool, used: &Use) -> String {
    let service = is.get_service_by_name("t.S").expect("it has one");
    shown(&compare(&method(was), &service, used))
}

/// Whoever may come, by the wire alone.
fn wire() -> Use {
    Use {
        json: false,
        ..Use::by_anyone()
    }
}

fn only(names: &[&str]) -> Fields {
    Fields::Only(names.iter().map(|name| (*name).to_owned()).collect())
}

/// What is said of a change of the body of `M`, in proto3, by the wire.
fn check(was: &str, is: &str) -> String {
    check_in("proto3", was, is, &wire())
}

fn check_in(syntax: &str, was: &str, is: &str, used: &Use) -> String {
    let message = |body: &str| pool(syntax, &format!("message M {{ {body} }}"));
    found(&message(was), &message(is), used)
}

/// What is said of a change of types beside `M`, with a field in `M` of type `T`.
fn check_types(was: &str, is: &str, used: &Use) -> String {
    let with = |types: &str| pool("proto3", &format!("message M {{ T t = 1; }} {types}"));
    found(&with(was), &with(is), used)
}

#[test]
fn what_did_not_change_is_not_mentioned() {
    let body = "string a = 1; map<string, M> b = 2; oneof c { int32 d = 3; M e = 4; }";
    assert_eq!(check(body, body), "");
}

#[test]
fn a_new_field_breaks_nobody() {
    insta::assert_snapshot!(check("string a = 1;", "string a = 1; string b = 2;"), @"
    compatible request.b: nothing -> string b = 2: a new field
    compatible response.b: nothing -> string b = 2: a new field
    ");
}

#[test]
fn a_field_that_is_gone_breaks_those_who_use_it() {
    let (was, is) = ("string a = 1; string b = 2;", "string a = 1;");
    insta::assert_snapshot!(check(was, is), @"
    breaking request.b: string b = 2 -> nothing: what is sent in it is not read any more
    breaking response.b: string b = 2 -> nothing: it is never set any more
    ");
    let used = Use {
        request: only(&["a"]),
        response: only(&["a"]),
        json: false,
    };
    insta::assert_snapshot!(check_in("proto3", was, is, &used), @"
    compatible request.b: string b = 2 -> nothing: it is not used
    compatible response.b: string b = 2 -> nothing: it is not used
    ");
}

#[test]
fn a_field_under_another_number_is_another_field() {
    insta::assert_snapshot!(check("string a = 1;", "string a = 2;"), @"
    breaking request.a: string a = 1 -> string a = 2: the field has another number: what is sent under the one is not read under the other
    breaking response.a: string a = 1 -> string a = 2: the field has another number: what is sent under the one is not read under the other
    ");
    insta::assert_snapshot!(check("string a = 1; string b = 2;", "string b = 1; string a = 2;"), @"
    breaking request.a: string a = 1 -> string b = 1: the number belongs to another field now: the one is read as the other
    breaking request.b: string b = 2 -> string a = 2: the number belongs to another field now: the one is read as the other
    breaking response.a: string a = 1 -> string b = 1: the number belongs to another field now: the one is read as the other
    breaking response.b: string b = 2 -> string a = 2: the number belongs to another field now: the one is read as the other
    ");
}

#[test]
fn names_matter_to_json_only() {
    let (was, is) = ("string a = 1;", "string b = 1;");
    insta::assert_snapshot!(check(was, is), @"
    compatible request.a: string a = 1 -> string b = 1: the number has another name; if it means another thing as well, this breaks
    compatible response.a: string a = 1 -> string b = 1: the number has another name; if it means another thing as well, this breaks
    ");
    insta::assert_snapshot!(check_in("proto3", was, is, &Use::by_anyone()), @"
    breaking request.a: string a = 1 -> string b = 1: in JSON fields go by their names
    breaking response.a: string a = 1 -> string b = 1: in JSON fields go by their names
    ");
    let renamed = "string a = 1 [json_name = \"x\"];";
    assert_eq!(check(was, renamed), "");
    insta::assert_snapshot!(check_in("proto3", was, renamed, &Use::by_anyone()), @r#"
    breaking request.a: string a = 1 [json_name = "a"] -> string a = 1 [json_name = "x"]: in JSON fields go by their names
    breaking response.a: string a = 1 [json_name = "a"] -> string a = 1 [json_name = "x"]: in JSON fields go by their names
    "#);
}

/// Whether a request and a response with a field that changes its type are broken: by the wire, and with
/// JSON.
fn types(was: &str, is: &str) -> String {
    let message = |kind: &str| {
        let text = format!("message M {{ {kind} a = 1; }} enum E {{ ZERO = 0; }}");
        pool("proto3", &text)
    };
    let (was, is) = (message(was), message(is));
    let broken = |used: Use| {
        let said = found(&was, &is, &used);
        let is_broken = |way: &str| said.contains(&format!("breaking {way}.a"));
        match (is_broken("request"), is_broken("response")) {
            (false, false) => "neither",
            (true, false) => "request",
            (false, true) => "response",
            (true, true) => "both",
        }
    };
    format!("{} {}", broken(wire()), broken(Use::by_anyone()))
}

#[test]
fn a_wider_type_can_be_sent_to_and_not_be_read() {
    // wire, and with JSON
    assert_eq!(types("int32", "int64"), "response response");
    assert_eq!(types("int64", "int32"), "request both");
    assert_eq!(types("uint32", "uint64"), "response response");
    assert_eq!(types("uint32", "int64"), "response response");
    assert_eq!(types("sint32", "sint64"), "response response");
    assert_eq!(types("bool", "int32"), "response both");
    assert_eq!(types("E", "int32"), "neither both");
    assert_eq!(types("int32", "E"), "neither both");
    assert_eq!(types("string", "bytes"), "response both");
}

#[test]
fn types_of_another_encoding_break_both_ways() {
    for (was, is) in [
        ("int32", "sint32"),
        ("int32", "fixed32"),
        ("int32", "uint32"),
        ("fixed32", "sfixed32"),
        ("fixed64", "fixed32"),
        ("float", "double"),
        ("double", "int64"),
        ("string", "int32"),
        ("string", "M"),
        ("bytes", "M"),
        ("E", "string"),
    ] {
        assert_eq!(types(was, is), "both both", "{was} -> {is}");
    }
}

#[test]
fn one_and_many_are_not_the_same() {
    insta::assert_snapshot!(check("string a = 1;", "repeated string a = 1;"), @"
    breaking request.a: string a = 1 -> repeated string a = 1: one value and many are written differently
    breaking response.a: string a = 1 -> repeated string a = 1: one value and many are written differently
    ");
    insta::assert_snapshot!(check("repeated M a = 1;", "map<string, M> a = 1;"), @"
    breaking request.a: repeated t.M a = 1 -> map<string, t.M> a = 1: one value and many are written differently
    breaking response.a: repeated t.M a = 1 -> map<string, t.M> a = 1: one value and many are written differently
    ");
    assert_eq!(
        check(
            "repeated int32 a = 1;",
            "repeated int32 a = 1 [packed = false];"
        ),
        ""
    );
}

#[test]
fn a_presence_that_is_told_otherwise_breaks_nobody() {
    insta::assert_snapshot!(check("string a = 1;", "optional string a = 1;"), @"
    compatible request.a: string a = 1 -> optional string a = 1: whether it is set is told in another way
    compatible response.a: string a = 1 -> optional string a = 1: whether it is set is told in another way
    ");
}

#[test]
fn keys_and_values_of_a_map_are_compared() {
    insta::assert_snapshot!(check("map<string, int32> a = 1;", "map<string, int64> a = 1;"), @"
    breaking response.a.value: int32 value = 2 -> int64 value = 2: what does not fit into the smaller type is cut off
    compatible request.a.value: int32 value = 2 -> int64 value = 2: every value of the one is a value of the other
    ");
    insta::assert_snapshot!(check("map<string, M> a = 1;", "map<int32, M> a = 1;"), @"
    breaking request.a.key: string key = 1 -> int32 key = 1: the two are encoded differently: it cannot be read
    breaking response.a.key: string key = 1 -> int32 key = 1: the two are encoded differently: it cannot be read
    ");
}

#[test]
fn what_excludes_each_other_is_compared() {
    let apart = "string a = 1; string b = 2;";
    let together = "oneof o { string a = 1; string b = 2; }";
    insta::assert_snapshot!(check(apart, together), @"
    breaking request.a: string a = 1 -> in one oneof with `b`: who sets both loses one of them
    breaking request.b: string b = 2 -> in one oneof with `a`: who sets both loses one of them
    breaking response.a: string a = 1 -> in one oneof with `b`: only one of them is set from now on
    breaking response.b: string b = 2 -> in one oneof with `a`: only one of them is set from now on
    compatible request.a: string a = 1 -> string a = 1 in oneof o: whether it is set is told in another way
    compatible request.b: string b = 2 -> string b = 2 in oneof o: whether it is set is told in another way
    compatible response.a: string a = 1 -> string a = 1 in oneof o: whether it is set is told in another way
    compatible response.b: string b = 2 -> string b = 2 in oneof o: whether it is set is told in another way
    ");
    insta::assert_snapshot!(check(together, apart), @"
    breaking response.a: string a = 1 in oneof o -> in no oneof with `b`: both may be set from now on, and only the last of them is seen
    breaking response.b: string b = 2 in oneof o -> in no oneof with `a`: both may be set from now on, and only the last of them is seen
    compatible request.a: string a = 1 in oneof o -> string a = 1: whether it is set is told in another way
    compatible request.b: string b = 2 in oneof o -> string b = 2: whether it is set is told in another way
    compatible response.a: string a = 1 in oneof o -> string a = 1: whether it is set is told in another way
    compatible response.b: string b = 2 in oneof o -> string b = 2: whether it is set is told in another way
    ");
    // Nobody could set two before.
    let alone = "oneof o { string a = 1; }";
    assert!(!check("string a = 1;", alone).contains("breaking"));
    assert!(!check(alone, together).contains("breaking"));
    let renamed = "oneof p { string a = 1; string b = 2; }";
    assert_eq!(check(together, renamed), "");
}

#[test]
fn enums_are_compared_by_value() {
    let (was, used) = ("enum T { NO = 0; A = 1; B = 2; }", wire());
    insta::assert_snapshot!(check_types(was, "enum T { NO = 0; A = 1; B = 2; C = 3; }", &used), @"compatible response.t: nothing -> C = 3: a new value: it reads as a number without a name");
    insta::assert_snapshot!(check_types(was, "enum T { NO = 0; A = 1; }", &used), @"
    breaking request.t: B = 2 -> nothing: whoever is sent this value does not know it any more
    compatible response.t: B = 2 -> nothing: the value does not come any more
    ");
    insta::assert_snapshot!(check_types(was, "enum T { NO = 0; A = 2; B = 1; }", &used), @"
    breaking request.t: A = 1 -> A = 2: the value has another number: it reads as another value
    breaking request.t: B = 2 -> B = 1: the value has another number: it reads as another value
    breaking response.t: A = 1 -> A = 2: the value has another number: it reads as another value
    breaking response.t: B = 2 -> B = 1: the value has another number: it reads as another value
    ");
    let renamed = "enum T { NO = 0; A = 1; BB = 2; }";
    insta::assert_snapshot!(check_types(was, renamed, &Use::by_anyone()), @"
    breaking request.t: B = 2 -> BB = 2: in JSON values go by their names
    breaking response.t: B = 2 -> BB = 2: in JSON values go by their names
    ");
    assert!(!check_types(was, renamed, &used).contains("breaking"));
    let aliased = "enum T { option allow_alias = true; NO = 0; A = 1; B = 2; BB = 2; }";
    assert_eq!(check_types(was, aliased, &used), "");
}

#[test]
fn types_within_types_are_compared_once() {
    let was = "message T { string a = 1; T t = 2; repeated T more = 3; }";
    let is = "message T { int32 a = 1; T t = 2; repeated T more = 3; }";
    insta::assert_snapshot!(check_types(was, is, &wire()), @"
    breaking request.t.a: string a = 1 -> int32 a = 1: the two are encoded differently: it cannot be read
    breaking response.t.a: string a = 1 -> int32 a = 1: the two are encoded differently: it cannot be read
    ");
}

#[test]
fn another_message_is_another_message() {
    let message = |name: &str| {
        let types = "message A { string a = 1; } message B { string a = 1; }";
        pool("proto3", &format!("message M {{ {name} x = 1; }} {types}"))
    };
    insta::assert_snapshot!(found(&message("A"), &message("B"), &wire()), @"
    breaking request.x: t.A x = 1 -> t.B x = 1: a message of another name is another message
    breaking response.x: t.A x = 1 -> t.B x = 1: a message of another name is another message
    ");
}

#[test]
fn methods_are_compared() {
    let with = |method: &str| {
        compiled(&format!(
            "syntax = \"proto3\"; package t; message M {{}} message N {{}} service S {{ {method} }}"
        ))
    };
    let was = with("rpc Do(M) returns (M);");
    insta::assert_snapshot!(found(&was, &with("rpc Other(M) returns (M);"), &wire()), @"breaking : a method -> nothing: the method is gone: every call of it fails");
    insta::assert_snapshot!(found(&was, &with("rpc Do(M) returns (stream M);"), &wire()), @"breaking : a unary method -> a server-streaming method: calls of the one kind cannot be answered by the other");
    insta::assert_snapshot!(found(&was, &with("rpc Do(N) returns (M);"), &wire()), @"breaking request: t.M -> t.N: a message of another name is another message");
    insta::assert_snapshot!(found(&was, &with("rpc Do(M) returns (N);"), &wire()), @"breaking response: t.M -> t.N: a message of another name is another message");
}

#[test]
fn well_known_types_do_not_change() {
    let with = |extra: &str| {
        compiled(&format!(
            "syntax = \"proto3\"; package t; import \"google/protobuf/timestamp.proto\"; \
             message M {{ google.protobuf.Timestamp at = 1; {extra} }} service S {{ rpc Do(M) returns (M); }}"
        ))
    };
    assert!(!found(&with(""), &with("string a = 2;"), &wire()).contains("breaking"));
}

#[test]
fn a_definition_says_what_it_uses() {
    let text = "
name: test
implements: t.Orders/Place
description: charge everything
steps:
  - id: charge
    call: t.S/Charge
    request: { amount: input.total, card: input.card.number }
    compensate: { call: t.S/Refund, request: { order: input.id } }
  - id: mail
    call: t.S/Mail
    when: charge.amount > 0
    request: { text: \"'charge: ' + charge.id\" }
  - id: ship
    call: t.S/Ship
    for_each: { list: input.lines }
    request: { sku: item.sku }
output: { receipt: mail, parcels: \"ship.map(one, one.parcel)\" }
";
    let definition = Definition::parse("test.yaml", text);
    let names = |fields: &Fields| match fields {
        Fields::All => "*".to_owned(),
        Fields::Only(names) => BTreeSet::iter(names).cloned().collect::<Vec<_>>().join(" "),
    };
    let found: Vec<String> = uses(definition.workflow())
        .iter()
        .map(|used| {
            let (request, response) = (names(&used.used.request), names(&used.used.response));
            let undo = if used.is_compensation { "undo " } else { "" };
            format!(
                "{undo}{} {}({request}) -> {response}",
                used.step, used.method
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            "0 t.S/Charge(amount card) -> amount id",
            "undo 0 t.S/Refund(order) -> ",
            "1 t.S/Mail(text) -> *",
            "2 t.S/Ship(sku) -> *",
        ]
    );
}

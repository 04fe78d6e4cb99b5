//! What only proto2 has: required fields, defaults, groups, extensions, closed enums.

use pavane_flow::evolution::Use;

use super::{check_in, found, only, pool, wire};

fn check_proto2(was: &str, is: &str) -> String {
    check_in("proto2", was, is, &wire())
}

#[test]
fn required_fields_must_be_there_for_those_who_read() {
    insta::assert_snapshot!(check_proto2("", "required string a = 1;"), @"
    breaking request.a: nothing -> required string a = 1: it is required, and those who send requests do not know of it
    compatible response.a: nothing -> required string a = 1: a new field
    ");
    insta::assert_snapshot!(check_proto2("optional string a = 1;", "required string a = 1;"), @"
    breaking request.a: optional string a = 1 -> required string a = 1: it is required now, and may be missing in what is sent
    compatible response.a: optional string a = 1 -> required string a = 1: whether it is set is told in another way
    ");
    insta::assert_snapshot!(check_proto2("required string a = 1;", "optional string a = 1;"), @"
    breaking response.a: required string a = 1 -> optional string a = 1: it was required, and may be missing from now on: then the response cannot be read
    compatible request.a: required string a = 1 -> optional string a = 1: whether it is set is told in another way
    ");
    let nothing_used = Use {
        request: only(&[]),
        response: only(&[]),
        json: false,
    };
    let (was, is) = ("optional string a = 1;", "required string a = 1;");
    assert!(check_in("proto2", was, is, &nothing_used).contains("breaking request.a"));
    let gone = check_in("proto2", is, "", &nothing_used);
    assert!(gone.contains("breaking response.a"), "{gone}");
}

#[test]
fn defaults_groups_and_extensions_are_compared() {
    insta::assert_snapshot!(check_proto2("optional int32 a = 1 [default = 5];", "optional int32 a = 1 [default = 6];"), @"
    breaking request.a: optional int32 a = 1 [default = 5] -> optional int32 a = 1 [default = 6]: where it is not set it reads as something else
    breaking response.a: optional int32 a = 1 [default = 5] -> optional int32 a = 1 [default = 6]: where it is not set it reads as something else
    ");
    let group = "optional group A = 1 { optional string x = 1; }";
    let nested = "message A { optional string x = 1; } optional A a = 1;";
    insta::assert_snapshot!(check_proto2(group, nested), @"
    breaking request.a: optional group t.M.A a = 1 -> optional t.M.A a = 1: a group and a message are encoded differently
    breaking response.a: optional group t.M.A a = 1 -> optional t.M.A a = 1: a group and a message are encoded differently
    ");
    let with = |extension: &str| {
        let types = format!("message M {{ extensions 100 to 200; }} extend M {{ {extension} }}");
        pool("proto2", &types)
    };
    let (was, is) = (
        with("optional string x = 100;"),
        with("optional int32 x = 100;"),
    );
    insta::assert_snapshot!(found(&was, &is, &wire()), @"
    breaking request.[t.x]: optional string [t.x] = 100 -> optional int32 [t.x] = 100: the two are encoded differently: it cannot be read
    breaking response.[t.x]: optional string [t.x] = 100 -> optional int32 [t.x] = 100: the two are encoded differently: it cannot be read
    ");
}

#[test]
fn a_number_is_lost_to_a_closed_enum() {
    let with = |kind: &str| {
        let types = format!("message M {{ optional {kind} a = 1; }} enum E {{ ZERO = 0; }}");
        pool("proto2", &types)
    };
    insta::assert_snapshot!(found(&with("int32"), &with("E"), &wire()), @"
    breaking request.a: optional int32 a = 1 -> optional t.E a = 1: numbers that the enum does not know are lost
    compatible response.a: optional int32 a = 1 -> optional t.E a = 1: every value of the one is a value of the other
    ");
}

//! What is written is sound, whatever the services are like, and reads as it should.

use std::fs;
use std::path::{Path, PathBuf};

use pavane_flow::language::{Definition, compile};
use pavane_flow::proto2;
use prost_reflect::DescriptorPool;

use super::draft::Draft;
use super::{choice, find, guide};
use crate::descriptors;

/// Begins a workflow over the files of a folder, and gives all that is written, once it is sound.
fn check(folder: &Path, implements: Option<&str>) -> String {
    let set = descriptors::compile(&[folder.to_owned()], &[]).unwrap();
    let methods = choice::methods(set.pool());
    let implements = implements.map(|name| find(&methods, name).unwrap());
    let chosen = choice::steps(&methods, implements.as_ref());
    let draft = Draft::new("first-try", implements, &chosen);

    let own = tempfile::tempdir().unwrap();
    let mut files = vec![folder.to_owned()];
    let proto = draft.own_proto();
    if let Some(text) = &proto {
        let path = own.path().join(draft.proto_file());
        fs::write(&path, text).unwrap();
        files.push(path);
    }
    let all = descriptors::compile(&files, &[]).unwrap();
    let definition = draft.definition();
    assert_sound(&definition, all.pool());
    let uncommented = definition.replace("    # compensate:", "    compensate:");
    let uncommented = uncommented.replace("    #   call:", "      call:");
    let uncommented = uncommented.replace("    #   request:", "      request:");
    if !uncommented.contains("/...") {
        assert_sound(&uncommented, all.pool());
    }
    let types = guide::Types {
        proto: vec!["../proto".into()],
        import: Vec::new(),
        reflect: &[],
    };
    let addresses = [(draft.services()[0].clone(), "10.0.0.1:9000".to_owned())];
    [
        definition,
        proto.unwrap_or_default(),
        guide::configuration(&draft, &addresses),
        guide::readme(&draft, &types),
    ]
    .join("\n--------\n")
}

fn assert_sound(definition: &str, pool: &DescriptorPool) {
    let parsed = Definition::parse("first-try.yaml", definition);
    let mut found = compile(&parsed, pool).diagnostics;
    found.extend(proto2::check(&parsed, pool));
    assert!(found.is_empty(), "{found:#?}\n{definition}");
}

fn of_repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn of_text(proto: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.proto"), proto).unwrap();
    folder
}

#[test]
fn two_services_get_a_method_over_both() {
    insta::assert_snapshot!(check(&of_repository("tests/interop/tour/proto"), None));
}

#[test]
fn a_method_that_there_is_can_be_implemented() {
    let method = "bookshop.v1.OrderService/BuyBook";
    let written = check(&of_repository("tests/interop/tour/proto"), Some(method));
    insta::assert_snapshot!(written);
}

#[test]
fn the_sample_shop_has_a_sound_beginning() {
    let shop = of_repository("proto");
    check(&shop, None);
    check(&shop, Some("shop.order.v1.OrderService/PlaceOrder"));
}

#[test]
fn proto2_and_all_kinds_of_fields_have_a_sound_beginning() {
    let folder = of_text(
        r#"
        syntax = "proto2";
        package acme.deep.nested;
        message Address {
          required string city = 1;
          optional string street = 2;
          message Point { required double x = 1; optional Point next = 2; }
          required Point point = 3;
        }
        enum Color { RED = 1; GREEN = 2; }
        message Paint {
          required string id = 1;
          required Color color = 2;
          required Address address = 3;
          repeated int64 layers = 4;
          map<string, Address> where = 5;
          oneof payment { string card = 6; int32 coins = 7; }
          optional bool in = 8;
          optional bytes on = 9;
          optional uint32 count = 10;
        }
        message Painted { required string id = 1; repeated string package = 2; }
        message Nothing {}
        service Painter {
          rpc Paint(Paint) returns (Painted);
          rpc CancelPaint(Paint) returns (Nothing);
          rpc Watch(Nothing) returns (stream Painted);
          rpc List(Nothing) returns (Painted);
          rpc Import(Painted) returns (Painted);
        }
        "#,
    );
    insta::assert_snapshot!(check(folder.path(), None));
    check(folder.path(), Some("acme.deep.nested.Painter/Paint"));
}

#[test]
fn paths_are_seen_from_the_folder() {
    let see = |folder: &str, path: &str| {
        let seen = guide::from_folder(Path::new(folder), &[path.into()]).unwrap();
        seen[0].display().to_string()
    };
    assert_eq!(see("refunds", "proto"), "../proto");
    assert_eq!(see("a/b", "./a/proto/x.proto"), "../proto/x.proto");
    assert_eq!(see("a", "."), "..");
    assert_eq!(see("/a/b", "/a/b"), ".");
    assert_eq!(see("/a/b", "/c"), "../../c");
}

//! Where types come from, and which of them are sent.

use prost_types::FileDescriptorProto;

use super::*;

#[test]
fn a_folder_of_proto_files_is_compiled_with_its_imports() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../proto");
    let set = compile(&[folder], &[]).expect("the contract compiles");
    assert!(
        set.pool()
            .get_service_by_name("shop.order.v1.OrderService")
            .is_some()
    );
    let files = set.into_message().file;
    assert!(
        files
            .iter()
            .any(|file| file.name() == "google/protobuf/any.proto")
    );
}

#[test]
fn a_mistake_in_a_proto_file_is_shown_with_its_place() {
    let folder = tempfile::tempdir().expect("there is room");
    std::fs::write(
        folder.path().join("a.proto"),
        "syntax = \"proto3\";\nmessage A { B b = 1; }",
    )
    .expect("it is ours");
    let error = compile(&[folder.path().to_owned()], &[])
        .expect_err("B is unknown")
        .to_string();
    assert!(error.contains("'B' is not defined"), "{error}");
    assert!(error.contains("a.proto:2:13"), "{error}");
}

#[test]
fn an_empty_folder_or_none_is_refused() {
    let folder = tempfile::tempdir().expect("there is room");
    let path = folder.path().to_owned();
    let error = compile(std::slice::from_ref(&path), &[])
        .expect_err("is empty")
        .to_string();
    assert_eq!(
        error,
        format!("there are no .proto files in {}", path.display())
    );
    assert!(compile(&[path.join("missing")], &[]).is_err());
}

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("there is room");
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("it is in the folder")).expect("it is ours");
        std::fs::write(path, text).expect("it is ours");
    }
    folder
}

const SHOP: [(&str, &str); 5] = [
    (
        "shop/order.proto",
        "syntax = \"proto3\"; package shop; import \"shop/money.proto\";
         message Order { Money total = 1; } service Orders { rpc Place(Order) returns (Order); }",
    ),
    (
        "shop/money.proto",
        "syntax = \"proto3\"; package shop; message Money { int64 units = 1; }",
    ),
    (
        "shop/mail.proto",
        "syntax = \"proto3\"; package shop; message Mail { string text = 1; }",
    ),
    (
        "other.proto",
        "syntax = \"proto3\"; package other; message Thing { string id = 1; }
         service Things { rpc Get(Thing) returns (Thing); }",
    ),
    (
        "old.proto",
        "syntax = \"proto2\"; package old; message Old { required string id = 1; extensions 100 to 200; }
         service Olds { rpc Get(Old) returns (Old); }",
    ),
];

fn needed(protos: &[PathBuf], imports: &[PathBuf], definition: &str) -> Vec<String> {
    let set = compile(protos, imports).expect("it compiles");
    let files = set.needed_by(definition).file;
    files.iter().map(|file| file.name().to_owned()).collect()
}

#[test]
fn only_what_a_definition_needs_is_sent() {
    let shop = folder(&SHOP);
    let all = [shop.path().to_owned()];
    let text = "implements: shop.Orders/Place";
    assert_eq!(
        needed(&all, &[], text),
        ["shop/money.proto", "shop/order.proto"]
    );
    // A type that an expression makes.
    let text = "implements: shop.Orders/Place\noutput: { any: \"shop.Mail{text: 'a'}\" }";
    let expected = ["shop/mail.proto", "shop/money.proto", "shop/order.proto"];
    assert_eq!(needed(&all, &[], text), expected);
    // What names a service that is not there is shown all that is.
    assert_eq!(
        needed(&all, &[], "implements: shop.Ordrs/Place").len(),
        SHOP.len()
    );
}

#[test]
fn a_file_that_is_named_is_sent_and_finds_its_imports() {
    let shop = folder(&SHOP);
    let order = shop.path().join("shop/order.proto");
    let imports = [shop.path().to_owned()];
    let text = "implements: shop.Orders/Place";
    let expected = ["shop/money.proto", "shop/order.proto"];
    assert_eq!(
        needed(std::slice::from_ref(&order), &imports, text),
        expected
    );
    let mail = shop.path().join("shop/mail.proto");
    let expected = ["shop/mail.proto", "shop/money.proto", "shop/order.proto"];
    assert_eq!(needed(&[order.clone(), mail], &imports, text), expected);

    let error = compile(&[order], &[]).expect_err("the import is not beside it");
    assert!(error.to_string().contains("shop/money.proto"), "{error}");
}

#[test]
fn what_extends_a_needed_type_is_needed() {
    let mut files = SHOP.to_vec();
    files.push((
        "more.proto",
        "syntax = \"proto2\"; package more; import \"old.proto\"; extend old.Old { optional string x = 100; }",
    ));
    let folder = folder(&files);
    let all = [folder.path().to_owned()];
    let found = needed(&all, &[], "implements: old.Olds/Get");
    assert_eq!(found, ["more.proto", "old.proto"]);
}

#[test]
fn editions_are_refused_by_name() {
    let folder = folder(&[("a.proto", "edition = \"2023\"; message A {}")]);
    let error = compile(&[folder.path().to_owned()], &[]).expect_err("it is an edition");
    let said = error
        .to_text(crate::render::Paint::PLAIN)
        .unwrap_or_default();
    assert!(said.contains("proto2 and proto3 are"), "{said}");

    let file = FileDescriptorProto {
        name: Some("a.proto".to_owned()),
        syntax: Some("editions".to_owned()),
        ..FileDescriptorProto::default()
    };
    let set = FileDescriptorSet { file: vec![file] };
    let error = Set::decode("a.binpb", &set.encode_to_vec()).expect_err("it is an edition");
    assert_eq!(
        error.to_string(),
        "a.binpb is not a set of file descriptors: `a.proto` is written in an edition; proto2 and proto3 are understood"
    );
}

#[test]
fn a_set_that_no_compiler_would_write_is_refused() {
    let importing = |name: &str, other: &str| FileDescriptorProto {
        name: Some(name.to_owned()),
        dependency: vec![other.to_owned()],
        ..FileDescriptorProto::default()
    };
    let file = vec![
        importing("a.proto", "b.proto"),
        importing("b.proto", "a.proto"),
    ];
    let set = FileDescriptorSet { file };
    let error = Set::decode("a.binpb", &set.encode_to_vec()).expect_err("it goes in a circle");
    let said = error.to_string();
    assert!(said.contains("imports itself by way of others"), "{said}");
}

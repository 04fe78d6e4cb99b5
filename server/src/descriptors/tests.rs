//! Which sets of descriptors fit together, and what is known of them then.

use prost_reflect::DescriptorPool;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    DescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet,
    MethodDescriptorProto, ServiceDescriptorProto, SourceCodeInfo,
};

use super::{Descriptors, select};

/// A file with one message `acme.Thing` of one field, and one service that echoes it.
fn file(name: &str, field: &str) -> FileDescriptorProto {
    FileDescriptorProto {
        name: Some(name.into()),
        package: Some("acme".into()),
        syntax: Some("proto3".into()),
        message_type: vec![DescriptorProto {
            name: Some("Thing".into()),
            field: vec![FieldDescriptorProto {
                name: Some(field.into()),
                number: Some(1),
                label: Some(Label::Optional.into()),
                r#type: Some(Type::String.into()),
                ..Default::default()
            }],
            ..Default::default()
        }],
        service: vec![ServiceDescriptorProto {
            name: Some("ThingService".into()),
            method: vec![MethodDescriptorProto {
                name: Some("Echo".into()),
                input_type: Some(".acme.Thing".into()),
                output_type: Some(".acme.Thing".into()),
                ..Default::default()
            }],
            ..Default::default()
        }],
        ..Default::default()
    }
}

fn pool(file: FileDescriptorProto) -> DescriptorPool {
    let set = FileDescriptorSet { file: vec![file] };
    DescriptorPool::from_file_descriptor_set(set).unwrap()
}

#[test]
fn a_method_is_known_until_its_last_key_is_removed() {
    let descriptors = Descriptors::new();
    let path = "/acme.ThingService/Echo";
    let thing = pool(file("acme/thing.proto", "thing_id"));
    descriptors
        .set("one", &thing, ["acme.ThingService"])
        .unwrap();
    descriptors
        .set("two", &thing, ["acme.ThingService"])
        .unwrap();
    descriptors.remove("one");
    assert!(descriptors.snapshot().method(path).is_some());
    descriptors.remove("two");
    assert!(descriptors.snapshot().method(path).is_none());
    descriptors.remove("two");
}

#[test]
fn only_the_services_that_are_named_are_listed() {
    let descriptors = Descriptors::new();
    let none: [&str; 0] = [];
    let thing = pool(file("acme/thing.proto", "thing_id"));
    descriptors.set("types", &thing, none).unwrap();
    assert!(!descriptors.services().contains(&"acme.ThingService".into()));
    let known = descriptors.snapshot();
    let mut pools = known.pools().iter();
    assert!(pools.any(|pool| pool.get_message_by_name("acme.Thing").is_some()));
}

/// How many sets of files are known besides nothing.
fn sets(descriptors: &Descriptors) -> usize {
    descriptors.snapshot().pools().len()
}

/// Name of the field of the message that the method takes.
fn field(descriptors: &Descriptors, path: &str) -> String {
    let known = descriptors.snapshot();
    let method = known.method(path).unwrap();
    let field = method.input().fields().next().unwrap();
    field.name().to_owned()
}

#[test]
fn what_differs_between_compilers_is_no_conflict() {
    let descriptors = Descriptors::new();
    let plain = file("acme/thing.proto", "thing_id");
    let mut spelled_out = plain.clone();
    spelled_out.source_code_info = Some(SourceCodeInfo::default());
    spelled_out.options = Some(Default::default());
    spelled_out.message_type[0].field[0].json_name = Some("thingId".into());
    let service = ["acme.ThingService"];
    descriptors
        .set("one", &pool(plain.clone()), service)
        .unwrap();
    descriptors
        .set("two", &pool(spelled_out.clone()), service)
        .unwrap();
    assert_eq!(sets(&descriptors), 1);

    spelled_out.message_type[0].field[0].json_name = Some("id".into());
    descriptors
        .set("three", &pool(spelled_out), service)
        .unwrap();
    assert_eq!(sets(&descriptors), 2);
}

#[test]
fn versions_that_contradict_live_side_by_side() {
    let descriptors = Descriptors::new();
    let old = file("acme/thing.proto", "old");
    let mut new = file("acme/thing.proto", "new");
    let mut elsewhere = file("acme/other.proto", "elsewhere");
    for (file, name) in [(&mut new, "NewService"), (&mut elsewhere, "OtherService")] {
        file.service[0].name = Some(name.into());
    }
    descriptors
        .set_methods("old", &pool(old), ["acme.ThingService/Echo"])
        .unwrap();
    descriptors
        .set_methods("new", &pool(new), ["acme.NewService/Echo"])
        .unwrap();
    descriptors
        .set_methods("elsewhere", &pool(elsewhere), ["acme.OtherService/Echo"])
        .unwrap();

    assert_eq!(field(&descriptors, "/acme.ThingService/Echo"), "old");
    assert_eq!(field(&descriptors, "/acme.NewService/Echo"), "new");
    assert_eq!(field(&descriptors, "/acme.OtherService/Echo"), "elsewhere");
    assert_eq!(sets(&descriptors), 3);
    // A type by itself is that of the newest.
    let known = descriptors.snapshot();
    let mut things = known.pools().iter();
    let thing = things.find_map(|pool| pool.get_message_by_name("acme.Thing"));
    assert_eq!(thing.unwrap().fields().next().unwrap().name(), "elsewhere");

    descriptors.remove("old");
    descriptors.remove("elsewhere");
    assert_eq!(sets(&descriptors), 1);
    assert_eq!(field(&descriptors, "/acme.NewService/Echo"), "new");
}

#[test]
fn the_methods_of_one_service_have_types_of_their_own() {
    let descriptors = Descriptors::new();
    let (one, mut other) = (
        file("acme/thing.proto", "one"),
        file("acme/thing.proto", "other"),
    );
    other.service[0].method[0].name = Some("Other".into());
    descriptors
        .set_methods("one", &pool(one), ["acme.ThingService/Echo"])
        .unwrap();
    descriptors
        .set_methods("other", &pool(other), ["acme.ThingService/Other"])
        .unwrap();
    assert_eq!(field(&descriptors, "/acme.ThingService/Echo"), "one");
    assert_eq!(field(&descriptors, "/acme.ThingService/Other"), "other");
}

#[test]
fn what_a_server_serves_itself_is_not_hidden() {
    let descriptors = Descriptors::new();
    let service = ["acme.ThingService"];
    let own = pool(file("acme/thing.proto", "own"));
    descriptors.set("own", &own, service).unwrap();
    let foreign = pool(file("acme/thing.proto", "foreign"));
    descriptors
        .set_methods("workflow", &foreign, ["acme.ThingService/Echo"])
        .unwrap();
    assert_eq!(field(&descriptors, "/acme.ThingService/Echo"), "own");
}

#[test]
fn a_service_that_is_not_defined_is_refused_and_changes_nothing() {
    let descriptors = Descriptors::new();
    let service = ["acme.ThingService"];
    let old = pool(file("acme/thing.proto", "thing_id"));
    descriptors.set("one", &old, service).unwrap();
    let error = descriptors.set(
        "one",
        &pool(file("acme/thing.proto", "id")),
        ["acme.ThingServise"],
    );
    insta::assert_snapshot!(error.unwrap_err(), @"the descriptors do not define service `acme.ThingServise`: did you mean `acme.ThingService`?");
    let error = descriptors.set_methods("one", &old, ["acme.ThingServise/Echo"]);
    insta::assert_snapshot!(error.unwrap_err(), @"the descriptors do not define service `acme.ThingServise`: did you mean `acme.ThingService`?");
    assert_eq!(field(&descriptors, "/acme.ThingService/Echo"), "thing_id");
}

#[test]
fn a_part_has_its_packages_and_what_they_import() {
    let part = select(pavane::descriptor_pool(), &["shop.order", "pavane.test"]);
    let names: Vec<_> = part.files().map(|file| file.name().to_owned()).collect();
    let names: Vec<_> = names
        .iter()
        .filter(|name| name.starts_with("shop/"))
        .collect();
    let expected = [
        "shop/common/v1/common.proto",
        "shop/order/v1/order_service.proto",
    ];
    assert_eq!(names, expected);
}

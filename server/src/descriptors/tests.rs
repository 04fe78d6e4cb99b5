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
    assert!(known.pool.get_message_by_name("acme.Thing").is_some());
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

    spelled_out.message_type[0].field[0].json_name = Some("id".into());
    let error = descriptors.set("three", &pool(spelled_out), service);
    insta::assert_snapshot!(error.unwrap_err(), @"file `acme/thing.proto` differs from the one of that name that is already served");
}

#[test]
fn a_conflict_is_refused_and_changes_nothing() {
    let descriptors = Descriptors::new();
    let service = ["acme.ThingService"];
    let old = pool(file("acme/thing.proto", "thing_id"));
    descriptors.set("one", &old, service).unwrap();

    let error = descriptors.set("two", &pool(file("acme/other.proto", "thing_id")), service);
    insta::assert_snapshot!(error.unwrap_err(), @"the descriptors do not fit with those already served: acme/thing.proto: name 'acme.Thing' is already defined in file 'acme/other.proto'");
    let error = descriptors.set("two", &old, ["acme.ThingServise"]);
    insta::assert_snapshot!(error.unwrap_err(), @"the descriptors do not define service `acme.ThingServise`: did you mean `acme.ThingService`?");

    // Under its own key, a file may change: nothing else uses it.
    let new = pool(file("acme/thing.proto", "id"));
    descriptors.set("two", &new, service).unwrap_err();
    descriptors.set("one", &new, service).unwrap();
    let thing = descriptors
        .snapshot()
        .pool
        .get_message_by_name("acme.Thing");
    assert!(thing.unwrap().get_field_by_name("id").is_some());
}

#[test]
fn a_part_has_its_packages_and_what_they_import() {
    let part = select(pavane::descriptor_pool(), &["shop.order", "pavane.test"]);
    let names: Vec<_> = part.files().map(|file| file.name().to_owned()).collect();
    let expected = [
        "shop/common/v1/common.proto",
        "shop/order/v1/order_service.proto",
    ];
    assert_eq!(names, expected);
}

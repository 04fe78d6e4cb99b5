//! The JSON mapping against the cases that the library of descriptors does not cover.

use prost::Message;
use prost_reflect::prost_types::field_descriptor_proto::{Label, Type};
use prost_reflect::prost_types::{
    Any, DescriptorProto, FieldDescriptorProto, FileDescriptorProto, MessageOptions,
};
use serde_json::json;

use super::*;

const EVENT: &str = "pavane.feed.v1.Event";

fn read(pool: &DescriptorPool, name: &str, json: serde_json::Value) -> DynamicMessage {
    DynamicMessage::deserialize(pool.get_message_by_name(name).unwrap(), json).unwrap()
}

fn written(message: &DynamicMessage, pool: &DescriptorPool) -> serde_json::Value {
    serde_json::from_slice(&write(message, std::slice::from_ref(pool)).unwrap()).unwrap()
}

/// How an event with this in `data` is written.
fn event(data: Any) -> serde_json::Value {
    let pool = pavane::descriptor_pool();
    let event = pavane::feed::v1::Event {
        data: Some(prost_types::Any {
            type_url: data.type_url,
            value: data.value,
        }),
        ..Default::default()
    };
    let descriptor = pool.get_message_by_name(EVENT).unwrap();
    let event = DynamicMessage::decode(descriptor, event.encode_to_vec().as_slice()).unwrap();
    written(&event, pool)["data"].clone()
}

fn any(name: &str, value: Vec<u8>) -> Any {
    Any {
        type_url: format!("type.googleapis.com/{name}"),
        value,
    }
}

#[test]
fn an_any_of_error_details_is_written_out() {
    let info = tonic_types::pb::ErrorInfo {
        reason: "OUT_OF_STOCK".into(),
        domain: "shop".into(),
        ..Default::default()
    };
    let info = any("google.rpc.ErrorInfo", info.encode_to_vec());
    let written = json!({
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "OUT_OF_STOCK",
        "domain": "shop",
    });
    assert_eq!(event(info.clone()), written);

    let within = any("google.protobuf.Any", info.encode_to_vec());
    let within = event(within);
    assert_eq!(within["@type"], "type.googleapis.com/google.protobuf.Any");
    assert_eq!(within["value"], written);
}

#[test]
fn an_any_that_cannot_be_read_is_written_as_bytes() {
    let bytes = |type_url: &str, value: &str| json!({"@type": type_url, "value": value});
    assert_eq!(
        event(any("acme.Unknown", b"abc".to_vec())),
        bytes("type.googleapis.com/acme.Unknown", "YWJj")
    );
    // Not an encoded message.
    assert_eq!(
        event(any(EVENT, b"abc".to_vec())),
        bytes("type.googleapis.com/pavane.feed.v1.Event", "YWJj")
    );
    // A timestamp that JSON has no text for: 2^62 seconds, in a message that is half written then.
    let event_at = prost_types::Timestamp {
        seconds: 1 << 62,
        nanos: 0,
    };
    let half = pavane::feed::v1::Event {
        id: "e-1".into(),
        time: Some(event_at),
        ..Default::default()
    };
    let half = event(any(EVENT, half.encode_to_vec()));
    assert_eq!(half["@type"], "type.googleapis.com/pavane.feed.v1.Event");
    assert!(half["value"].is_string(), "{half}");

    let nameless = Any {
        type_url: "acme".into(),
        value: Vec::new(),
    };
    assert_eq!(event(nameless), bytes("acme", ""));
    assert_eq!(event(Any::default()), json!({}));
}

#[test]
fn an_any_within_too_many_is_written_as_bytes() {
    let mut nested = any("google.protobuf.Empty", Vec::new());
    for _ in 0..10_000 {
        nested = any("google.protobuf.Any", nested.encode_to_vec());
    }
    let mut json = &event(nested);
    let mut depth = 0;
    while json["value"].is_object() {
        json = &json["value"];
        depth += 1;
    }
    assert!(json["value"].is_string());
    assert_eq!(depth, DEEPEST_ANY);
}

/// A message with a field, a list and a map of every type.
fn every_type() -> DescriptorPool {
    let field = |name: String, number, kind: Type, label: Label, type_name: Option<&str>| {
        FieldDescriptorProto {
            name: Some(name),
            number: Some(number),
            r#type: Some(kind.into()),
            label: Some(label.into()),
            type_name: type_name.map(str::to_owned),
            ..Default::default()
        }
    };
    let mut message = DescriptorProto {
        name: Some("Every".into()),
        ..Default::default()
    };
    let types = [
        (Type::Double, None),
        (Type::Float, None),
        (Type::Int32, None),
        (Type::Int64, None),
        (Type::Uint32, None),
        (Type::Uint64, None),
        (Type::Bool, None),
        (Type::String, None),
        (Type::Bytes, None),
        (Type::Enum, Some(".google.protobuf.NullValue")),
        (Type::Enum, Some(".google.protobuf.Syntax")),
        (Type::Message, Some(".acme.Every")),
        (Type::Message, Some(".google.protobuf.Struct")),
        (Type::Message, Some(".google.protobuf.Duration")),
        (Type::Message, Some(".google.protobuf.FieldMask")),
        (Type::Message, Some(".google.protobuf.Int64Value")),
        (Type::Message, Some(".google.protobuf.Empty")),
    ];
    for (number, (kind, type_name)) in (1..).zip(types) {
        let one = field(
            format!("one{number}"),
            number,
            kind,
            Label::Optional,
            type_name,
        );
        let list = field(
            format!("list{number}"),
            100 + number,
            kind,
            Label::Repeated,
            type_name,
        );
        let entry = format!(".acme.Every.Map{number}Entry");
        message.field.extend([
            one,
            list,
            field(
                format!("map{number}"),
                200 + number,
                Type::Message,
                Label::Repeated,
                Some(&entry),
            ),
        ]);
        message.nested_type.push(DescriptorProto {
            name: Some(format!("Map{number}Entry")),
            field: vec![
                field("key".into(), 1, Type::Int64, Label::Optional, None),
                field("value".into(), 2, kind, Label::Optional, type_name),
            ],
            options: Some(MessageOptions {
                map_entry: Some(true),
                ..Default::default()
            }),
            ..Default::default()
        });
    }
    let mut pool = DescriptorPool::global();
    let files = [
        "type",
        "struct",
        "duration",
        "field_mask",
        "wrappers",
        "empty",
    ];
    pool.add_file_descriptor_proto(FileDescriptorProto {
        name: Some("every.proto".into()),
        package: Some("acme".into()),
        syntax: Some("proto3".into()),
        dependency: files
            .map(|file| format!("google/protobuf/{file}.proto"))
            .into(),
        message_type: vec![message],
        ..Default::default()
    })
    .unwrap();
    pool
}

#[test]
fn all_other_types_are_written_as_the_mapping_says() {
    let pool = every_type();
    let values = [
        json!(1.5),
        json!("-Infinity"),
        json!(-7),
        json!("-8"),
        json!(9),
        json!("10"),
        json!(true),
        json!("a \"quoted\"\n"),
        json!("/+8="),
        json!(null),
        json!("SYNTAX_PROTO3"),
        json!({"list3": [1, 2], "one8": "within"}),
        json!({"a": [null, 1.0, {"b": "c"}]}),
        json!("1.500s"),
        json!("a,b"),
        json!("5"),
        json!({}),
    ];
    let mut all = serde_json::Map::new();
    for (number, value) in (1..).zip(values) {
        all.insert(format!("list{number}"), json!([value, value]));
        all.insert(format!("map{number}"), json!({"-1": value, "2": value}));
        if !value.is_null() {
            all.insert(format!("one{number}"), value);
        }
    }
    let all = serde_json::Value::from(all);
    assert_eq!(written(&read(&pool, "acme.Every", all.clone()), &pool), all);
}

//! Random events and CloudEvents, with what the mapping could confuse more often than chance has it.

use std::collections::HashMap;

use pavane::cloudevents::SPEC_VERSION;
use pavane::cloudevents::v1::CloudEvent;
use pavane::cloudevents::v1::cloud_event::cloud_event_attribute_value::Attr;
use pavane::cloudevents::v1::cloud_event::{CloudEventAttributeValue, Data};
use pavane::feed::v1::Event;
use pavane::shop::common::v1::Money;
use proptest::collection::{hash_map, vec};
use proptest::option;
use proptest::prelude::*;
use prost_types::{Any, Timestamp};

/// Names that mean something, escaped and not, and others.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9]{1,3}",
        "x{0,2}(subject|time|sequence|cursor|correlationid|traceparent|datacontenttype|dataschema)",
        "x{1,2}(id|type|data)",
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "",
        "[1-9]{1,3}",
        "0[1-9]",
        "\\PC{0,8}",
        Just("application/protobuf".to_owned()),
        Just("data=text".to_owned()),
        Just("a=boolean".to_owned()),
    ]
}

fn time() -> impl Strategy<Value = Timestamp> {
    // The years 1 to 9999.
    (-62_135_596_800_i64..=253_402_300_799, 0..1_000_000_000_i32)
        .prop_map(|(seconds, nanos)| Timestamp { seconds, nanos })
}

fn any() -> impl Strategy<Value = Any> {
    let money = ("\\PC{0,3}", proptest::num::i64::ANY).prop_map(|(currency, minor_units)| {
        let money = Money {
            currency,
            minor_units,
        };
        Any::from_msg(&money).expect("a message can be encoded")
    });
    let url = prop_oneof![
        Just(String::new()),
        Just("type.googleapis.com/shop.common.v1.Money".to_owned()),
        Just("type.googleapis.com/google.protobuf.StringValue".to_owned()),
        "[a-z./]{1,8}",
    ];
    let other = (url, vec(proptest::num::u8::ANY, 0..8));
    prop_oneof![
        money,
        other.prop_map(|(type_url, value)| Any { type_url, value })
    ]
}

pub(super) fn event() -> impl Strategy<Value = Event> {
    let attributes = prop_oneof![9 => name(), 1 => Just("cetypes".to_owned())];
    let ids = ("\\PC{1,4}", "\\PC{1,4}", "\\PC{1,4}");
    let texts = (text(), text(), text(), text(), text(), text());
    let rest = (
        option::of(time()),
        option::of(any()),
        prop_oneof![Just(0), proptest::num::u64::ANY],
        hash_map(attributes, text(), 0..5),
    );
    (ids, texts, rest).prop_map(|(ids, texts, (time, data, sequence, attributes))| Event {
        id: ids.0,
        source: ids.1,
        r#type: ids.2,
        subject: texts.0,
        cursor: texts.1,
        correlation_id: texts.2,
        causation_id: texts.3,
        traceparent: texts.4,
        tracestate: texts.5,
        time,
        data,
        sequence,
        attributes,
    })
}

fn attribute() -> impl Strategy<Value = Attr> {
    prop_oneof![
        proptest::bool::ANY.prop_map(Attr::CeBoolean),
        proptest::num::i32::ANY.prop_map(Attr::CeInteger),
        text().prop_map(Attr::CeString),
        vec(proptest::num::u8::ANY, 0..4).prop_map(|bytes| Attr::CeBytes(bytes.into())),
        text().prop_map(Attr::CeUri),
        text().prop_map(Attr::CeUriRef),
        time().prop_map(Attr::CeTimestamp),
    ]
}

/// What has a meaning of its own has the type that goes with it.
fn lawful(name: &str, value: Attr) -> Attr {
    match name {
        "subject" => Attr::CeString("s".to_owned()),
        "time" => Attr::CeTimestamp(Timestamp::default()),
        "datacontenttype" => Attr::CeString(
            match value {
                Attr::CeBoolean(true) => "application/protobuf",
                Attr::CeBoolean(false) => "text/plain",
                Attr::CeInteger(_) => "application/vnd.acme+json; charset=utf-8",
                _ => "application/json",
            }
            .to_owned(),
        ),
        "dataschema" => match value {
            Attr::CeBoolean(true) => Attr::CeString("s".to_owned()),
            Attr::CeBoolean(false) => Attr::CeUriRef("s".to_owned()),
            _ => Attr::CeUri("type.googleapis.com/shop.common.v1.Money".to_owned()),
        },
        _ => value,
    }
}

pub(super) fn cloud_event() -> impl Strategy<Value = CloudEvent> {
    let data = prop_oneof![
        any().prop_map(Data::ProtoData),
        vec(proptest::num::u8::ANY, 0..8).prop_map(|bytes| Data::BinaryData(bytes.into())),
        "\\PC{0,8}".prop_map(Data::TextData),
        Just(Data::TextData("{\"currency\": \"EUR\"}".to_owned())),
    ];
    // The attributes that have fields of their own are no others'.
    let name = name().prop_filter("a field's", |name| name != "id");
    let attributes = hash_map(name, attribute(), 0..6);
    let ids = ("\\PC{1,4}", "\\PC{1,4}", "\\PC{1,4}");
    (ids, attributes, option::of(data)).prop_map(|(ids, attributes, data)| {
        let attributes = attributes.into_iter().map(|(name, value)| {
            let attr = Some(lawful(&name, value));
            (name, CloudEventAttributeValue { attr })
        });
        CloudEvent {
            id: ids.0,
            source: ids.1,
            spec_version: SPEC_VERSION.to_owned(),
            r#type: ids.2,
            attributes: attributes.collect::<HashMap<_, _>>(),
            data,
        }
    })
}

/// A text that is JSON, without spaces, and with its content type.
pub(super) fn normalize(event: &mut CloudEvent) {
    let Some(Data::TextData(text)) = &mut event.data else {
        return;
    };
    let content_type = event.attributes.get("datacontenttype");
    let content_type = content_type.and_then(|value| value.attr.clone());
    let says_json = match &content_type {
        Some(Attr::CeString(kind)) => kind.contains("json"),
        _ => true,
    };
    let Ok(json) = serde_json::from_str::<serde_json::Value>(text) else {
        return;
    };
    if says_json {
        *text = json.to_string();
        if content_type.is_none() {
            let attr = Some(Attr::CeString("application/json".to_owned()));
            let value = CloudEventAttributeValue { attr };
            event.attributes.insert("datacontenttype".to_owned(), value);
        }
    }
}

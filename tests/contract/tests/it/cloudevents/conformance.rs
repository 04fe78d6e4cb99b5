//! The conformance cases of the CloudEvents project, under the names that they have there, and the
//! examples of its specification of JSON.
//! <https://github.com/cloudevents/conformance/tree/main/format>

use std::collections::BTreeMap;

use pavane::cloudevents::v1::CloudEvent;
use pavane::cloudevents::v1::cloud_event::cloud_event_attribute_value::Attr;
use pavane::cloudevents::v1::cloud_event::{CloudEventAttributeValue, Data};
use pavane::cloudevents::{from_event, json, to_event};
use prost_reflect::DynamicMessage;
use serde_json::{Value, json};

/// The least that a CloudEvent has, and what is changed of it; `null`: taken away.
fn minimal(changes: &Value) -> Value {
    let mut event = json!({
        "specversion": "1.0",
        "id": "minimal",
        "type": "io.cloudevents.test",
        "source": "https://cloudevents.io",
    });
    let members = event.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(members.remove(name)),
            value => drop(members.insert(name.clone(), value.clone())),
        }
    }
    event
}

/// What is the same: attributes as the events of the conformance cases have them, and data.
fn check_read(name: &str, event: &Value, attributes: &[(&str, Attr)], data: Option<Data>) {
    let read = json::read(event, &super::known());
    let read = read.unwrap_or_else(|error| panic!("{name}: {error}"));
    let found: BTreeMap<_, _> = read.attributes.iter().collect();
    let expected = attributes.iter().map(|(name, attr)| {
        let attr = Some(attr.clone());
        ((*name).to_owned(), CloudEventAttributeValue { attr })
    });
    let expected: BTreeMap<_, _> = expected.collect();
    assert_eq!(found, expected.iter().collect(), "{name}");
    assert_eq!(read.data, data, "{name}");
    // And it can be an event, and be written and read again.
    assert_eq!(from_event(&to_event(&read).unwrap()), read, "{name}");
    let written = json::write(&read, &super::known());
    let again = json::read(&written, &super::known());
    assert_eq!(again, Ok(read), "{name}");
}

fn time(text: &str) -> Attr {
    Attr::CeTimestamp(text.parse().unwrap())
}

fn string(text: &str) -> Attr {
    Attr::CeString(text.to_owned())
}

#[test]
fn valid_json_is_read() {
    let noon = || [("time", time("2018-04-05T17:31:00Z"))];
    check_read("validMinimal", &minimal(&json!({})), &[], None);
    let mut nothing = minimal(&json!({}));
    for name in ["datacontenttype", "dataschema", "subject", "time"] {
        nothing[name] = Value::Null;
    }
    check_read("validMinimalWithNullForOptional", &nothing, &[], None);
    let all = json!({
        "datacontenttype": "text/plain",
        "dataschema": "https://cloudevents.io/dataschema",
        "subject": "tests",
        "time": "2018-04-05T17:31:00Z",
    });
    let schema = Attr::CeUri("https://cloudevents.io/dataschema".to_owned());
    let attributes = [
        ("datacontenttype", string("text/plain")),
        ("dataschema", schema),
        ("subject", string("tests")),
        ("time", time("2018-04-05T17:31:00Z")),
    ];
    check_read("validAllCoreAttributes", &minimal(&all), &attributes, None);
    for (name, text) in [
        ("validMinimalWithTimeUtc", "2018-04-05T17:31:00Z"),
        (
            "validMinimalWithTimeToNanosecondsUtc",
            "2018-04-05T17:31:00.000000000Z",
        ),
        (
            "validMinimalWithTimeUsingPositiveOffset",
            "2018-04-05T18:31:00+01:00",
        ),
        (
            "validMinimalWithTimeUsingNegativeOffset",
            "2018-04-05T16:31:00-01:00",
        ),
    ] {
        check_read(name, &minimal(&json!({"time": text})), &noon(), None);
    }
    let relative = minimal(&json!({"source": "#fragment"}));
    check_read("validRelativeSource", &relative, &[], None);
    let simple = minimal(&json!({"datacontenttype": "text/plain", "data": "Simple text"}));
    let data = Some(Data::TextData("Simple text".to_owned()));
    check_read(
        "validSimpleTextData",
        &simple,
        &[("datacontenttype", string("text/plain"))],
        data,
    );
    // Types that JSON does not tell are read as texts, unless they are noted.
    let extensions = json!({
        "extinteger": 10, "extboolean": true, "extstring": "text",
        "exturi": "https://cloudevents.io", "exturiref": "//authority/path",
        "exttimestamp": "2023-03-31T15:12:00Z", "extbinary": "TWE=",
        "cetypes": "extbinary=binary exttimestamp=timestamp exturi=uri exturiref=uriref",
    });
    let attributes = [
        ("extinteger", Attr::CeInteger(10)),
        ("extboolean", Attr::CeBoolean(true)),
        ("extstring", string("text")),
        ("exturi", Attr::CeUri("https://cloudevents.io".to_owned())),
        ("exturiref", Attr::CeUriRef("//authority/path".to_owned())),
        ("exttimestamp", time("2023-03-31T15:12:00Z")),
        ("extbinary", Attr::CeBytes("Ma".into())),
    ];
    check_read(
        "validAllExtensionTypes",
        &minimal(&extensions),
        &attributes,
        None,
    );
}

#[test]
fn invalid_json_is_refused() {
    let check = |name: &str, changes: Value| {
        let read = json::read(&minimal(&changes), &super::known());
        assert!(read.is_err(), "{name}: {read:?}");
    };
    check("invalidNoSpecVersion", json!({"specversion": null}));
    check("invalidNoId", json!({"id": null}));
    check("invalidNoType", json!({"type": null}));
    check("invalidNoSource", json!({"source": null}));
    for (name, time) in [
        ("invalidTimeGarbage", "lunchtime"),
        ("invalidTimeToMinute", "2018-04-05T18:31Z"),
        ("invalidTimeOffsetX", "2018-04-05T18:31:00X"),
        ("invalidTimeOffsetOutOfRange", "2018-04-05T18:31:00+25:00"),
        ("invalidTimeOffsetNonInteger", "2018-04-05T18:31:00+xx:00"),
        ("invalidTimeOffsetHourOnly", "2018-04-05T18:31:00+05"),
    ] {
        check(name, json!({"time": time}));
    }
    check("invalidEmptyId", json!({"id": ""}));
    check("invalidEmptyType", json!({"type": ""}));
    check("invalidEmptySource", json!({"source": ""}));
    check("invalidEmptySpecVersion", json!({"specversion": ""}));
    check("invalidUnknownSpecVersion", json!({"specversion": "0.9"}));
    check(
        "invalidNonRfc2046DataContentType",
        json!({"datacontenttype": "xyz"}),
    );
    check(
        "invalidEmptyDataContentType",
        json!({"datacontenttype": ""}),
    );
    check("invalidEmptyDataSchema", json!({"dataschema": ""}));
    check("invalidEmptySubject", json!({"subject": ""}));
    check("invalidNumericId", json!({"id": 25}));
    check("invalidObjectId", json!({"id": {"xyz": "abc"}}));
    check("invalidCapitalizedExtension", json!({"MyExtension": "bad"}));
    check("invalidPunctuatedExtension", json!({"my.extension": "bad"}));
    check(
        "invalidNonIntegerExtensionValue",
        json!({"myextension": 1.5}),
    );
    let both = json!({"data": "text", "data_base64": "eyAieHl6IjogMTIzIH0="});
    check("invalidBothDataAndDataBase64", both);
}

/// The examples of the specification, with data of each kind.
#[test]
fn the_examples_of_the_specification_are_read() {
    let example = |data: Value| {
        let mut event = json!({
            "time": "2018-04-05T17:31:00Z", "comexampleextension1": "value",
            "comexampleothervalue": 5, "subject": null,
        });
        event
            .as_object_mut()
            .unwrap()
            .extend(data.as_object().unwrap().clone());
        minimal(&event)
    };
    let check = |data: Value, content_type: &str, expected: Data| {
        let attributes = [
            ("time", time("2018-04-05T17:31:00Z")),
            ("comexampleextension1", string("value")),
            ("comexampleothervalue", Attr::CeInteger(5)),
            ("datacontenttype", string(content_type)),
        ];
        check_read(content_type, &example(data), &attributes, Some(expected));
    };
    let thrift = "application/vnd.apache.thrift.binary";
    let data = json!({"datacontenttype": thrift, "data_base64": "AQID"});
    check(data, thrift, Data::BinaryData(vec![1, 2, 3].into()));
    let xml = "<much wow=\"xml\"/>";
    let data = json!({"datacontenttype": "application/xml", "data": xml, "unsetextension": null});
    check(data, "application/xml", Data::TextData(xml.to_owned()));
    let object = json!({"appinfoA": "abc", "appinfoB": 123, "appinfoC": true});
    let data = json!({"datacontenttype": "application/json", "data": object});
    check(data, "application/json", Data::TextData(object.to_string()));
    let data = json!({"data": "I'm just a string"});
    check(
        data,
        "application/json",
        Data::TextData("\"I'm just a string\"".to_owned()),
    );
}

/// A CloudEvent of protobuf, from the JSON mapping of the message.
fn message(json: &Value) -> CloudEvent {
    let pool = pavane::descriptor_pool();
    let found = pool.get_message_by_name("io.cloudevents.v1.CloudEvent");
    let message = DynamicMessage::deserialize(found.unwrap(), json).unwrap();
    message.transcode_to().unwrap()
}

fn minimal_message(changes: &Value) -> CloudEvent {
    let changes = minimal(changes);
    let mut event = json!({"specVersion": changes["specversion"].clone()});
    for (name, value) in changes.as_object().unwrap() {
        if name != "specversion" {
            event[name] = value.clone();
        }
    }
    message(&event)
}

#[test]
fn valid_messages_can_be_events() {
    let check = |name: &str, changes: Value| {
        let event = minimal_message(&changes);
        let made = to_event(&event).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(from_event(&made), event, "{name}");
        let written = json::write(&event, &super::known());
        assert_eq!(json::read(&written, &super::known()), Ok(event), "{name}");
    };
    check("validMinimal", json!({}));
    check(
        "validAllCoreAttributes",
        json!({"attributes": {
            "datacontenttype": {"ceString": "text/plain"},
            "dataschema": {"ceUri": "https://cloudevents.io/dataschema"},
            "subject": {"ceString": "tests"},
            "time": {"ceTimestamp": "2018-04-05T17:31:00Z"},
        }}),
    );
    let time = json!({"attributes": {"time": {"ceTimestamp": "2018-04-05T17:31:00Z"}}});
    check("validMinimalWithTime", time);
    check("validRelativeSource", json!({"source": "#fragment"}));
    let plain = json!({"datacontenttype": {"ceString": "text/plain"}});
    check(
        "validSimpleTextData",
        json!({"attributes": plain, "textData": "Simple text"}),
    );
    check(
        "validAllExtensionTypes",
        json!({"attributes": {
            "extinteger": {"ceInteger": 10},
            "extboolean": {"ceBoolean": true},
            "extstring": {"ceString": "text"},
            "exturi": {"ceUri": "https://cloudevents.io"},
            "exturiref": {"ceUriRef": "//authority/path"},
            "exttimestamp": {"ceTimestamp": "2023-03-31T15:12:00Z"},
            "extbinary": {"ceBytes": "TWE="},
        }}),
    );
}

#[test]
fn invalid_messages_are_refused() {
    let refused = |name: &str, event: CloudEvent| {
        let made = to_event(&event);
        assert!(made.is_err(), "{name}: {made:?}");
    };
    let check = |name: &str, changes: Value| refused(name, minimal_message(&changes));
    let attribute = |name: &str, attribute: &str, value: Value| {
        let changes = json!({"attributes": {attribute: value}});
        refused(name, minimal_message(&changes));
    };
    refused("invalidNoSpecVersion", {
        let mut event = minimal_message(&json!({}));
        event.spec_version.clear();
        event
    });
    check("invalidNoId", json!({"id": null}));
    check("invalidNoType", json!({"type": null}));
    check("invalidNoSource", json!({"source": null}));
    check("invalidEmptyId", json!({"id": ""}));
    check("invalidEmptyType", json!({"type": ""}));
    check("invalidEmptySource", json!({"source": ""}));
    check("invalidEmptySpecVersion", json!({"specversion": ""}));
    check("invalidUnknownSpecVersion", json!({"specversion": "0.9"}));
    attribute(
        "invalidNonRfc2046DataContentType",
        "datacontenttype",
        json!({"ceString": "xyz"}),
    );
    attribute(
        "invalidEmptyDataContentType",
        "datacontenttype",
        json!({"ceString": ""}),
    );
    attribute(
        "invalidDataContentTypeWrongType",
        "datacontenttype",
        json!({"ceInteger": 5}),
    );
    attribute(
        "invalidEmptyDataSchema",
        "dataschema",
        json!({"ceString": ""}),
    );
    attribute(
        "invalidDataSchemaWrongType",
        "dataschema",
        json!({"ceInteger": 5}),
    );
    attribute("invalidEmptySubject", "subject", json!({"ceString": ""}));
    attribute(
        "invalidSubjectWrongType",
        "subject",
        json!({"ceInteger": 5}),
    );
    attribute("invalidTimeWrongType", "time", json!({"ceInteger": 5}));
    attribute(
        "invalidCapitalizedExtension",
        "MyExtension",
        json!({"ceString": "bad"}),
    );
    attribute(
        "invalidPunctuatedExtension",
        "My.Extension",
        json!({"ceString": "bad"}),
    );
    attribute("invalidExtensionNoValue", "myextension", json!({}));
}

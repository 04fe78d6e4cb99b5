//! Events as CloudEvents and back: nothing is lost, whatever is in them.

mod conformance;
mod random;

use pavane::cloudevents::v1::CloudEvent;
use pavane::cloudevents::{NOTES, from_event, json, to_event};
use pavane::feed::v1::Event;
use pavane::shop::inventory::v1::{Reservation, StockReserved};
use proptest::prelude::*;
use prost_reflect::DescriptorPool;
use prost_types::Any;
use serde_json::{Value, json};

fn known() -> Vec<DescriptorPool> {
    vec![pavane::descriptor_pool().clone()]
}

fn reserved() -> Event {
    let reservation = Reservation {
        order_id: "order-7".to_owned(),
        ..Reservation::default()
    };
    let data = StockReserved {
        reservation: Some(reservation),
    };
    Event {
        id: "e-1".to_owned(),
        source: "/inventory".to_owned(),
        r#type: "shop.inventory.v1.StockReserved".to_owned(),
        subject: "order-7".to_owned(),
        time: Some("2026-11-23T01:12:09.114Z".parse().unwrap()),
        data: Some(Any::from_msg(&data).unwrap()),
        sequence: 5120,
        cursor: "8f3a".to_owned(),
        correlation_id: "order-7".to_owned(),
        causation_id: "e-0".to_owned(),
        attributes: [("region".to_owned(), "eu".to_owned())].into(),
        ..Event::default()
    }
}

#[test]
fn an_event_reads_like_a_cloud_event() {
    let written = json::write(&from_event(&reserved()), &known());
    let expected = json!({
        "specversion": "1.0",
        "id": "e-1",
        "source": "/inventory",
        "type": "shop.inventory.v1.StockReserved",
        "subject": "order-7",
        "time": "2026-11-23T01:12:09.114Z",
        "sequence": "5120",
        "cursor": "8f3a",
        "correlationid": "order-7",
        "causationid": "e-0",
        "region": "eu",
        "datacontenttype": "application/json",
        "dataschema": "type.googleapis.com/shop.inventory.v1.StockReserved",
        "data": {"reservation": {"orderId": "order-7"}},
    });
    assert_eq!(written, expected);
    let read = json::read(&expected, &known()).unwrap();
    assert_eq!(to_event(&read).unwrap(), reserved());
}

#[test]
fn data_of_an_unknown_type_is_written_in_base64() {
    let mut event = reserved();
    let data = event.data.as_mut().unwrap();
    data.type_url = "type.googleapis.com/acme.Unheard".to_owned();
    let written = json::write(&from_event(&event), &known());
    assert_eq!(written["datacontenttype"], "application/protobuf");
    assert_eq!(written["data_base64"], "CgkKB29yZGVyLTc=");
    assert_eq!(written.get(NOTES), None);
    let read = json::read(&written, &known()).unwrap();
    assert_eq!(to_event(&read).unwrap(), event);
}

/// What the JSON mapping would drop keeps the message from being written in it.
#[test]
fn fields_that_are_not_known_are_not_lost() {
    let mut event = reserved();
    // Field 15, a varint.
    event.data.as_mut().unwrap().value.extend([0x78, 0x01]);
    let written = json::write(&from_event(&event), &known());
    assert!(written.get("data_base64").is_some(), "{written}");
    let read = json::read(&written, &known()).unwrap();
    assert_eq!(to_event(&read).unwrap(), event);
}

#[test]
fn names_that_the_mapping_uses_are_escaped() {
    let attributes = [("subject", "mine"), ("xsubject", "too"), ("xen", "as is")];
    let attributes = attributes.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let event = Event {
        attributes: attributes.into(),
        ..reserved()
    };
    let written = json::write(&from_event(&event), &known());
    assert_eq!(written["subject"], "order-7");
    assert_eq!(written["xsubject"], "mine");
    assert_eq!(written["xxsubject"], "too");
    assert_eq!(written["xen"], "as is");
    assert_eq!(to_event(&from_event(&event)).unwrap(), event);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_event_that_was_a_cloud_event_is_the_same(event in random::event()) {
        let made = from_event(&event);
        prop_assert_eq!(to_event(&made), Ok(event));
    }

    #[test]
    fn a_cloud_event_that_was_an_event_is_the_same(event in random::cloud_event()) {
        let made = to_event(&event);
        prop_assert!(made.is_ok(), "{:?}", made);
        prop_assert_eq!(from_event(&made.unwrap()), event);
    }

    #[test]
    fn an_event_that_was_json_is_the_same(event in random::event()) {
        prop_assume!(!event.attributes.contains_key(NOTES));
        let written = json::write(&from_event(&event), &known());
        let read = json::read(&parsed(&written), &known());
        prop_assert_eq!(read.and_then(|read| to_event(&read)), Ok(event));
    }

    #[test]
    fn a_cloud_event_that_was_json_is_the_same(event in random::cloud_event()) {
        let written = json::write(&event, &known());
        let read = json::read(&parsed(&written), &known());
        prop_assert_eq!(read, Ok(as_json_has_it(event)));
    }
}

/// As text, and read again.
fn parsed(json: &Value) -> Value {
    serde_json::from_str(&json.to_string()).unwrap()
}

/// JSON in a text is written as JSON: spaces in it are not kept, and it says what it is.
fn as_json_has_it(mut event: CloudEvent) -> CloudEvent {
    random::normalize(&mut event);
    event
}

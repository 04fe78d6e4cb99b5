//! The CloudEvents that we write are read by the Python package of the CloudEvents project, and what that
//! writes is read by us, as the same events.

use pavane::cloudevents::{from_event, json, to_event};
use pavane::feed::v1::Event;
use pavane::shop::common::v1::Money;
use pavane_tests::python::Python;
use prost_types::Any;

use super::piped::piped;

const TEST: &str = "python_reads_and_writes_the_same_cloud_events";

fn events() -> Vec<Event> {
    let money = Money {
        currency: "EUR".to_owned(),
        minor_units: 5_990,
    };
    let plain = Event {
        id: "e-1".to_owned(),
        source: "/inventory".to_owned(),
        r#type: "shop.common.v1.Money".to_owned(),
        // The package would fill it in.
        time: "2026-11-23T01:12:09.114Z".parse().ok(),
        ..Event::default()
    };
    let full = Event {
        subject: "order-7".to_owned(),
        data: Any::from_msg(&money).ok(),
        sequence: u64::MAX,
        cursor: "8f3a".to_owned(),
        correlation_id: "order-7".to_owned(),
        causation_id: "e-0".to_owned(),
        traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned(),
        tracestate: "a=b".to_owned(),
        attributes: [("subject".to_owned(), "m\u{fc}ller".to_owned())].into(),
        ..plain.clone()
    };
    let unknown = Any {
        type_url: "type.googleapis.com/acme.Unheard".to_owned(),
        value: vec![8, 1, 0xff],
    };
    let binary = Event {
        data: Some(unknown),
        ..plain.clone()
    };
    vec![plain, full, binary]
}

#[tokio::test]
async fn python_reads_and_writes_the_same_cloud_events() {
    let Some(python) = Python::find(TEST) else {
        return;
    };
    let known = [pavane::descriptor_pool().clone()];
    let events = events();
    let lines = events.iter().map(|event| {
        let written = json::write(&from_event(event), &known);
        format!("{written}\n")
    });

    let written = piped(
        python.command("tests/interop/contract/convert.py"),
        lines.collect(),
    )
    .await;

    let again = written.lines().map(|line| {
        let value = serde_json::from_str(line).expect("it writes JSON");
        let read = json::read(&value, &known).expect("it writes CloudEvents");
        to_event(&read).expect("a CloudEvent can be an event")
    });
    assert_eq!(again.collect::<Vec<_>>(), events);
}

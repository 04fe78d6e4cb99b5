//! One event of a feed in one line.

use pavane::feed::v1::Event;

use super::table::one_line;
use super::{Json, Paint, facts_about, timestamp};

/// Widths beyond which a line is not aligned any more, so that lines can be printed one by one.
const TYPE_WIDTH: usize = 36;
const SUBJECT_WIDTH: usize = 16;

/// `2026-11-23T01:12:09.114Z  #5120  shop.inventory.v1.StockReserved  order-0042  2 x sku-17`
pub(crate) fn event_line(event: &Event, json: &Json, paint: Paint) -> String {
    let facts = match &event.data {
        Some(data) if json.knows(type_name(&data.type_url)) => {
            let mut fields = json.brief().any(data);
            // The type is in a column of its own.
            fields.as_object_mut().map(|fields| fields.remove("@type"));
            facts_about(&fields, &event.subject)
        }
        Some(data) if !data.value.is_empty() => format!("{} bytes", data.value.len()),
        _ => String::new(),
    };
    let sequence = format!("#{}", event.sequence);
    let line = format!(
        "{}  {}  {}  {}  {facts}",
        paint.faint(&timestamp(event.time.as_ref())),
        paint.accent(&format!("{sequence:<7}")),
        paint.strong(&format!("{:<TYPE_WIDTH$}", one_line(&event.r#type))),
        format_args!("{:<SUBJECT_WIDTH$}", one_line(&event.subject)),
    );
    line.trim_end().to_owned()
}

fn type_name(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use pavane::shop::common::v1::OrderLine;
    use pavane::shop::inventory::v1::{Reservation, StockReserved};
    use prost::Message;
    use prost_types::{Any, Timestamp};

    use super::*;

    #[test]
    fn an_event_says_when_where_what_and_about_what() {
        let reservation = Reservation {
            order_id: "order-0042".to_owned(),
            reservation_id: "r-0042".to_owned(),
            lines: vec![OrderLine {
                sku: "sku-17".to_owned(),
                quantity: 2,
            }],
            ..Reservation::default()
        };
        let data = Any {
            type_url: "type.googleapis.com/shop.inventory.v1.StockReserved".to_owned(),
            value: StockReserved {
                reservation: Some(reservation),
            }
            .encode_to_vec(),
        };
        let mut event = Event {
            r#type: "shop.inventory.v1.StockReserved".to_owned(),
            subject: "order-0042".to_owned(),
            sequence: 5120,
            time: Some(Timestamp {
                seconds: 1_795_396_329,
                nanos: 114_000_000,
            }),
            data: Some(data),
            ..Event::default()
        };
        let json = Json::new();
        insta::assert_snapshot!(event_line(&event, &json, Paint::PLAIN), @"2026-11-23T01:12:09.114Z  #5120    shop.inventory.v1.StockReserved       order-0042        2 x sku-17, reservation r-0042");
        let started = pavane::workflow::v1::ExecutionStarted {
            workflow: "place-order".to_owned(),
            input: vec![7; 84].into(),
            ..Default::default()
        };
        event.data = Some(Any {
            type_url: "x/pavane.workflow.v1.ExecutionStarted".to_owned(),
            value: started.encode_to_vec(),
        });
        let line = event_line(&event, &json, Paint::PLAIN);
        assert!(
            line.ends_with("  input 84 bytes, workflow place-order"),
            "{line}"
        );
        event.data = Some(Any {
            type_url: "x/acme.v1.Thing".to_owned(),
            value: vec![0; 3],
        });
        insta::assert_snapshot!(event_line(&event, &json, Paint::PLAIN), @"2026-11-23T01:12:09.114Z  #5120    shop.inventory.v1.StockReserved       order-0042        3 bytes");
    }
}

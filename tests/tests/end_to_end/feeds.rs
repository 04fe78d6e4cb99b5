//! A service's feed, followed by somebody who has only `grpcurl`.

use pavane_tests::grpcurl::Grpcurl;
use serde_json::{Value, json};

use crate::demo::Demo;

const SUBSCRIBE: &str = "pavane.feed.v1.FeedService/Subscribe";

/// The events of a subscription's messages.
fn events(messages: &[Value]) -> Vec<Value> {
    let batches = messages
        .iter()
        .filter_map(|message| message["batch"]["events"].as_array());
    batches.flatten().cloned().collect()
}

fn caught_up(messages: &[Value]) -> bool {
    messages
        .iter()
        .any(|message| message.get("caughtUp").is_some())
}

#[tokio::test]
async fn a_feed_is_read_from_the_beginning_and_resumed_in_the_middle() {
    let demo = Demo::start(8).await;
    let test = "a_feed_is_read_from_the_beginning_and_resumed_in_the_middle";
    let Some(grpcurl) = Grpcurl::find(&demo.address(1), test) else {
        return;
    };

    let mut whole = grpcurl.stream(SUBSCRIBE, &json!({ "feed": "inventory" }));
    let messages = whole.documents(caught_up).await;
    assert!(messages[0].get("started").is_some(), "{}", messages[0]);
    let all = events(&messages);
    assert!(
        all.len() >= 8,
        "each order reserves stock: {} events",
        all.len()
    );
    for (at, event) in all.iter().enumerate() {
        assert_eq!(event["sequence"], (at + 1).to_string(), "{event}");
    }
    let kind = &all[0]["type"];
    assert_eq!(kind, "shop.inventory.v1.StockReserved");
    assert_eq!(
        all[0]["data"]["@type"],
        format!("type.googleapis.com/{}", text(kind))
    );

    // After each event in turn, what comes is what came after it.
    for middle in [0, all.len() / 2, all.len() - 1] {
        let request = json!({ "feed": "inventory", "after": all[middle]["cursor"] });
        let mut resumed = grpcurl.stream(SUBSCRIBE, &request);
        let rest = events(&resumed.documents(caught_up).await);
        assert_eq!(
            rest,
            all[middle + 1..],
            "resumed after {}",
            all[middle]["cursor"]
        );
    }

    // The first subscription is still there when the server goes, and is told.
    demo.stop().await;
    let ended = whole.ended().await;
    assert!(ended.stdout.contains("\"draining\""), "{}", ended.stdout);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
}

#[tokio::test]
async fn a_cursor_that_makes_no_sense_is_refused_with_its_reason() {
    let demo = Demo::start(3).await;
    let test = "a_cursor_that_makes_no_sense_is_refused_with_its_reason";
    let Some(inventory) = Grpcurl::find(&demo.address(1), test) else {
        return;
    };
    let Some(payment) = Grpcurl::find(&demo.address(2), test) else {
        return;
    };
    let feed = inventory
        .call(
            "pavane.feed.v1.FeedService/GetFeed",
            &json!({ "feed": "inventory" }),
        )
        .await;
    let cursor = text(&feed["feed"]["headCursor"]);

    let refused = async |grpcurl: &Grpcurl, request: Value| {
        let ended = grpcurl.call_to_the_end(SUBSCRIBE, &request, &[]).await;
        assert_ne!(ended.code, Some(0), "{request}: {}", ended.stdout);
        ended.stderr
    };
    let foreign = refused(&payment, json!({ "feed": "payment", "after": cursor })).await;
    assert!(foreign.contains("FailedPrecondition"), "{foreign}");
    let mistyped = refused(
        &inventory,
        json!({ "feed": "inventory", "after": "nonsense" }),
    )
    .await;
    assert!(mistyped.contains("InvalidArgument"), "{mistyped}");
    let unknown = refused(&inventory, json!({ "feed": "inventry" })).await;
    assert!(
        unknown.contains("NotFound") && unknown.contains("inventory"),
        "{unknown}"
    );
    demo.stop().await;
}

fn text(value: &Value) -> &str {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no text"))
}

//! Feeds of real services, followed by `curl`.

use pavane_tests::shop::{Role, Setup, Shop};
use pavane_tests::{http, orders};
use serde_json::{Value, json};

use crate::follower::{Event, Follower};

const LIST_EVENTS: &str = "/pavane.feed.v1.FeedService/ListEvents";

/// A shop with an inventory to sell from.
async fn open() -> Shop {
    let mut shop = Shop::prepare();
    shop.open(Setup::default(), &pavane_tests::shop::SERVICES)
        .await;
    shop.stock_up(orders::catalog()).await;
    shop
}

/// Reserves stock for the orders of these numbers: an event each.
async fn reserve(shop: &Shop, numbers: std::ops::Range<usize>) {
    for number in numbers {
        let request = json!({
            "orderId": format!("order-{number}"),
            "lines": [{ "sku": "sku-1", "quantity": 1 }],
        });
        let path = "/shop.inventory.v1.InventoryService/ReserveStock";
        let answer = http::post(&shop.address(Role::Inventory), path, &request).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
}

/// The ids of all events of the feed, as the feed lists them.
async fn listed(shop: &Shop) -> Vec<Value> {
    let request = json!({ "feed": "inventory", "pageSize": 1000 });
    let answer = http::post(&shop.address(Role::Inventory), LIST_EVENTS, &request).await;
    let events = answer.json()["events"].take();
    let events = events.as_array().expect("there are events");
    events.iter().map(|event| event["id"].clone()).collect()
}

fn ids(events: &[Event]) -> Vec<Value> {
    events
        .iter()
        .map(|event| event.data["id"].clone())
        .collect()
}

#[tokio::test]
async fn a_follower_that_is_killed_goes_on_without_gap_or_duplicate() {
    if !Follower::can_be_had("a_follower_that_is_killed_goes_on_without_gap_or_duplicate") {
        return;
    }
    let shop = open().await;
    let address = shop.address(Role::Inventory);
    let (mut events, mut last_id) = (Vec::new(), String::new());
    let mut number = 0;
    for _ in 0..4 {
        // Some while it is away, some while it is there.
        reserve(&shop, number..number + 5).await;
        let mut follower = Follower::start(&address, "inventory", "", &last_id);
        let follow = follower.heard(|heard| heard.events.len() >= 3);
        let (_, _) = tokio::join!(follow, reserve(&shop, number + 5..number + 10));
        number += 10;
        let heard = follower.kill().await;
        last_id = heard.last_id;
        events.extend(heard.events);
    }
    let head = listed(&shop).await;
    let rest = head.len() - events.len();
    let mut follower = Follower::start(&address, "inventory", "", &last_id);
    let heard = follower.heard(|heard| heard.events.len() >= rest).await;
    events.extend(heard.events);
    assert_eq!(ids(&events), head);
    for event in &events {
        assert_eq!(event.data["type"], event.kind);
        assert_eq!(event.data["specversion"], "1.0");
        assert!(
            event.data["data"]["reservation"].is_object(),
            "{}",
            event.data
        );
    }
}

#[tokio::test]
async fn a_follower_goes_on_after_the_server_was_killed_or_has_drained() {
    if !Follower::can_be_had("a_follower_goes_on_after_the_server_was_killed_or_has_drained") {
        return;
    }
    let mut shop = open().await;
    let address = shop.address(Role::Inventory);
    reserve(&shop, 0..3).await;
    let mut follower = Follower::start(&address, "inventory", "", "");
    follower.heard(|heard| heard.events.len() == 3).await;
    shop.kill(Role::Inventory).await;
    let (code, before) = follower.ended().await;
    assert_ne!(code, Some(0), "it was cut off");

    shop.revive(Role::Inventory).await;
    reserve(&shop, 3..5).await;
    let mut follower = Follower::start(&address, "inventory", "", &before.last_id);
    follower.heard(|heard| heard.events.len() == 2).await;
    // What goes away in good order says how long to wait.
    shop.process(Role::Inventory).terminate().await;
    let (code, after) = follower.ended().await;
    assert_eq!((code, after.retry.as_deref()), (Some(0), Some("1000")));

    shop.end(Role::Inventory).await;
    shop.revive(Role::Inventory).await;
    let events = [before.events, after.events].concat();
    assert_eq!(ids(&events), listed(&shop).await);
}

#[tokio::test]
async fn who_resumes_what_a_filter_rejects_does_not_read_it_again() {
    if !Follower::can_be_had("who_resumes_what_a_filter_rejects_does_not_read_it_again") {
        return;
    }
    let shop = open().await;
    let address = shop.address(Role::Inventory);
    reserve(&shop, 0..20).await;
    let query = "?type=shop.nothing.v1.*&subject=order-1";
    let mut follower = Follower::start(&address, "inventory", query, "");
    // Cursors name the position.
    let head = listed(&shop).await.len();
    let heard = follower
        .heard(|heard| heard.last_id.contains(&format!("-{head}-")))
        .await;
    assert_eq!(heard.events, []);
}

#[tokio::test]
async fn a_cursor_of_another_feed_and_a_feed_that_is_none_are_refused() {
    if !Follower::can_be_had("a_cursor_of_another_feed_and_a_feed_that_is_none_are_refused") {
        return;
    }
    let shop = open().await;
    reserve(&shop, 0..1).await;
    let (inventory, payment) = (shop.address(Role::Inventory), shop.address(Role::Payment));
    let mut follower = Follower::start(&inventory, "inventory", "", "");
    let heard = follower.heard(|heard| heard.events.len() == 1).await;
    for (address, feed, last_id, status) in [
        (&payment, "payment", heard.last_id.as_str(), 410),
        (&inventory, "inventory", "nonsense", 400),
        (&inventory, "inventry", "", 404),
    ] {
        let output = std::process::Command::new("curl")
            .args(["--silent", "--write-out", "%{http_code}", "--header"])
            .arg(format!("Last-Event-ID: {last_id}"))
            .arg(format!("http://{address}/feeds/{feed}/events"))
            .output()
            .expect("there is a curl");
        let answer = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(answer.ends_with(&status.to_string()), "{feed}: {answer}");
    }
}

//! The inventory's feed tells what its state says, since both are one commit.

use pavane::feed::v1::feed_service_client::FeedServiceClient;
use pavane::feed::v1::{Event, ListEventsRequest};
use pavane::shop::inventory::v1::{Reservation, StockReleased, StockReserved};
use pavane_kit::client::{compensating, keyed};
use prost_types::Any;

use crate::{Shop, release, reserve};

async fn events(shop: &Shop) -> Vec<Event> {
    let mut feeds = FeedServiceClient::new(shop.channel.clone());
    let request = ListEventsRequest {
        feed: "inventory".to_owned(),
        page_size: 1_000,
        ..ListEventsRequest::default()
    };
    feeds
        .list_events(request)
        .await
        .unwrap()
        .into_inner()
        .events
}

fn reservation(event: &Event) -> Reservation {
    let data: &Any = event.data.as_ref().unwrap();
    let reservation = match event.r#type.as_str() {
        "shop.inventory.v1.StockReserved" => {
            let event: StockReserved = prost::Message::decode(&data.value[..]).unwrap();
            event.reservation
        }
        "shop.inventory.v1.StockReleased" => {
            let event: StockReleased = prost::Message::decode(&data.value[..]).unwrap();
            event.reservation
        }
        other => panic!("unexpected event {other}"),
    };
    reservation.unwrap()
}

#[tokio::test]
async fn events_name_their_order_their_execution_and_their_trace() {
    let mut shop = Shop::open().await;
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let mut request = keyed(reserve("o-1", &[("a", 2)]), "exec-1/reserve").unwrap();
    request
        .metadata_mut()
        .insert("traceparent", trace.parse().unwrap());
    shop.inventory.reserve_stock(request).await.unwrap();
    let undo = compensating(release("o-1"), "exec-1/reserve").unwrap();
    shop.inventory.release_stock(undo).await.unwrap();

    let events = events(&shop).await;
    let types: Vec<_> = events.iter().map(|event| event.r#type.as_str()).collect();
    assert_eq!(
        types,
        [
            "shop.inventory.v1.StockReserved",
            "shop.inventory.v1.StockReleased"
        ]
    );
    for event in &events {
        assert_eq!(event.subject, "o-1");
        assert_eq!(event.source, "/inventory");
        assert_eq!(event.correlation_id, "exec-1");
        // Whoever reads the event can decode it by its type's descriptor.
        assert!(
            pavane::descriptor_pool()
                .get_message_by_name(&event.r#type)
                .is_some()
        );
    }
    assert_eq!(events[0].traceparent, trace);
}

#[tokio::test]
async fn the_feed_replayed_is_the_state() {
    let mut shop = Shop::open().await;
    let mut calls = tokio::task::JoinSet::new();
    for order in 0..30 {
        let mut inventory = shop.inventory.clone();
        calls.spawn(async move {
            let order_id = format!("o-{order}");
            let key = format!("exec-{order}/reserve");
            for _ in 0..2 {
                let request = keyed(reserve(&order_id, &[("a", 1)]), &key).unwrap();
                let _ = inventory.reserve_stock(request).await;
            }
            if order % 2 == 0 {
                let undo = compensating(release(&order_id), &key).unwrap();
                inventory.release_stock(undo).await.unwrap();
            }
        });
    }
    calls.join_all().await;

    let mut replayed = std::collections::BTreeMap::new();
    for event in events(&shop).await {
        let reservation = reservation(&event);
        let before = replayed.insert(reservation.order_id.clone(), reservation.clone());
        assert_eq!(before.is_some(), reservation.released, "{reservation:?}");
    }
    assert_eq!(
        shop.reservations().await,
        replayed.into_values().collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn a_refused_call_leaves_no_event() {
    let mut shop = Shop::open().await;
    shop.inventory
        .reserve_stock(reserve("o-1", &[("a", 11)]))
        .await
        .unwrap_err();
    shop.inventory.release_stock(release("o-1")).await.unwrap();
    assert!(events(&shop).await.is_empty());
}

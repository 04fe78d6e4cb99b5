//! Reading about one subject costs what there is about it, however much lies between.

use pavane::feed::v1 as pb;
use pavane::feed::v1::feed_service_client::FeedServiceClient;
use pavane_feed::{Delivery, Filter, Sequence, ServiceOptions, Start};

use crate::service::Served;
use crate::support::{Fixture, append, event, fixture_with, ids, next};

/// Events about something else, 64 KiB each.
const BETWEEN: usize = 160;

/// Three events about `wanted`, at the beginning, in the middle and at the end of 20 MiB.
async fn haystack() -> Fixture {
    let fixture = fixture_with(|options| options.limits.live_bytes = 0);
    for id in 1..=3 {
        append(
            &fixture.store,
            &fixture.feed,
            vec![event("beside", "same commit"), event("wanted", id)],
        )
        .await;
        for _ in 0..BETWEEN {
            let mut other = event("other", "x");
            other.tracestate = "x".repeat(64 << 10);
            append(&fixture.store, &fixture.feed, vec![other]).await;
        }
    }
    fixture
}

fn wanted() -> pb::Filter {
    pb::Filter {
        subjects: vec!["wanted".to_owned()],
        ..pb::Filter::default()
    }
}

#[tokio::test]
async fn listing_a_subject_does_not_scan_the_feed() {
    let fixture = haystack().await;
    let options = ServiceOptions {
        scanned_bytes: 300 << 10,
        ..ServiceOptions::default()
    };
    let served = Served::start(fixture.store.clone(), "127.0.0.1:0", options).await;
    let mut client = FeedServiceClient::new(served.channel());
    let mut list = async |page_size, page_token| {
        let request = pb::ListEventsRequest {
            feed: "orders".to_owned(),
            filter: Some(wanted()),
            page_size,
            page_token,
            ..pb::ListEventsRequest::default()
        };
        client.list_events(request).await.unwrap().into_inner()
    };
    let whole = list(0, String::new()).await;
    assert_eq!(ids(&whole.events), ["1", "2", "3"]);
    assert_eq!(whole.next_page_token, "", "one page is enough");
    assert_eq!(whole.cursor, fixture.feed.cursor(fixture.feed.head()));

    let first = list(2, String::new()).await;
    assert_eq!(ids(&first.events), ["1", "2"]);
    let rest = list(2, first.next_page_token).await;
    assert_eq!(ids(&rest.events), ["3"]);
    assert_eq!(rest.next_page_token, "");
}

#[tokio::test]
async fn a_subscriber_to_one_subject_does_not_scan_the_feed() {
    let fixture = haystack().await;
    let filter = Filter::parse(wanted()).unwrap();
    let mut subscription = fixture.feed.subscribe(Start::Earliest, filter).unwrap();
    assert!(matches!(
        next(&mut subscription).await,
        Delivery::Started { .. }
    ));
    // A scan would tell of its progress on the way.
    for id in ["1", "2", "3"] {
        let Delivery::Batch(events) = next(&mut subscription).await else {
            panic!("expected event {id}")
        };
        assert_eq!(ids(&events), [id]);
    }
    let head = fixture.feed.head();
    let caught_up = Delivery::CaughtUp { position: head };
    assert_eq!(next(&mut subscription).await, caught_up);
    append(&fixture.store, &fixture.feed, vec![event("wanted", 4)]).await;
    let mut delivery = next(&mut subscription).await;
    while !matches!(delivery, Delivery::Batch(_)) {
        delivery = next(&mut subscription).await;
    }
    assert_eq!(subscription.position(), head.next());
}

#[tokio::test]
async fn a_subject_of_which_something_was_trimmed_is_not_read_across_the_gap() {
    let fixture = haystack().await;
    let subscribe = |start| {
        let filter = Filter::parse(wanted()).unwrap();
        fixture.feed.subscribe(start, filter).unwrap()
    };
    let mut told = subscribe(Start::After(Sequence::ZERO));
    let mut floating = subscribe(Start::Earliest);
    fixture.feed.trim(Sequence::new(100)).await.unwrap();
    next(&mut told).await;
    let error = told.next().await.unwrap().unwrap_err();
    assert!(
        matches!(error, pavane_feed::Error::Expired { .. }),
        "{error}"
    );
    next(&mut floating).await;
    let Delivery::Batch(events) = next(&mut floating).await else {
        panic!("expected what is left")
    };
    assert_eq!(ids(&events), ["2"]);
}

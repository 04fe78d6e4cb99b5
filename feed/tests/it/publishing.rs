//! Publishing: idempotent by request id, conditional on the head.

use pavane::feed::v1::Event;
use pavane_feed::{Appended, Error, Publish, Sequence, Store};

use crate::support::{Fixture, event, fixture, fixture_with, options};

async fn publish(fixture: &Fixture, publish: Publish) -> Result<Appended, Error> {
    let place = fixture.store.reserve().await?;
    fixture.store.publish(place, &fixture.feed, publish).await
}

fn request(id: &str, events: Vec<Event>) -> Publish {
    Publish {
        events,
        request_id: id.to_owned(),
        ..Publish::default()
    }
}

fn unnamed() -> Event {
    let attributes = (0..9).map(|n| (format!("a{n}"), n.to_string())).collect();
    Event {
        r#type: "t".to_owned(),
        attributes,
        ..Event::default()
    }
}

#[tokio::test]
async fn a_repeated_request_is_answered_as_the_first_and_appends_nothing() {
    let fixture = fixture();
    let first = publish(&fixture, request("r", vec![unnamed(), unnamed()]))
        .await
        .unwrap();
    let (one, two) = (Sequence::new(1), Sequence::new(2));
    assert_eq!(
        first,
        Appended {
            first: one,
            last: two,
            duplicate: false
        }
    );
    let again = publish(&fixture, request("r", vec![unnamed(), unnamed()]))
        .await
        .unwrap();
    assert_eq!(
        again,
        Appended {
            duplicate: true,
            ..first
        }
    );
    assert_eq!(fixture.feed.head(), two);

    fixture.store.close().await;
    let store = Store::open(options(fixture.folder.path())).unwrap();
    let reopened = Fixture {
        feed: store.find_feed("orders").unwrap(),
        store,
        ..fixture
    };
    let again = publish(&reopened, request("r", vec![unnamed(), unnamed()]))
        .await
        .unwrap();
    assert_eq!(
        again,
        Appended {
            duplicate: true,
            ..first
        }
    );
}

#[tokio::test]
async fn repetitions_in_flight_together_append_once() {
    let fixture = fixture();
    let all = (0..50).map(|_| publish(&fixture, request("r", vec![unnamed()])));
    let answers = futures_util::future::join_all(all).await;
    let appended = answers
        .into_iter()
        .filter(|answer| !answer.as_ref().unwrap().duplicate);
    assert_eq!(appended.count(), 1);
    assert_eq!(fixture.feed.head(), Sequence::new(1));
}

#[tokio::test]
async fn a_request_id_with_other_events_is_refused() {
    let fixture = fixture();
    publish(&fixture, request("r", vec![event("o", 1)]))
        .await
        .unwrap();
    let reused = publish(&fixture, request("r", vec![event("o", 2)]))
        .await
        .unwrap_err();
    let first = Sequence::new(1);
    assert!(
        matches!(&reused, Error::RequestReused { request_id, first: f, last } if
            request_id == "r" && *f == first && *last == first),
        "{reused}"
    );
}

#[tokio::test]
async fn only_the_newest_request_ids_are_remembered() {
    let fixture = fixture_with(|options| options.limits.request_ids = 3);
    for id in ["a", "b", "c", "d"] {
        publish(&fixture, request(id, vec![event("o", id)]))
            .await
            .unwrap();
    }
    let repeated = async |id: &str| {
        publish(&fixture, request(id, vec![event("o", id)]))
            .await
            .unwrap()
            .duplicate
    };
    assert!(repeated("b").await);
    assert!(repeated("d").await);
    assert!(!repeated("a").await, "the oldest should be forgotten");
    assert!(
        !repeated("b").await,
        "the next oldest should have made room"
    );
}

#[tokio::test]
async fn an_expected_head_guards_an_append() {
    let fixture = fixture();
    let expecting = |head| Publish {
        events: vec![unnamed()],
        expected_head: Some(Sequence::new(head)),
        ..Publish::default()
    };
    publish(&fixture, expecting(0)).await.unwrap();
    let refused = publish(&fixture, expecting(0)).await.unwrap_err();
    assert!(
        matches!(refused, Error::UnexpectedHead { head, .. } if head == Sequence::new(1)),
        "{refused}"
    );
    publish(&fixture, expecting(1)).await.unwrap();
}

#[tokio::test]
async fn a_request_without_events_or_with_a_malformed_one_is_refused() {
    let fixture = fixture();
    let empty = publish(&fixture, request("", vec![])).await.unwrap_err();
    assert!(
        matches!(
            empty,
            Error::InvalidField {
                field: "events",
                ..
            }
        ),
        "{empty}"
    );
    let untyped = publish(&fixture, request("", vec![Event::default()]))
        .await
        .unwrap_err();
    assert!(
        matches!(untyped, Error::InvalidEvent { field: "type", .. }),
        "{untyped}"
    );
    let long = publish(&fixture, request(&"x".repeat(129), vec![unnamed()]))
        .await
        .unwrap_err();
    assert!(
        matches!(
            long,
            Error::InvalidField {
                field: "request_id",
                ..
            }
        ),
        "{long}"
    );
    assert_eq!(fixture.feed.head(), Sequence::ZERO);
}

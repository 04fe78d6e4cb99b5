//! The feeds of `pavane-feed` keep what the contract promises.

use pavane::feed::v1::Event;
use pavane::feed::v1::feed_service_server::FeedServiceServer;
use pavane_conformance::feed::{Options, run};
use pavane_feed::{Error, Service, ServiceOptions};

use crate::server::Served;

fn serve(service: Service) -> FeedServiceServer<Service> {
    FeedServiceServer::new(service)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_feeds_keep_every_promise() {
    let served = Served::start(|store, shutdown| {
        serve(Service::new(store, ServiceOptions::default(), shutdown))
    })
    .await;
    let options = Options {
        events: 1_000,
        powers: served.powers(),
        ..Options::new(served.address.to_string())
    };
    let report = run(options, |_| {}).await.unwrap();
    assert_eq!((report.failed(), report.skipped()), (0, 0), "{report}");
}

#[tokio::test]
async fn a_feed_that_its_owner_writes_is_checked_by_reading() {
    let served = Served::start(|store, shutdown| {
        serve(Service::new(store, ServiceOptions::default(), shutdown))
    })
    .await;
    let store = served.store().await;
    let feed = store.find_feed("owned").unwrap();
    for number in 0..200 {
        let feed = feed.clone();
        let appending = store.transact(move |transaction| {
            for part in 0..=number % 3 {
                let event = Event {
                    r#type: format!("shop.v1.Part{part}"),
                    subject: format!("order-{}", number % 7),
                    correlation_id: format!("{number}"),
                    ..Event::default()
                };
                transaction.append(&feed, event)?;
            }
            Ok::<_, Error>(())
        });
        appending.await.unwrap();
    }
    let mut options = Options::new(format!("http://{}", served.address));
    options.feed = Some("owned".to_owned());
    options.events = 300;
    let head = feed.head();
    let report = run(options, |_| {}).await.unwrap();
    assert_eq!(report.failed(), 0, "{report}");
    assert!(report.passed() > 20, "{report}");
    assert_eq!(feed.head(), head, "nothing is appended");
    assert_eq!(store.feeds().len(), 1, "nothing is made");
}

#[tokio::test]
async fn whom_nobody_can_reach_is_an_error_and_not_a_failed_check() {
    let error = run(Options::new("127.0.0.1:1"), |_| {}).await.unwrap_err();
    assert!(error.to_string().starts_with("cannot reach 127.0.0.1:1: "));
    let error = run(Options::new("no address"), |_| {}).await.unwrap_err();
    assert!(error.to_string().starts_with("`no address` is no target"));
}

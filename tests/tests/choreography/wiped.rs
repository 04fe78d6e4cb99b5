//! A participant whose data is gone: whoever held a place in its feed is told that it is another
//! one, and goes on when an operator has said so. Nobody resumes where nothing is.

use std::fs;

use pavane::feed::v1::feed_service_client::FeedServiceClient;
use pavane::feed::v1::subscribe_request::Start;
use pavane::feed::v1::{GetFeedRequest, SubscribeRequest};
use pavane::workflow::v1::GetParticipantResponse;
use pavane_tests::shop::{Role, Setup};
use pavane_tests::tail::Tail;
use pavane_tests::until;
use tonic::Code;

use crate::steps::{client, completes, describe, open_shop, sound_orders, undoes, wait_all};
use crate::workflows::{PLACE_ORDER, deploy};

/// What is wrong with shipping, in the eyes of another.
fn problem(described: &GetParticipantResponse) -> &str {
    let mut peers = described.peers.iter();
    let shipping = peers.find(|peer| peer.name == "shipping");
    shipping.map_or("", |peer| &peer.problem)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_feed_that_was_made_anew_is_not_taken_for_the_old_one() {
    let mut shop = open_shop(Setup::default()).await;
    let orders = sound_orders(5);
    let mut client = client(&shop);
    client.start(&orders[0]).await.expect("it can be started");
    wait_all(&shop, &orders[..1], |_| true).await;
    let mut feeds = FeedServiceClient::new(shop.channel(Role::Shipping));
    let of_shipping = GetFeedRequest {
        feed: "shipping".to_owned(),
    };
    let old = feeds
        .get_feed(of_shipping.clone())
        .await
        .expect("it is served");
    let old = old.into_inner().feed.expect("it is described");

    shop.kill(Role::Shipping).await;
    let [_, stranded, canceled, later @ ..] = &orders[..] else {
        unreachable!("there are five")
    };
    client.start(stranded).await.expect("it can be started");
    client.start(canceled).await.expect("it can be started");
    let mut payment = Tail::start(shop.channel(Role::Payment), "payment").await;
    payment.until(3, |event| completes(event, "charge")).await;
    fs::remove_dir_all(shop.data_of(Role::Shipping)).expect("it is ours");
    shop.revive(Role::Shipping).await;

    // Whoever has a cursor of the old feed is told so, whatever is in the new one.
    let request = SubscribeRequest {
        feed: "shipping".to_owned(),
        start: Some(Start::After(old.head_cursor)),
        ..SubscribeRequest::default()
    };
    let mut feeds = FeedServiceClient::new(shop.channel(Role::Shipping));
    let refused = feeds
        .subscribe(request)
        .await
        .expect_err("it is another feed");
    assert_eq!(refused.code(), Code::FailedPrecondition, "{refused:?}");
    for role in [Role::Inventory, Role::Payment] {
        let described = until(|| describe(&shop, role), |it| !problem(it).is_empty()).await;
        let problem = problem(&described);
        assert!(
            problem.contains("incarnation"),
            "{}: {problem}",
            role.name()
        );
    }

    client.cancel(&canceled.order_id).await.expect("it lives");

    // Prepared again, all listen to the new one from its beginning.
    let deployed = deploy(&shop, PLACE_ORDER).await.expect("all are there");
    assert_eq!(deployed.choreography_problem, "");
    for role in [Role::Inventory, Role::Payment] {
        assert_eq!(problem(&describe(&shop, role).await), "", "{}", role.name());
    }
    for order in later {
        client.start(order).await.expect("it can be started");
    }
    wait_all(&shop, later, |_| true).await;

    // What was on its way to the old one is for the new one to do: what goes on, and what is called off.
    wait_all(&shop, std::slice::from_ref(stranded), |_| true).await;
    let outcome = client.wait(&canceled.order_id).await.expect("it is known");
    let outcome = outcome.expect("it has ended");
    let status = outcome.expect_err("it was canceled");
    assert_eq!(status.code(), Code::Cancelled, "{status:?}");
    let mut payment = Tail::start(shop.channel(Role::Payment), "payment").await;
    let refunds = |event: &_| undoes(event, "charge") && event.subject == canceled.order_id;
    payment.until(1, refunds).await;
}

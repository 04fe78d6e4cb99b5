//! What a sidecar serves, and when it does not start.

use pavane::feed::v1::GetFeedRequest;
use pavane::feed::v1::feed_service_client::FeedServiceClient;
use pavane::workflow::v1::GetParticipantRequest;
use pavane::workflow::v1::participant_service_client::ParticipantServiceClient;
use pavane_sidecar::Error;

use crate::stage::{anywhere, connect, shipping_options, vacant};

#[tokio::test(flavor = "multi_thread")]
async fn a_sidecar_says_who_it_is_and_serves_its_feed() {
    let data = tempfile::tempdir().unwrap();
    let options = shipping_options(data.path(), anywhere(), vacant());
    let sidecar = pavane_sidecar::start(options).await.unwrap();
    let channel = connect(sidecar.local_addr());

    let mut participants = ParticipantServiceClient::new(channel.clone());
    let answer = participants.get_participant(GetParticipantRequest {}).await;
    let member = answer.unwrap().into_inner().participant.unwrap();
    assert_eq!(
        (member.name.as_str(), member.feed.as_str()),
        ("shipping", "shipping")
    );
    assert_eq!(member.services, ["shop.shipping.v1.ShippingService"]);

    let request = GetFeedRequest {
        feed: "shipping".to_owned(),
    };
    let answer = FeedServiceClient::new(channel).get_feed(request).await;
    let feed = answer.unwrap().into_inner().feed.unwrap();
    assert_eq!(feed.incarnation, member.incarnation);
    sidecar.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_start_says_why_in_a_line() {
    let data = tempfile::tempdir().unwrap();
    let check = async |change: &dyn Fn(&mut pavane_sidecar::Options), expected: &str| {
        let mut options = shipping_options(data.path(), anywhere(), vacant());
        change(&mut options);
        let error: Error = pavane_sidecar::start(options).await.err().unwrap();
        let text = error.to_string();
        assert!(text.contains(expected), "{text}");
    };
    check(&|options| options.services.clear(), "none is named").await;
    check(
        &|options| options.services = vec!["a.v1.A/Do".to_owned()],
        "`a.v1.A/Do` is not the full name",
    )
    .await;
    check(&|options| options.name = "No Name".to_owned(), "No Name").await;
    let taken = std::net::TcpListener::bind(anywhere()).unwrap();
    let taken = taken.local_addr().map(|address| (taken, address)).unwrap();
    check(&|options| options.listen = taken.1, "already in use").await;
    let sidecar = shipping_options(data.path(), anywhere(), vacant());
    let sidecar = pavane_sidecar::start(sidecar).await.unwrap();
    check(&|_| {}, "in use by another").await;
    sidecar.shutdown().await.unwrap();
}

//! A feed as it is written down, read page by page.

use pavane::feed::v1::feed_service_client::FeedServiceClient;
use pavane::feed::v1::{Event, ListEventsRequest};
use tonic::transport::Channel;

/// All events of a feed, in order.
pub async fn read(channel: Channel, feed: &str) -> Vec<Event> {
    let mut client = FeedServiceClient::new(channel).max_decoding_message_size(64 << 20);
    let mut request = ListEventsRequest {
        feed: feed.to_owned(),
        page_size: 1_000,
        ..ListEventsRequest::default()
    };
    let mut events = Vec::new();
    loop {
        let page = client.list_events(request.clone()).await;
        let page = page
            .unwrap_or_else(|status| panic!("{feed}: {status}"))
            .into_inner();
        events.extend(page.events);
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            return events;
        }
    }
}

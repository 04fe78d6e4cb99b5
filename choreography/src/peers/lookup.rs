//! Where a peer's feed stands at this moment: asked once, when a part is prepared.

use std::time::Duration;

use pavane::feed::v1::GetFeedRequest;
use pavane::feed::v1::feed_service_client::FeedServiceClient;
use pavane::workflow::v1::Member;

use super::follow::channel;
use crate::Error;

/// Where a feed begins and ends.
#[derive(Debug)]
pub(crate) struct Position {
    pub(crate) earliest_cursor: String,
    pub(crate) head_cursor: String,
}

/// Asks for the position of a member's feed, at this address. Errors: [`Error::InvalidTarget`],
/// [`Error::Unreachable`], [`Error::OtherIncarnation`].
pub(crate) async fn look_up(
    member: &Member,
    address: &str,
    timeout: Duration,
) -> Result<Position, Error> {
    let mut client = FeedServiceClient::new(channel(address, &member.name)?);
    let request = GetFeedRequest {
        feed: member.feed.clone(),
    };
    let unreachable = |found: String| Error::Unreachable {
        name: member.name.clone(),
        target: address.to_owned(),
        found,
    };
    let answer = tokio::time::timeout(timeout, client.get_feed(request)).await;
    let answer = answer.map_err(|_| unreachable(format!("no answer within {timeout:?}")))?;
    let answer = answer.map_err(|status| unreachable(status.message().to_owned()))?;
    let feed = answer.into_inner().feed.unwrap_or_default();
    if feed.incarnation != member.incarnation {
        return Err(Error::OtherIncarnation {
            name: member.name.clone(),
            feed: member.feed.clone(),
            found: feed.incarnation,
            expected: member.incarnation.clone(),
        });
    }
    Ok(Position {
        earliest_cursor: feed.earliest_cursor,
        head_cursor: feed.head_cursor,
    })
}

//! What is asked of a peer's feed once, when a part is prepared: where it stands at this moment, and what
//! it has of executions that were started before.

use std::time::Duration;

use pavane::feed::v1::feed_service_client::FeedServiceClient;
use pavane::feed::v1::{Filter, GetFeedRequest, ListEventsRequest};
use pavane::workflow::v1::Member;
use pavane_flow::choreography::member::Heard;
use tonic::transport::Channel;

use super::Place;
use super::follow::channel;
use crate::{Error, Host};

/// Where a feed begins and ends.
#[derive(Debug)]
pub(crate) struct Position {
    pub(crate) earliest_cursor: String,
    pub(crate) head_cursor: String,
}

/// Asks for the position of a member's feed, at this address. Errors: [`Error::InvalidTarget`],
/// [`Error::Unreachable`], [`Error::OtherIncarnation`].
pub(crate) async fn look_up(
    host: &dyn Host,
    member: &Member,
    address: &str,
    timeout: Duration,
) -> Result<Position, Error> {
    let mut client = FeedServiceClient::new(channel(host, address, &member.name)?);
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

/// Reads what a peer's feed has, over one connection. A cheap clone.
#[derive(Clone)]
pub(crate) struct Reader {
    place: Place,
    client: FeedServiceClient<Channel>,
    timeout: Duration,
}

impl Reader {
    /// Errors: [`Error::InvalidTarget`], [`Error::Unreachable`].
    pub(crate) fn new(
        host: &dyn Host,
        place: Place,
        address: &str,
        timeout: Duration,
    ) -> Result<Self, Error> {
        let client = FeedServiceClient::new(channel(host, address, &place.name)?);
        Ok(Self {
            place,
            client,
            timeout,
        })
    }

    /// What the feed has of an execution. Errors: [`Error::Unreachable`].
    pub(crate) async fn events_of(mut self, execution: &str) -> Result<Vec<Heard>, Error> {
        let mut events = Vec::new();
        let mut request = ListEventsRequest {
            feed: self.place.feed.clone(),
            filter: Some(Filter {
                // By one subject alone, a feed finds them without a search.
                subjects: vec![execution.to_owned()],
                ..Filter::default()
            }),
            ..ListEventsRequest::default()
        };
        loop {
            let listing = self.client.list_events(request.clone());
            let page = match tokio::time::timeout(self.timeout, listing).await {
                Ok(Ok(page)) => page.into_inner(),
                Ok(Err(status)) => return Err(self.unreachable(status.message())),
                Err(_) => {
                    let late = format!("no answer within {:?}", self.timeout);
                    return Err(self.unreachable(&late));
                }
            };
            events.extend(page.events.into_iter().map(Heard::from));
            if page.next_page_token.is_empty() {
                return Ok(events);
            }
            request.page_token = page.next_page_token;
        }
    }

    fn unreachable(&self, found: &str) -> Error {
        Error::Unreachable {
            name: self.place.name.clone(),
            target: self.place.target.clone(),
            found: found.to_owned(),
        }
    }
}

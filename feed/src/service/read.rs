//! GetFeed, ListFeeds and ListEvents: looking at what is there.

use pavane::feed::v1 as pb;

use super::Service;
use crate::page::PageLimits;
use crate::{Access, Error, Feed, Filter};

const DEFAULT_PAGE: usize = 100;
const LARGEST_PAGE: usize = 1_000;
/// Bytes of the events of a page: well below what a client receives by default (4 MiB).
const PAGE_BYTES: usize = 2 << 20;

impl Service {
    pub(super) fn describe_feed(
        &self,
        request: &pb::GetFeedRequest,
    ) -> Result<pb::GetFeedResponse, Error> {
        let feed = self.store.find_feed(&request.feed)?;
        Ok(pb::GetFeedResponse {
            feed: Some(describe(&feed)),
        })
    }

    /// A page token of feeds is the name of the last feed of the page before.
    pub(super) fn page_of_feeds(
        &self,
        request: pb::ListFeedsRequest,
    ) -> Result<pb::ListFeedsResponse, Error> {
        let size = page_size(request.page_size);
        let after = request.page_token;
        let known = after.is_empty() || self.store.find_feed(&after).is_ok();
        if !known {
            return Err(invalid_token());
        }
        let feeds = self.store.feeds();
        let start = feeds.partition_point(|feed| !after.is_empty() && feed.name() <= &*after);
        let page = &feeds[start..feeds.len().min(start + size)];
        let more = start + page.len() < feeds.len();
        let last = page
            .last()
            .filter(|_| more)
            .map(|feed| feed.name().to_owned());
        Ok(pb::ListFeedsResponse {
            feeds: page.iter().map(describe).collect(),
            next_page_token: last.unwrap_or_default(),
        })
    }

    /// A page token of events is the cursor at which the page before ended.
    pub(super) fn page_of_events(
        &self,
        request: pb::ListEventsRequest,
    ) -> Result<pb::ListEventsResponse, Error> {
        let feed = self.store.find_feed(&request.feed)?;
        let filter = Filter::parse(request.filter.unwrap_or_default())?;
        let after = if !request.page_token.is_empty() {
            feed.parse_cursor(&request.page_token)
                .map_err(|_| invalid_token())?
        } else if !request.after.is_empty() {
            feed.parse_cursor(&request.after)?
        } else {
            feed.earliest().previous()
        };
        let limits = PageLimits {
            events: page_size(request.page_size),
            event_bytes: PAGE_BYTES,
            scanned_bytes: self.options.scanned_bytes,
        };
        let page = feed.page(after, &filter, limits)?;
        let cursor = feed.cursor(page.position);
        Ok(pb::ListEventsResponse {
            events: page.events,
            next_page_token: if page.at_head {
                String::new()
            } else {
                cursor.clone()
            },
            cursor,
        })
    }
}

fn describe(feed: &Feed) -> pb::Feed {
    let (earliest, head) = (feed.earliest(), feed.head());
    pb::Feed {
        name: feed.name().to_owned(),
        incarnation: feed.incarnation().to_string(),
        earliest_sequence: earliest.get(),
        head_sequence: head.get(),
        earliest_cursor: feed.cursor(earliest.previous()),
        head_cursor: feed.cursor(head),
        publishable: feed.access() == Access::Anyone,
        create_time: Some(feed.create_time().into()),
        subscribers: u32::try_from(feed.subscribers()).unwrap_or(u32::MAX),
    }
}

/// A rule of the contract: what is requested is not negative.
fn page_size(requested: i32) -> usize {
    match usize::try_from(requested) {
        Ok(0) | Err(_) => DEFAULT_PAGE,
        Ok(size) => size.min(LARGEST_PAGE),
    }
}

fn invalid_token() -> Error {
    let problem = "is not a token that this method has returned for this feed".to_owned();
    Error::InvalidField {
        field: "page_token",
        problem,
    }
}

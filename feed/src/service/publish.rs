//! Publish: append events on behalf of others.

use pavane::feed::v1::{Durability, PublishRequest, PublishResponse};
use tokio::time::timeout;

use super::{Service, blocking};
use crate::{Access, Error, Feed, Publish, Sequence};

impl Service {
    pub(super) async fn append(&self, request: PublishRequest) -> Result<PublishResponse, Error> {
        let limit = self.options.publish_events;
        if request.events.len() > limit {
            return Err(Error::TooManyEvents {
                found: request.events.len(),
                limit,
            });
        }
        let feed = self
            .publishable_feed(request.feed, request.allow_missing)
            .await?;
        let publish = Publish {
            events: request.events,
            expected_head: request.expected_sequence.map(Sequence::new),
            request_id: request.request_id,
        };
        let place = timeout(self.options.publish_wait, self.store.reserve()).await;
        let place = place.map_err(|_| Error::QueueFull {
            limit: self.store.options().limits.waiting_transactions,
        })??;
        let appended = self.store.publish(place, &feed, publish).await?;
        Ok(PublishResponse {
            first_sequence: appended.first.get(),
            last_sequence: appended.last.get(),
            cursor: feed.cursor(appended.last),
            durability: Durability::Synced.into(),
            duplicate: appended.duplicate,
        })
    }

    async fn publishable_feed(&self, name: String, allow_missing: bool) -> Result<Feed, Error> {
        let feed = match self.store.find_feed(&name) {
            Err(Error::NotFound { .. }) if allow_missing => {
                let store = self.store.clone();
                blocking(move || store.open_or_make_feed(&name)).await?
            }
            found => found?,
        };
        match feed.access() {
            Access::Anyone => Ok(feed),
            Access::Owner => Err(Error::OwnerOnly {
                feed: feed.name().to_owned(),
            }),
        }
    }
}

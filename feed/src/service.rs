//! `pavane.feed.v1.FeedService` over a store.

/// The service.
#[derive(Debug)]
pub struct Service;
/// Its options.
#[derive(Debug)]
pub struct ServiceOptions;

//! Reading page by page, for those who cannot stream. A page may end within a commit.

use pavane::feed::v1::Event;

use crate::record::EventView;
use crate::{Error, Feed, Filter, Sequence};

/// Bytes fetched at a time.
const SLICE_BYTES: usize = 1 << 20;
/// Bytes fetched at a time where the index says what is wanted.
const INDEXED_SLICE_BYTES: usize = 64 << 10;

/// A page of events.
#[derive(Debug)]
pub(crate) struct Page {
    pub events: Vec<Event>,
    /// Everything up to here was returned or rejected.
    pub position: Sequence,
    /// The head of the feed was reached.
    pub at_head: bool,
}

/// Where a page ends, whatever comes first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PageLimits {
    pub events: usize,
    /// Encoded bytes of the events returned.
    pub event_bytes: usize,
    /// Encoded bytes of the events looked at.
    pub scanned_bytes: usize,
}

impl Feed {
    /// Reads one page. Reads the disk if need be. Errors: [`Error::Expired`].
    pub(crate) fn page(
        &self,
        after: Sequence,
        filter: &Filter,
        limits: PageLimits,
    ) -> Result<Page, Error> {
        self.check_retained(after)?;
        let mut page = Page {
            events: Vec::new(),
            position: after,
            at_head: false,
        };
        let (mut event_bytes, mut scanned_bytes) = (0, 0);
        while scanned_bytes < limits.scanned_bytes {
            let chunks = match filter.only_subject() {
                Some(subject) => {
                    let ahead = self.look_ahead(subject, page.position, INDEXED_SLICE_BYTES)?;
                    page.position = ahead.skip_to;
                    ahead.chunks
                }
                None => self.fetch(page.position, SLICE_BYTES)?,
            };
            if chunks
                .first()
                .is_some_and(|first| first.first > page.position.next())
            {
                return Err(self.expired(page.position));
            }
            if chunks.is_empty() {
                page.at_head = true;
                return Ok(page);
            }
            for record in chunks.iter().flat_map(|chunk| chunk.records()) {
                let record = record?;
                if record.sequence <= page.position {
                    continue;
                }
                let bytes = record.event.len();
                scanned_bytes += bytes;
                if filter.passes(&EventView::parse(&record.event)?)? {
                    let full = page.events.len() >= limits.events
                        || (!page.events.is_empty() && event_bytes + bytes > limits.event_bytes);
                    if full {
                        return Ok(page);
                    }
                    event_bytes += bytes;
                    page.events
                        .push(self.complete(record.decode()?, record.sequence));
                }
                page.position = record.sequence;
            }
        }
        Ok(page)
    }
}

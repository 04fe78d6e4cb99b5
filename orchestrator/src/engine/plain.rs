//! Services that were found to be no front doors: they are not asked what they do not know.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// How long it is believed: another server may take the place.
const BELIEVED: Duration = Duration::from_secs(60);

/// By name of the service, when that was found. Bounded by the services that can be called.
#[derive(Debug, Default)]
pub(super) struct Plain(Mutex<HashMap<String, Instant>>);

impl Plain {
    pub(super) fn is_known(&self, service: &str) -> bool {
        let known = self.0.lock();
        known
            .get(service)
            .is_some_and(|found| found.elapsed() < BELIEVED)
    }

    pub(super) fn add(&self, service: &str) {
        self.0.lock().insert(service.to_owned(), Instant::now());
    }
}

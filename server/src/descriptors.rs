//! What a server knows of the types and methods that it serves, and the set of it that may change
//! while it runs: reflection and the JSON mapping answer from here.
//!
//! Readers take a snapshot and never wait. Types of one name in several versions live side by side: each
//! method is spoken with the types that it was announced with.

mod merge;
mod snapshot;

pub use merge::select;
pub(crate) use snapshot::Snapshot;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use prost_reflect::{DescriptorPool, ServiceDescriptor};

use crate::Error;

/// Key of what every server serves. It is set first, so its well-known types win.
const BUILT_IN: &str = "";

/// The descriptors of a server: a cheap handle, of which all clones are one.
#[derive(Clone)]
pub struct Descriptors {
    inner: Arc<Inner>,
}

struct Inner {
    entries: Mutex<BTreeMap<String, Entry>>,
    snapshot: ArcSwap<Snapshot>,
}

#[derive(Clone)]
struct Entry {
    pool: DescriptorPool,
    announced: Announced,
    /// Counts up with every change.
    since: u64,
}

/// What of a pool is listed and can be called with JSON.
#[derive(Clone)]
enum Announced {
    /// Services, with all their methods.
    Services(Vec<String>),
    /// Single methods, as in `pavane.feed.v1.FeedService/Publish`.
    Methods(Vec<String>),
}

impl Descriptors {
    /// Knows health and reflection.
    pub(crate) fn new() -> Self {
        let descriptors = Self {
            inner: Arc::new(Inner {
                entries: Mutex::default(),
                snapshot: ArcSwap::from_pointee(Snapshot::default()),
            }),
        };
        let encoded = [
            tonic_health::pb::FILE_DESCRIPTOR_SET,
            tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET,
            tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET,
        ]
        .concat();
        // Encoded messages that follow each other are one message, merged.
        let pool = DescriptorPool::decode(encoded.as_slice())
            .expect("health and reflection have valid descriptors without common names");
        let services: Vec<_> = pool.services().map(|s| s.full_name().to_owned()).collect();
        descriptors
            .set(BUILT_IN, &pool, services)
            .expect("the services are the pool's own");
        descriptors
    }

    /// Sets what is known under `key`, in place of what was. All types of the pool can be asked
    /// for by reflection and can occur in an `Any`; of its services, only `services` are listed
    /// and can be called with JSON.
    ///
    /// Several keys may have other versions of one file or type: whoever asks for a service gets the
    /// files that it was set with. What is asked for by itself is looked for first in what was set by
    /// this function, the oldest first; then in what was set by [`Self::set_methods`], the newest first.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownService`]: then nothing has changed.
    pub fn set(
        &self,
        key: &str,
        pool: &DescriptorPool,
        services: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Result<(), Error> {
        let services: Vec<String> = services
            .into_iter()
            .map(|service| known_service(pool, service.as_ref()))
            .collect::<Result<_, _>>()?;
        self.insert(key, pool, Announced::Services(services));
        Ok(())
    }

    /// As [`Self::set`], for single methods such as `shop.order.v1.OrderService/PlaceOrder`: their
    /// services are listed, and no other method of them can be called with JSON. So the methods of one
    /// service can come under several keys, with the types of each.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownService`]: then nothing has changed.
    pub fn set_methods(
        &self,
        key: &str,
        pool: &DescriptorPool,
        methods: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Result<(), Error> {
        let mut known = Vec::new();
        for method in methods {
            let method = method.as_ref();
            let service = method
                .split_once('/')
                .map_or(method, |(service, _)| service);
            known_service(pool, service)?;
            known.push(method.to_owned());
        }
        self.insert(key, pool, Announced::Methods(known));
        Ok(())
    }

    fn insert(&self, key: &str, pool: &DescriptorPool, announced: Announced) {
        self.change(|entries| {
            let since = entries.values().map(|entry| entry.since).max();
            let entry = Entry {
                pool: pool.clone(),
                announced,
                since: since.map_or(0, |newest| newest + 1),
            };
            entries.insert(key.to_owned(), entry);
        });
    }

    /// Forgets what is known under `key`; does nothing if that is nothing.
    pub fn remove(&self, key: &str) {
        self.change(|entries| {
            entries.remove(key);
        });
    }

    /// Full names of the services that are listed, in order.
    pub fn services(&self) -> Vec<String> {
        let snapshot = self.snapshot();
        snapshot.services().map(str::to_owned).collect()
    }

    /// What is known now.
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.inner.snapshot.load_full()
    }

    fn change(&self, change: impl FnOnce(&mut BTreeMap<String, Entry>)) {
        let mut entries = self.inner.entries.lock();
        change(&mut entries);
        let snapshot = Snapshot::new(entries.values());
        self.inner.snapshot.store(Arc::new(snapshot));
    }
}

impl std::fmt::Debug for Descriptors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Descriptors")
            .field(&self.services())
            .finish()
    }
}

fn known_service(pool: &DescriptorPool, service: &str) -> Result<String, Error> {
    if pool.get_service_by_name(service).is_some() {
        return Ok(service.to_owned());
    }
    let known: Vec<_> = pool.services().collect();
    let nearest = pavane::nearest(service, known.iter().map(ServiceDescriptor::full_name));
    Err(Error::UnknownService {
        service: service.to_owned(),
        nearest: nearest.map(str::to_owned),
    })
}

/// `google.rpc`: the types of the details in errors. Apart from the rest, so that they conflict with
/// nobody's copy of them.
pub(crate) fn error_details() -> &'static DescriptorPool {
    static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
        DescriptorPool::decode(tonic_types::pb::FILE_DESCRIPTOR_SET)
            .expect("the standard details have valid descriptors")
    });
    &POOL
}

#[cfg(test)]
mod tests;

//! What a server knows of the types and methods that it serves, and the set of it that may change
//! while it runs: reflection and the JSON mapping answer from here.
//!
//! Readers take a snapshot and never wait. A change that does not fit is refused as a whole.

mod merge;

pub use merge::{merge, select};

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock};

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use prost_reflect::{DescriptorPool, MethodDescriptor, ServiceDescriptor};

use crate::Error;

/// Key of what every server serves. It sorts first, so its well-known types win.
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
    services: Vec<String>,
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
            .expect("the first entry has nothing to conflict with");
        descriptors
    }

    /// Sets what is known under `key`, in place of what was. All types of the pool can be asked
    /// for by reflection and can occur in an `Any`; of its services, only `services` are listed
    /// and can be called with JSON. The same file may come under several keys, if its contents are
    /// the same but for comments and the options meant for code generators.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownService`], [`Error::FileConflict`], [`Error::TypeConflict`]: then nothing
    /// has changed.
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
        let entry = Entry {
            pool: pool.clone(),
            services,
        };
        self.change(|entries| {
            entries.insert(key.to_owned(), entry);
        })
    }

    /// Forgets what is known under `key`; does nothing if that is nothing.
    pub fn remove(&self, key: &str) {
        self.change(|entries| {
            entries.remove(key);
        })
        .expect("what fits together still does when some of it is gone");
    }

    /// Full names of the services that are listed, in order.
    pub fn services(&self) -> Vec<String> {
        let snapshot = self.snapshot();
        snapshot.services.keys().cloned().collect()
    }

    /// What is known now.
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.inner.snapshot.load_full()
    }

    fn change(&self, change: impl FnOnce(&mut BTreeMap<String, Entry>)) -> Result<(), Error> {
        let mut entries = self.inner.entries.lock();
        let mut changed = entries.clone();
        change(&mut changed);
        let snapshot = Snapshot::new(&changed)?;
        *entries = changed;
        self.inner.snapshot.store(Arc::new(snapshot));
        Ok(())
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

/// What is known at one moment.
#[derive(Default)]
pub(crate) struct Snapshot {
    /// Every type, of every key.
    pub(crate) pool: DescriptorPool,
    /// The services that are listed, by full name.
    pub(crate) services: BTreeMap<String, ServiceDescriptor>,
    /// Their methods, by name as in `pavane.feed.v1.FeedService/Publish`.
    methods: HashMap<String, MethodDescriptor>,
}

impl Snapshot {
    fn new(entries: &BTreeMap<String, Entry>) -> Result<Self, Error> {
        let pool = merge(entries.values().map(|entry| &entry.pool))?;
        let services: BTreeMap<_, _> = entries
            .values()
            .flat_map(|entry| &entry.services)
            .filter_map(|name| Some((name.clone(), pool.get_service_by_name(name)?)))
            .collect();
        let methods = services
            .values()
            .flat_map(|service| {
                service
                    .methods()
                    .map(|method| (format!("{}/{}", service.full_name(), method.name()), method))
                    .collect::<Vec<_>>()
            })
            .collect();
        Ok(Self {
            pool,
            services,
            methods,
        })
    }

    /// The method that a path such as `/pavane.feed.v1.FeedService/Publish` names.
    pub(crate) fn method(&self, path: &str) -> Option<&MethodDescriptor> {
        self.methods.get(path.strip_prefix('/')?)
    }

    pub(crate) fn method_names(&self) -> impl Iterator<Item = &str> {
        self.methods.keys().map(String::as_str)
    }
}

#[cfg(test)]
mod tests;

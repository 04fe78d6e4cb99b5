//! What is known at one moment: sets of files that fit together, and which of them each service and
//! method is spoken with.
//!
//! As long as nothing contradicts there is one set. What does not fit into it begins another.

use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

use bytes::Bytes;
use prost_reflect::{DescriptorPool, FileDescriptor, MethodDescriptor, ServiceDescriptor};

use super::merge::{Group, build};
use super::{Announced, Entry};
use crate::openapi;

/// What is known at one moment.
#[derive(Default)]
pub(crate) struct Snapshot {
    /// Sets of files, each closed in itself, in the order in which a name is looked for.
    pools: Vec<DescriptorPool>,
    /// The services that are listed, by full name.
    services: BTreeMap<String, ServiceDescriptor>,
    /// The methods that can be called, by name as in `pavane.feed.v1.FeedService/Publish`.
    methods: HashMap<String, MethodDescriptor>,
    /// The OpenAPI document, once somebody has asked for it.
    openapi: OnceLock<Bytes>,
}

impl Snapshot {
    pub(super) fn new<'a>(entries: impl Iterator<Item = &'a Entry>) -> Self {
        let mut entries: Vec<&Entry> = entries.collect();
        entries.sort_by_key(|entry| match entry.announced {
            Announced::Services(_) => (0, entry.since),
            Announced::Methods(_) => (1, u64::MAX - entry.since),
        });
        let mut snapshot = Self::default();
        for members in fitting(&entries) {
            for (pool, members) in pools(&members) {
                for entry in members {
                    snapshot.announce(&pool, &entry.announced);
                }
                snapshot.pools.push(pool);
            }
        }
        snapshot
    }

    /// Who comes first stays, but for a service as a whole: who says nothing of its other methods must
    /// not hide them.
    fn announce(&mut self, pool: &DescriptorPool, announced: &Announced) {
        let methods: Vec<(String, MethodDescriptor)> = match announced {
            Announced::Services(services) => services
                .iter()
                .filter_map(|service| pool.get_service_by_name(service))
                .flat_map(|service| service.methods().map(named).collect::<Vec<_>>())
                .collect(),
            Announced::Methods(methods) => methods
                .iter()
                .filter_map(|method| {
                    let (service, name) = method.split_once('/')?;
                    let service = pool.get_service_by_name(service)?;
                    let mut methods = service.methods();
                    methods.find(|method| method.name() == name).map(named)
                })
                .collect(),
        };
        let services = match announced {
            Announced::Services(services) => services.clone(),
            Announced::Methods(methods) => methods
                .iter()
                .filter_map(|method| Some(method.split_once('/')?.0.to_owned()))
                .collect(),
        };
        for name in services {
            if let Some(service) = pool.get_service_by_name(&name) {
                self.services.entry(name).or_insert(service);
            }
        }
        for (name, method) in methods {
            self.methods.entry(name).or_insert(method);
        }
    }

    /// The method that a path such as `/pavane.feed.v1.FeedService/Publish` names.
    pub(crate) fn method(&self, path: &str) -> Option<&MethodDescriptor> {
        self.methods.get(path.strip_prefix('/')?)
    }

    pub(crate) fn method_names(&self) -> impl Iterator<Item = &str> {
        self.methods.keys().map(String::as_str)
    }

    /// The methods that can be called.
    pub(crate) fn methods(&self) -> impl Iterator<Item = &MethodDescriptor> {
        self.methods.values()
    }

    /// The OpenAPI document.
    pub(crate) fn openapi(&self) -> Bytes {
        self.openapi.get_or_init(|| openapi::document(self)).clone()
    }

    /// A service that is listed.
    pub(crate) fn service(&self, name: &str) -> Option<&ServiceDescriptor> {
        self.services.get(name)
    }

    /// Names of the services that are listed, in order.
    pub(crate) fn services(&self) -> impl Iterator<Item = &str> {
        self.services.keys().map(String::as_str)
    }

    /// Every type, in the order in which a name is looked for.
    pub(crate) fn pools(&self) -> &[DescriptorPool] {
        &self.pools
    }

    /// The same, those first that a method is spoken with.
    pub(crate) fn pools_of(&self, method: &MethodDescriptor) -> Vec<DescriptorPool> {
        let own = method.parent_pool();
        let others = self.pools.iter().filter(|pool| *pool != own);
        std::iter::once(own).chain(others).cloned().collect()
    }
}

fn named(method: MethodDescriptor) -> (String, MethodDescriptor) {
    let name = format!("{}/{}", method.parent_service().full_name(), method.name());
    (name, method)
}

/// The entries, those together that fit together.
fn fitting<'a>(entries: &[&'a Entry]) -> Vec<Vec<&'a Entry>> {
    let mut groups: Vec<(Group, Vec<&Entry>)> = Vec::new();
    for entry in entries {
        let files: Vec<FileDescriptor> = entry.pool.files().collect();
        match groups.iter_mut().find(|(group, _)| group.fits(&files)) {
            Some((group, members)) => {
                group.add(files);
                members.push(entry);
            }
            None => {
                let mut group = Group::default();
                group.add(files);
                groups.push((group, vec![entry]));
            }
        }
    }
    groups.into_iter().map(|(_, members)| members).collect()
}

/// One pool for all of them. Should they not fit together after all, each has its own.
fn pools<'a>(members: &[&'a Entry]) -> Vec<(DescriptorPool, Vec<&'a Entry>)> {
    let mut group = Group::default();
    for entry in members {
        group.add(entry.pool.files().collect());
    }
    match build(group.files()) {
        Ok(pool) => vec![(pool, members.to_vec())],
        Err(_) => members
            .iter()
            .map(|entry| (entry.pool.clone(), vec![*entry]))
            .collect(),
    }
}

//! What is served at one moment: an immutable table, replaced as a whole.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use pavane::workflow::v1::DeployedWorkflow;
use pavane_flow::plan::Plan;
use prost_reflect::DescriptorPool;

/// The workflows by name, and the methods that they implement.
#[derive(Clone, Debug, Default)]
pub(super) struct Served {
    by_name: BTreeMap<String, (DeployedWorkflow, Arc<Plan>)>,
    by_path: HashMap<Arc<str>, Arc<Plan>>,
}

impl Served {
    pub(super) fn with(&self, record: DeployedWorkflow, plan: Arc<Plan>) -> Self {
        let mut table = self.without(&record.name);
        table
            .by_path
            .insert(Arc::clone(&plan.implements.path), Arc::clone(&plan));
        table.by_name.insert(record.name.clone(), (record, plan));
        table
    }

    pub(super) fn without(&self, name: &str) -> Self {
        let mut table = self.clone();
        if let Some((_, plan)) = table.by_name.remove(name) {
            table.by_path.remove(&plan.implements.path);
        }
        table
    }

    pub(super) fn implementing(&self, path: &str) -> Option<Arc<Plan>> {
        self.by_path.get(path).cloned()
    }

    pub(super) fn has_service(&self, service: &str) -> bool {
        self.by_path
            .values()
            .any(|plan| *plan.implements.service == *service)
    }

    /// The descriptors by which a service is served.
    pub(super) fn descriptors_of(&self, service: &str) -> Option<DescriptorPool> {
        let mut plans = self.by_path.values();
        let plan = plans.find(|plan| *plan.implements.service == *service)?;
        Some(plan.input.parent_pool().clone())
    }

    pub(super) fn plan(&self, name: &str) -> Option<Arc<Plan>> {
        self.by_name.get(name).map(|(_, plan)| Arc::clone(plan))
    }

    pub(super) fn record(&self, name: &str) -> Option<&DeployedWorkflow> {
        self.by_name.get(name).map(|(record, _)| record)
    }

    pub(super) fn records_after(&self, name: &str) -> impl Iterator<Item = &DeployedWorkflow> {
        let range = (Bound::Excluded(name), Bound::Unbounded);
        self.by_name
            .range::<str, _>(range)
            .map(|(_, (record, _))| record)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }

    pub(super) fn len(&self) -> usize {
        self.by_name.len()
    }
}

//! From what a request brings, or from what is kept, to a plan.

use std::collections::BTreeSet;
use std::sync::Arc;

use pavane::workflow::v1::{Descriptors, Workflow, descriptors};
use pavane_flow::language::{self, Compiled};
use pavane_flow::plan::Plan;
use prost_reflect::DescriptorPool;

use super::{Given, Workflows, decode};
use crate::{Error, reflection};

impl Workflows {
    /// Checks a definition. Errors: there is none, or its descriptors cannot be had.
    pub(super) async fn compile(
        &self,
        given: Option<Given>,
        descriptors: Option<Descriptors>,
    ) -> Result<(Compiled, DescriptorPool), Error> {
        let given = given.ok_or(Error::InvalidArgument {
            field: "definition",
            problem: "is missing; expected `workflow` or `source`".to_owned(),
        })?;
        let definition = match given {
            Given::Message(workflow) => language::Definition::from(workflow),
            Given::Text(source) => language::Definition::parse(&source.file_name, &source.text),
        };
        let pool = match descriptors.and_then(|descriptors| descriptors.from) {
            Some(descriptors::From::FileDescriptorSet(files)) => {
                DescriptorPool::from_file_descriptor_set(files)
                    .map_err(|error| Error::InvalidDescriptors(error.to_string()))?
            }
            Some(descriptors::From::Reflection(_)) | None => {
                self.reflect(&services_of(definition.workflow())).await?
            }
        };
        Ok((language::compile(&definition, &pool), pool))
    }

    /// The descriptors of these services: those with a target are asked, and what is served already
    /// is known.
    async fn reflect(&self, services: &BTreeSet<String>) -> Result<DescriptorPool, Error> {
        let asked = reflection::descriptors(&self.0.calls, services).await?;
        let served = self.0.served.load();
        let known = services
            .iter()
            .filter(|service| asked.get_service_by_name(service).is_none())
            .filter_map(|service| served.descriptors_of(service));
        let pools: Vec<DescriptorPool> = std::iter::once(asked.clone()).chain(known).collect();
        pavane_server::descriptors::merge(&pools)
            .map_err(|error| Error::DescriptorConflict(error.to_string()))
    }

    /// Compiles what was deployed once, and keeps the plan.
    pub(super) fn compile_revision(
        &self,
        name: &str,
        revision: &str,
    ) -> Result<(Arc<Plan>, DescriptorPool), Error> {
        let unknown = || Error::UnknownRevision {
            name: name.to_owned(),
            revision: revision.to_owned(),
        };
        let record = self
            .0
            .revisions
            .get(revision.as_bytes())?
            .ok_or_else(unknown)?;
        let record = decode(&record)?;
        let files = self
            .0
            .descriptors
            .get(revision.as_bytes())?
            .ok_or_else(unknown)?;
        let pool = DescriptorPool::decode(files.as_ref())
            .map_err(|error| Error::CorruptJournal(format!("descriptors: {error}")))?;
        let workflow = record.workflow.unwrap_or_default();
        let definition = language::Definition::from(workflow);
        let compiled = language::compile(&definition, &pool);
        let Some(plan) = compiled.plan else {
            return Err(Error::InvalidDefinition {
                file_name: format!("{name} {revision}"),
                diagnostics: compiled.diagnostics,
            });
        };
        let plan = Arc::new(plan);
        self.0
            .plans
            .write()
            .insert(revision.to_owned(), Arc::clone(&plan));
        Ok((plan, pool))
    }
}

/// The services whose methods a definition names, whether or not they exist.
fn services_of(workflow: &Workflow) -> BTreeSet<String> {
    let calls = workflow.steps.iter().flat_map(|step| {
        [
            Some(&step.call),
            step.compensate.as_ref().map(|compensate| &compensate.call),
        ]
    });
    std::iter::once(Some(&workflow.implements))
        .chain(calls)
        .flatten()
        .filter_map(|method| Some(method.rsplit_once('/')?.0.to_owned()))
        .collect()
}

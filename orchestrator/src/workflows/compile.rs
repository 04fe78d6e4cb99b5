//! From what a request brings, or from what is kept, to a plan.

use std::collections::BTreeSet;
use std::sync::Arc;

use pavane::workflow::v1::descriptors::From;
use pavane::workflow::v1::{Descriptors, Workflow};
use pavane_flow::descriptors;
use pavane_flow::evolution::{Origin, union};
use pavane_flow::language::{self, Compiled};
use pavane_flow::plan::Plan;
use pavane_flow::proto2;
use prost_reflect::DescriptorPool;
use prost_types::{FileDescriptorProto, FileDescriptorSet};

use super::{Given, Workflows, decode};
use crate::{Error, reflection};

/// How the files are called in messages that came with a request.
const GIVEN: &str = "the files that were given";

/// How the files are called in messages by which a workflow is served.
const SERVED: &str = "what is served";

impl Workflows {
    /// Checks a definition. Errors: there is none, or its descriptors cannot be had.
    pub(super) async fn compile(
        &self,
        given: Option<Given>,
        descriptors: Option<Descriptors>,
    ) -> Result<Checked, Error> {
        let given = given.ok_or(Error::InvalidArgument {
            field: "definition",
            problem: "is missing; expected `workflow` or `source`".to_owned(),
        })?;
        let definition = match given {
            Given::Message(workflow) => language::Definition::from(*workflow),
            Given::Text(source) => language::Definition::parse(&source.file_name, &source.text),
        };
        let services = services_of(definition.workflow());
        let pool = match descriptors.and_then(|descriptors| descriptors.from) {
            Some(From::FileDescriptorSet(files)) => pool_of(files.file)?,
            Some(From::PartialFileDescriptorSet(files)) => self.complete(files, services).await?,
            Some(From::Reflection(_)) | None => self.reflect(&services, Vec::new()).await?,
        };
        let mut compiled = language::compile(&definition, &pool);
        let found = proto2::check(&definition, &pool);
        if !found.is_empty() {
            compiled.plan = None;
            compiled.diagnostics.extend(found);
        }
        Ok(Checked {
            definition,
            compiled,
            pool,
        })
    }

    /// The files that were given, and by reflection those of the services that they do not define.
    async fn complete(
        &self,
        given: FileDescriptorSet,
        mut services: BTreeSet<String>,
    ) -> Result<DescriptorPool, Error> {
        let defined: BTreeSet<String> = given.file.iter().flat_map(services_in).collect();
        services.retain(|service| !defined.contains(service));
        let given = Origin {
            name: GIVEN.to_owned(),
            files: given.file,
        };
        self.reflect(&services, vec![given]).await
    }

    /// The descriptors of these services besides what is known: those with a target are asked, and what
    /// is served already is known.
    async fn reflect(
        &self,
        services: &BTreeSet<String>,
        mut origins: Vec<Origin>,
    ) -> Result<DescriptorPool, Error> {
        origins.extend(reflection::descriptors(&self.0.calls, services).await?);
        let asked: BTreeSet<String> = origins
            .iter()
            .flat_map(|origin| origin.files.iter().flat_map(services_in))
            .collect();
        let served = self.0.served.load();
        let unknown = services.iter().filter(|service| !asked.contains(*service));
        for pool in unknown.filter_map(|service| served.descriptors_of(service)) {
            origins.push(Origin {
                name: SERVED.to_owned(),
                files: pool.file_descriptor_protos().cloned().collect(),
            });
        }
        let files = union(origins).map_err(Error::DescriptorConflict)?;
        pool_of(files)
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

/// A definition that was checked.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) definition: language::Definition,
    pub(super) compiled: Compiled,
    pub(super) pool: DescriptorPool,
}

/// Errors: [`Error::InvalidDescriptors`].
fn pool_of(files: Vec<FileDescriptorProto>) -> Result<DescriptorPool, Error> {
    descriptors::pool(files).map_err(|error| Error::InvalidDescriptors(error.to_string()))
}

/// Full names of the services that a file defines.
fn services_in(file: &FileDescriptorProto) -> Vec<String> {
    let services = file.service.iter();
    let named = services.map(|service| match file.package() {
        "" => service.name().to_owned(),
        package => format!("{package}.{}", service.name()),
    });
    named.collect()
}

/// The services whose methods a definition names, whether or not they exist.
pub(super) fn services_of(workflow: &Workflow) -> BTreeSet<String> {
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

//! The names of a workflow, and what its expressions know by them.

use std::collections::{BTreeMap, BTreeSet};

use pavane::workflow::v1::Workflow;
use prost_reflect::{DescriptorPool, MessageDescriptor, MethodDescriptor};

use super::calls::same;
use super::constants;
use super::elements;
use super::environment::{Environment, Meaning};
use super::events;
use super::kinds::{Kind, Outline, Outlined};
use super::lists::{self, Lists};
use super::named;
use super::names;
use super::report::Report;
use crate::diagnostic::Diagnostic;
use crate::plan::StepIndex;
use crate::program::Variable;

/// The types that a workflow uses by name, as far as they are known.
pub(super) struct Types {
    pub(super) implements: Option<MethodDescriptor>,
    pub(super) calls: BTreeMap<StepIndex, MethodDescriptor>,
    pub(super) compensations: BTreeMap<StepIndex, MethodDescriptor>,
    /// Of the data of awaited events.
    pub(super) awaited: BTreeMap<StepIndex, MessageDescriptor>,
    /// Of the data of the events that start executions.
    pub(super) starting: Option<MessageDescriptor>,
}

/// The names of a workflow.
pub(super) struct Roots<'w, 'o> {
    outline: &'o Outline<'w>,
    types: &'o Types,
    constants: Meaning<'static>,
    /// The steps whose ids are of use, values included.
    usable: BTreeSet<usize>,
    pub(super) is_incomplete: bool,
}

impl Types {
    /// Looks up all types. Reports those that are not there.
    pub(super) fn find(
        workflow: &Workflow,
        outline: &Outline<'_>,
        pool: &DescriptorPool,
        report: &mut Report<'_>,
    ) -> Self {
        let implements = named::find_method(&workflow.implements, "implements", pool, report);
        let mut types = Self {
            implements,
            calls: BTreeMap::new(),
            compensations: BTreeMap::new(),
            awaited: BTreeMap::new(),
            starting: None,
        };
        if let Some(start) = &workflow.start {
            types.starting = events::find_type(&start.r#type, "start", pool, report);
        }
        for (index, step) in outline.indexed() {
            types.find_of(index, step, pool, report);
        }
        types
    }

    fn find_of(
        &mut self,
        index: StepIndex,
        step: &Outlined<'_>,
        pool: &DescriptorPool,
        report: &mut Report<'_>,
    ) {
        let path = &step.path;
        let message = step.message;
        if !message.call.is_empty() {
            let path = format!("{path}.call");
            let method = named::find_method(&message.call, &path, pool, report);
            self.calls.extend(method.map(|method| (index, method)));
        }
        if let Some(compensate) = &message.compensate {
            let path = format!("{path}.compensate.call");
            let method = named::find_method(&compensate.call, &path, pool, report);
            self.compensations
                .extend(method.map(|method| (index, method)));
        }
        if let (Kind::Await, Some(given)) = (step.kind, &message.r#await) {
            let path = format!("{path}.await");
            let data = events::find_type(&given.r#type, &path, pool, report);
            self.awaited.extend(data.map(|data| (index, data)));
        }
    }

    /// All of them.
    pub(super) fn used(&self) -> impl Iterator<Item = MessageDescriptor> {
        let calls = self.calls.values().chain(self.compensations.values());
        let methods = calls.chain(&self.implements);
        let messages = methods.flat_map(|method| [method.input(), method.output()]);
        messages
            .chain(self.awaited.values().cloned())
            .chain(self.starting.clone())
    }

    /// The messages for the responses of steps over lists.
    pub(super) fn responses(&self, outline: &Outline<'_>) -> Lists {
        let mut lists = Lists::new();
        let over_lists = outline
            .indexed()
            .filter(|(_, step)| step.message.for_each.is_some());
        for (index, _) in over_lists {
            if let Some(method) = self.calls.get(&index) {
                lists.add_responses(index, method);
            }
        }
        lists
    }
}

impl<'w, 'o> Roots<'w, 'o> {
    /// Checks the names of a workflow's steps and constants.
    pub(super) fn new(
        workflow: &Workflow,
        outline: &'o Outline<'w>,
        types: &'o Types,
        report: &mut Report<'_>,
    ) -> Self {
        let awaits = outline.steps.iter().any(|step| step.kind == Kind::Await);
        let mut usable = BTreeSet::new();
        let mut is_incomplete = false;
        let mut taken = BTreeSet::new();
        for (_, step) in outline.all() {
            let id = step.message.id.as_str();
            let path = format!("{}.id", step.path);
            if !names::check_step_id(id, &path, report) {
                is_incomplete = true;
            } else if !taken.insert(id) {
                let message = format!("another step is called `{id}` as well");
                let found = Diagnostic::error("DUPLICATE_STEP", message).label("taken already");
                report.add(&path, found);
            } else {
                usable.insert(step.position);
                if awaits && events::NAMES.contains(&id) {
                    report.add(&path, taken_by_events(id));
                }
            }
        }
        Self {
            outline,
            types,
            constants: constants::compile(&workflow.constants, report),
            usable,
            is_incomplete,
        }
    }

    /// What expressions know. Values are yet to be looked at.
    pub(super) fn environment<'a>(&self, pool: &'a DescriptorPool) -> Environment<'a> {
        let mut environment = self.constants(pool);
        environment.is_incomplete = self.is_incomplete;
        let implements = self.types.implements.as_ref();
        let input = implements.map(|method| same(&method.input(), pool));
        environment.set("input", Meaning::Message(Variable::Input, input));
        environment.set("execution", Meaning::Execution);
        for step in &self.outline.steps {
            if let Some(given) = &step.message.for_each {
                environment.set_elsewhere(elements::name(given), elements::PLACE);
            }
            if step.kind == Kind::Await {
                for name in events::NAMES {
                    environment.set_elsewhere(name, events::PLACE);
                }
            }
        }
        for (index, step) in self.outline.all() {
            if self.usable.contains(&step.position) {
                let meaning = match index {
                    Some(index) => self.meaning(index, step, pool),
                    None => Meaning::Pending,
                };
                environment.set(&step.message.id, meaning);
            }
        }
        environment
    }

    /// What expressions know that know nothing of an execution.
    pub(super) fn constants<'a>(&self, pool: &'a DescriptorPool) -> Environment<'a> {
        let mut environment = Environment::new(pool);
        if let Meaning::Constants(constants) = &self.constants
            && !constants.is_empty()
        {
            environment.set("constants", self.constants.clone());
        }
        environment
    }

    fn meaning<'a>(
        &self,
        index: StepIndex,
        step: &Outlined<'_>,
        pool: &DescriptorPool,
    ) -> Meaning<'a> {
        let variable = Variable::Output(index);
        let response = match step.kind {
            Kind::Wait => return Meaning::Silent,
            Kind::Await => self.types.awaited.get(&index).cloned(),
            Kind::Call if step.message.for_each.is_some() => {
                let responses = lists::responses(pool, index);
                match responses.and_then(|message| message.get_field(1)) {
                    Some(items) => return Meaning::Field(variable, items),
                    None => None,
                }
            }
            Kind::Call => self.types.calls.get(&index).map(MethodDescriptor::output),
            Kind::Compute | Kind::Unclear => None,
        };
        Meaning::Message(variable, response.map(|response| same(&response, pool)))
    }
}

fn taken_by_events(id: &str) -> Diagnostic {
    let message = format!(
        "`{id}` cannot be the id of a step where another awaits an event: in its `match` that is \
         called so"
    );
    Diagnostic::error("NAME_TAKEN", message).label("taken already")
}

//! A workflow as a whole: every part is checked, and if nothing is wrong, put together as a plan.

use pavane::workflow::v1::{Delivery, Mode, Workflow};
use prost_reflect::{DescriptorPool, MethodDescriptor};

use super::calls::same;
use super::computed;
use super::defaults;
use super::elements;
use super::events;
use super::graph::Order;
use super::kinds::{Outline, Outlined};
use super::limits::MAX_STEPS;
use super::named;
use super::names;
use super::report::Report;
use super::retry;
use super::revision::revision;
use super::roots::{Roots, Types};
use super::steps::{self, Compiled};
use super::template::Compiler;
use crate::diagnostic::Diagnostic;
use crate::plan::Plan;

/// Checks a workflow and makes its plan; `None` if there is an error, now or before.
pub(super) fn compile(
    workflow: &Workflow,
    pool: &DescriptorPool,
    report: &mut Report<'_>,
) -> Option<Plan> {
    names::check_workflow_name(&workflow.name, report);
    names::check_description(&workflow.description, report);
    refuse_unknown_values(workflow, report);
    let deadline = retry::deadline(workflow.deadline.as_ref(), report);
    let count = workflow.steps.len();
    if count > MAX_STEPS {
        let message = format!("{count} steps are more than the allowed {MAX_STEPS}");
        report.add("steps", Diagnostic::error("LIMIT_EXCEEDED", message));
        return None;
    }
    let outline = Outline::new(workflow, report);
    let types = Types::find(workflow, &outline, pool, report);
    if outline.steps.is_empty() {
        let message = match outline.computed.len() {
            0 => "a workflow needs at least one step",
            _ => "a workflow needs at least one step that is more than a value",
        };
        names::required("steps", message, report);
    }
    let roots = Roots::new(workflow, &outline, &types, report);
    let pool = with_lists(&outline, &types, &roots, pool, report)?;
    let mut expressions = 0;
    let mut environment = roots.environment(&pool);
    computed::resolve(
        &outline.computed,
        &mut environment,
        &mut expressions,
        report,
    );

    let defaults = defaults::compile(workflow, &environment, &mut expressions, report);
    let mut compiled: Vec<Compiled> = Vec::with_capacity(outline.steps.len());
    for (index, step) in outline.indexed() {
        let mut compiler = steps::Compiler {
            types: &types,
            defaults: &defaults,
            environment: &environment,
            expressions: &mut expressions,
            report,
        };
        compiled.push(compiler.step(index, step));
        warn_of_recursion(workflow, step.position, report);
    }
    let implements = types.implements.as_ref();
    let output_type = implements.map(|method| same(&method.output(), &pool));
    let (output_program, output_references) = Compiler::new(&environment, report, &mut expressions)
        .program(workflow.output.as_ref(), output_type.as_ref(), "output");
    let start = workflow.start.as_ref().and_then(|start| {
        let input = implements.map(MethodDescriptor::input);
        let constants = roots.constants(&pool);
        let (input, expressions) = (input.as_ref(), &mut expressions);
        let data = types.starting.as_ref();
        events::compile_start(start, input, data, &constants, expressions, report)
    });
    computed::warn_of_unused(&outline.computed, &environment, report);

    let waits = steps::connect(&outline, &compiled, roots.is_incomplete, report);
    let order = match Order::new(&waits.all) {
        Ok(order) => order,
        Err(circle) => {
            steps::report_circle(&circle, &outline, &waits.all, report);
            return None;
        }
    };
    steps::check_compensations(&outline, &compiled, &order, report);
    steps::check_output(&output_references, &outline, &waits.data, &order, report);

    if report.has_errors() {
        return None;
    }
    let implements = types.implements.as_ref()?;
    Some(Plan {
        name: workflow.name.as_str().into(),
        revision: revision(workflow, types.used()),
        implements: named::to_method(implements),
        input: implements.input(),
        output: implements.output(),
        mode: workflow.mode(),
        steps: steps::finish(&outline, compiled, &waits, &order)?,
        output_program,
        deadline,
        start,
    })
}

/// Values of enums that are not known here, as those of a later version: they must not count as none.
/// In a text they are names, and refused where they are read.
fn refuse_unknown_values(workflow: &Workflow, report: &mut Report<'_>) {
    let mut refuse = |path: &str, number: i32, of: &str| {
        let message = format!("`{path}` takes a value of {of}, this is {number}");
        report.add(path, Diagnostic::error("UNKNOWN_ENUM_VALUE", message));
    };
    if Mode::try_from(workflow.mode).is_err() {
        refuse("mode", workflow.mode, "Mode");
    }
    for (index, step) in workflow.steps.iter().enumerate() {
        if Delivery::try_from(step.delivery).is_err() {
            refuse(
                &format!("steps[{index}].delivery"),
                step.delivery,
                "Delivery",
            );
        }
    }
}

/// The descriptors, and besides them the types that steps over lists need, if there are such steps.
fn with_lists(
    outline: &Outline<'_>,
    types: &Types,
    roots: &Roots<'_, '_>,
    pool: &DescriptorPool,
    report: &mut Report<'_>,
) -> Option<DescriptorPool> {
    let over_lists = |step: &Outlined<'_>| step.message.for_each.is_some();
    let Some(first) = outline.steps.iter().find(|step| over_lists(step)) else {
        return Some(pool.clone());
    };
    // What a list is may depend on the responses of another, but never on its elements.
    let mut lists = types.responses(outline);
    let extended = lists.added_to(pool).and_then(|with_responses| {
        let mut environment = roots.environment(&with_responses);
        let mut scratch = report.scratch();
        computed::resolve(&outline.computed, &mut environment, &mut 0, &mut scratch);
        elements::add_types(outline, &environment, &mut lists, report);
        lists.added_to(pool)
    });
    match extended {
        Ok(pool) => Some(pool),
        Err(problem) => {
            let message = format!("there is no room for the types of lists: {problem}");
            let found = Diagnostic::error("INVALID_LIST", message).label("goes over a list");
            report.add_to_key(&format!("{}.for_each", first.path), found);
            None
        }
    }
}

/// A workflow that calls the method which it implements starts itself.
fn warn_of_recursion(workflow: &Workflow, position: usize, report: &mut Report<'_>) {
    let step = &workflow.steps[position];
    if !step.call.is_empty() && step.call == workflow.implements {
        let message =
            "this is the method that the workflow implements: every execution starts another";
        let found = Diagnostic::warning("CALLS_ITSELF", message).label("calls itself");
        report.add(&format!("steps[{position}].call"), found);
    }
}

//! A workflow as a whole: every part is checked, and if nothing is wrong, put together as a plan.

use std::collections::BTreeMap;

use pavane::workflow::v1::{Step as StepMessage, Workflow};
use prost_reflect::{DescriptorPool, MethodDescriptor};

use super::checker::Environment;
use super::graph::{Order, index};
use super::limits::MAX_STEPS;
use super::names;
use super::report::Report;
use super::retry;
use super::revision::revision;
use super::steps::{self, Compiled, Methods, Waits};
use super::template::Compiler;
use crate::diagnostic::Diagnostic;
use crate::plan::{Plan, Step, Work};

/// Checks a workflow and makes its plan; `None` if there is an error, now or before.
pub(super) fn compile(
    workflow: &Workflow,
    pool: &DescriptorPool,
    report: &mut Report<'_>,
) -> Option<Plan> {
    names::check_workflow_name(&workflow.name, report);
    names::check_description(&workflow.description, report);
    let implements = names::find_method(&workflow.implements, "implements", pool, report);
    let deadline = retry::deadline(workflow.deadline.as_ref(), report);
    if !check_count(workflow, report) {
        return None;
    }

    let methods: Vec<Methods> = workflow
        .steps
        .iter()
        .enumerate()
        .map(|(position, step)| find_methods(step, position, pool, report))
        .collect();
    let environment = environment(workflow, implements.as_ref(), &methods, pool, report);
    let mut expressions = 0;
    let mut compiled: Vec<Compiled> = Vec::with_capacity(workflow.steps.len());
    for (position, step) in workflow.steps.iter().enumerate() {
        let methods = &methods[position];
        let step = steps::compile(
            step,
            position,
            methods,
            &environment,
            &mut expressions,
            report,
        );
        compiled.push(step);
        warn_of_recursion(workflow, position, report);
    }
    let output_type = implements.as_ref().map(MethodDescriptor::output);
    let (output_program, output_references) = Compiler::new(&environment, report, &mut expressions)
        .program(workflow.output.as_ref(), output_type.as_ref(), "output");

    let waits = steps::connect(&workflow.steps, &compiled, &environment, report);
    let order = match Order::new(&waits.all) {
        Ok(order) => order,
        Err(circle) => {
            steps::report_circle(&circle, &workflow.steps, &waits.all, report);
            return None;
        }
    };
    steps::check_compensations(&workflow.steps, &compiled, &order, report);
    steps::check_output(
        &output_references,
        &workflow.steps,
        &waits.data,
        &order,
        report,
    );

    if report.has_errors() {
        return None;
    }
    let implements = implements?;
    let used = methods
        .iter()
        .flat_map(|methods| [&methods.call, &methods.compensation]);
    let used = used.flatten().chain(std::iter::once(&implements));
    Some(Plan {
        name: workflow.name.as_str().into(),
        revision: revision(workflow, used),
        implements: names::to_method(&implements),
        input: implements.input(),
        output: implements.output(),
        mode: workflow.mode(),
        steps: plan_steps(workflow, compiled, &waits, &order)?,
        output_program,
        deadline,
        start: None,
    })
}

fn check_count(workflow: &Workflow, report: &mut Report<'_>) -> bool {
    let count = workflow.steps.len();
    if count == 0 {
        names::required("steps", "a workflow needs at least one step", report);
    } else if count > MAX_STEPS {
        let message = format!("{count} steps are more than the allowed {MAX_STEPS}");
        report.add("steps", Diagnostic::error("LIMIT_EXCEEDED", message));
        return false;
    }
    true
}

fn find_methods(
    step: &StepMessage,
    position: usize,
    pool: &DescriptorPool,
    report: &mut Report<'_>,
) -> Methods {
    let path = format!("steps[{position}].call");
    let call = names::find_method(&step.call, &path, pool, report);
    let compensation = step.compensate.as_ref().and_then(|compensate| {
        let path = format!("steps[{position}].compensate.call");
        names::find_method(&compensate.call, &path, pool, report)
    });
    Methods { call, compensation }
}

/// What the expressions of a workflow can refer to. Checks the ids of its steps on the way.
fn environment<'a>(
    workflow: &Workflow,
    implements: Option<&MethodDescriptor>,
    methods: &[Methods],
    pool: &'a DescriptorPool,
    report: &mut Report<'_>,
) -> Environment<'a> {
    let mut steps = BTreeMap::new();
    let mut is_incomplete = false;
    for (position, step) in workflow.steps.iter().enumerate() {
        let path = format!("steps[{position}].id");
        if !names::check_step_id(&step.id, &path, report) {
            is_incomplete = true;
            continue;
        }
        let response = methods[position]
            .call
            .as_ref()
            .map(MethodDescriptor::output);
        let entry = (index(position), response);
        if steps.contains_key(&step.id) {
            let message = format!("another step is called `{}` as well", step.id);
            let found = Diagnostic::error("DUPLICATE_STEP", message).label("taken already");
            report.add(&path, found);
        } else {
            steps.insert(step.id.clone(), entry);
        }
    }
    Environment {
        pool,
        input: implements.map(MethodDescriptor::input),
        steps,
        is_incomplete,
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

/// The steps of the plan; `None` if one could not be compiled, which was reported then.
fn plan_steps(
    workflow: &Workflow,
    compiled: Vec<Compiled>,
    waits: &Waits,
    order: &Order,
) -> Option<Vec<Step>> {
    let steps = workflow.steps.iter().zip(compiled).enumerate();
    steps
        .map(|(position, (message, step))| {
            let compensation_references = step.compensation_needs();
            Some(Step {
                id: message.id.as_str().into(),
                work: Work::Call(step.call?),
                for_each: None,
                data_dependencies: waits.data[position].keys().copied().collect(),
                dependencies: waits.all[position].keys().copied().collect(),
                descendants: order.descendants(index(position)),
                when: step.when,
                compensation: step.compensation,
                compensation_references,
            })
        })
        .collect()
}

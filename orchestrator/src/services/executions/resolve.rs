//! ResolveStep: what the request says, checked against the plan.

use bytes::Bytes;
use pavane::workflow::v1::ResolveStepRequest;
use pavane::workflow::v1::resolve_step_request::Output;
use pavane_flow::event::Resolution;
use pavane_flow::language::json;
use pavane_flow::plan::{Plan, StepIndex, Unit};

use crate::Error;
use crate::engine::Settling;

/// What is to be settled, and how. Errors: [`Error::InvalidArgument`].
pub(super) fn parse(plan: &Plan, request: ResolveStepRequest) -> Result<Settling, Error> {
    let resolution = request.resolution();
    if request.reason.trim().is_empty() {
        let problem = "is empty; expected why the step is settled by hand";
        return Err(invalid("reason", problem.to_owned()));
    }
    let step = step_of(plan, &request.step)?;
    let unit = Unit {
        step,
        element: request.element,
    };
    Ok(Settling {
        unit,
        resolution,
        output: encode(plan, unit, resolution, request.output)?,
        reason: request.reason,
    })
}

fn step_of(plan: &Plan, id: &str) -> Result<StepIndex, Error> {
    plan.step_index(id).ok_or_else(|| {
        let ids = plan.steps.iter().map(|step| &*step.id);
        let nearest = pavane::nearest(id, ids)
            .map(|nearest| format!("; did you mean `{nearest}`?"))
            .unwrap_or_default();
        invalid(
            "step",
            format!("`{id}` is none of `{}`{nearest}", plan.name),
        )
    })
}

/// The response that it counts as having been answered with.
fn encode(
    plan: &Plan,
    unit: Unit,
    resolution: Resolution,
    output: Option<Output>,
) -> Result<Bytes, Error> {
    let Some(output) = output else {
        return Ok(Bytes::new());
    };
    let field = match output {
        Output::OutputJson(_) => "output_json",
        Output::OutputBytes(_) => "output_bytes",
    };
    if resolution != Resolution::Completed {
        let problem = "is set; expected one with RESOLUTION_COMPLETED only";
        return Err(invalid(field, problem.to_owned()));
    }
    let step = plan.step(unit.step);
    let response = match unit.element {
        Some(_) => step.call().map(|call| &call.response),
        None => step.response(),
    };
    let Some(response) = response else {
        let problem = format!("is set; `{}` is answered with nothing", step.id);
        return Err(invalid(field, problem));
    };
    let not_one = |problem: String| {
        let expected = response.full_name();
        invalid(field, format!("not a {expected}: {problem}"))
    };
    match output {
        Output::OutputJson(json) => {
            json::struct_to_bytes(response, &json).map_err(|problem| not_one(problem.to_string()))
        }
        Output::OutputBytes(bytes) => {
            json::validate(response, &bytes).map_err(|problem| not_one(problem.to_string()))?;
            Ok(bytes)
        }
    }
}

fn invalid(field: &'static str, problem: String) -> Error {
    Error::InvalidArgument { field, problem }
}

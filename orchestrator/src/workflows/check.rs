//! Checking without deploying, alone or against what is deployed.

use pavane::workflow::v1::{CheckWorkflowResponse, Descriptors};
use pavane_flow::diagnostic::Diagnostic;

use super::compile::Checked;
use super::{Given, Preparing, Workflows};
use crate::Error;

/// Whether a check says as well what a deploy would change, and whether it would be refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AgainstDeployed {
    /// The definition alone.
    No,
    /// What others have deployed, and what runs.
    Yes,
}

impl Workflows {
    /// Checks a definition. Errors: no definition, or no descriptors to be had; what is kept cannot be
    /// read.
    pub(crate) async fn check(
        &self,
        given: Option<Given>,
        descriptors: Option<Descriptors>,
        against: AgainstDeployed,
    ) -> Result<CheckWorkflowResponse, Error> {
        let Checked {
            definition,
            compiled,
            pool,
        } = self.compile(given, descriptors).await?;
        let mut response = CheckWorkflowResponse {
            diagnostics: compiled.diagnostics.iter().map(Into::into).collect(),
            ..CheckWorkflowResponse::default()
        };
        let Some(plan) = compiled.plan else {
            return Ok(response);
        };
        response.revision = plan.revision.to_string();
        if against == AgainstDeployed::Yes && self.same_revision(&plan).is_none() {
            if let Some((path, found)) = misplaced(self.check_place(&plan))? {
                let found = found.at(path, definition.place(path));
                response.diagnostics.push((&found).into());
            }
            let now = Preparing::Now;
            response.impacts = self.impacts(&plan, &compiled.workflow, &pool, now)?;
        }
        Ok(response)
    }
}

/// Why a definition cannot be deployed here, and which part of it is at fault. Errors: all others.
fn misplaced(place: Result<(), Error>) -> Result<Option<(&'static str, Diagnostic)>, Error> {
    let Err(error) = place else {
        return Ok(None);
    };
    let message = error.to_string();
    let (path, reason) = match error {
        Error::MethodReserved { .. } => ("implements", "METHOD_RESERVED"),
        Error::MethodTaken { .. } => ("implements", "METHOD_TAKEN"),
        Error::NoTarget { .. } => ("steps", "NO_TARGET"),
        Error::LimitExceeded { .. } => ("name", "LIMIT_EXCEEDED"),
        other => return Err(other),
    };
    Ok(Some((path, Diagnostic::error(reason, message))))
}

//! Preparing all who take part in a workflow: each is given its part, and no execution is
//! choreographed before all of them have answered.

use std::time::Duration;

use futures_util::future::try_join_all;
use pavane::workflow::v1::participant_service_client::ParticipantServiceClient;
use pavane::workflow::v1::{Member, PrepareWorkflowRequest, Workflow, WorkflowPart};
use pavane_calls::Target;
use pavane_flow::choreography::projection::Projection;
use pavane_flow::plan::Plan;
use prost_reflect::DescriptorPool;
use prost_types::FileDescriptorSet;
use tonic::Status;

use super::{Choreography, Unprepared, discovery};

/// How long a participant may take to prepare: it asks its peers in turn.
const PATIENCE: Duration = Duration::from_secs(15);

impl Choreography {
    /// Finds out who performs the steps of a workflow, and prepares them, and the home after them.
    /// Answers the part of each.
    pub(crate) async fn prepare(
        &self,
        plan: &Plan,
        workflow: &Workflow,
        pool: &DescriptorPool,
    ) -> Result<Vec<WorkflowPart>, Unprepared> {
        // One at a time: who is prepared last by two deploys of one workflow knows the later one.
        let _guard = self.0.preparing.lock().await;
        let targets = self.targets_of(plan);
        let discovered =
            discovery::discover(&self.0.calls, &targets, self.0.connect_timeout).await?;
        let (projection, participants) = discovered.divide(plan, &self.home().identity.name)?;
        let mut files: Vec<_> = pool.file_descriptor_protos().cloned().collect();
        for file in &mut files {
            file.source_code_info = None;
        }
        let request = PrepareWorkflowRequest {
            workflow: Some(workflow.clone()),
            descriptors: Some(FileDescriptorSet { file: files }),
            revision: plan.revision.to_string(),
            home: Some(self.home().identity.clone()),
            participants,
        };
        let preparing = request
            .participants
            .iter()
            .map(|member| self.prepare_one(member, &request));
        try_join_all(preparing).await?;
        // Last: whoever is home to it may start executions of it.
        let preparing = self.runtime().prepare(request).await;
        preparing.map_err(|error| Unprepared::Home(error.to_string()))?;
        Ok(parts(plan, &projection))
    }

    async fn prepare_one(
        &self,
        member: &Member,
        request: &PrepareWorkflowRequest,
    ) -> Result<(), Unprepared> {
        let refused = |status| Unprepared::Refused {
            participant: member.name.clone(),
            target: member.target.clone(),
            status: Box::new(status),
        };
        let target = Target::parse(&member.target)
            .map_err(|error| refused(Status::invalid_argument(error.to_string())))?;
        let mut client = ParticipantServiceClient::new(self.0.calls.channel(&target));
        let answer = tokio::time::timeout(PATIENCE, client.prepare_workflow(request.clone())).await;
        let late = |_| {
            Err(Status::deadline_exceeded(format!(
                "no answer within {PATIENCE:?}"
            )))
        };
        answer.unwrap_or_else(late).map_err(refused)?;
        Ok(())
    }

    /// Where those may be who take part: where the services are called, and where the operator says.
    fn targets_of(&self, plan: &Plan) -> Vec<Target> {
        let calls = plan
            .steps
            .iter()
            .flat_map(|step| [Some(&step.call), step.compensation.as_ref()])
            .flatten();
        let called = calls.filter_map(|call| self.0.calls.targets().get(&call.method.service));
        let mut targets: Vec<Target> = Vec::new();
        for target in called.chain(&self.0.participants) {
            if !targets.contains(target) {
                targets.push(target.clone());
            }
        }
        targets
    }
}

fn parts(plan: &Plan, projection: &Projection) -> Vec<WorkflowPart> {
    let names = |steps: &[_]| {
        steps
            .iter()
            .map(|&step| plan.step(step).id.to_string())
            .collect()
    };
    projection
        .participants()
        .map(|part| WorkflowPart {
            participant: part.name.to_string(),
            steps: names(&part.steps),
        })
        .collect()
}

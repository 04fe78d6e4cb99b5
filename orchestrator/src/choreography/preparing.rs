//! Preparing all who take part in a workflow: each is given its part, and no execution is
//! choreographed before all of them have answered.

use std::time::Duration;

use futures_util::future::try_join_all;
use pavane::workflow::v1::participant_service_client::ParticipantServiceClient;
use pavane::workflow::v1::take_up_executions_request::Living;
use pavane::workflow::v1::{
    Member, PrepareWorkflowRequest, PrepareWorkflowResponse, TakeUpExecutionsRequest, Workflow,
    WorkflowPart,
};
use pavane_calls::{Target, Way};
use pavane_flow::choreography::projection::Projection;
use pavane_flow::plan::Plan;
use prost_reflect::DescriptorPool;
use prost_types::FileDescriptorSet;
use tonic::{Response, Status};

use super::running::decode;
use super::{Choreography, Unprepared, discovery};

/// How long a participant may take to prepare: it asks its peers in turn.
const PATIENCE: Duration = Duration::from_secs(15);

/// A request tells of executions up to one of these: far below what a server receives, and little
/// enough to be read in time.
const PAGE_BYTES: usize = 256 * 1024;
const PAGE_EXECUTIONS: usize = 1_000;

/// Who is prepared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whom {
    /// Whoever is there.
    Anyone,
    /// Those whose feeds were followed before: that a feed was lost is for an operator to know.
    Known,
}

impl Choreography {
    /// Finds out who performs the steps of a workflow, and prepares them, and the home after them.
    /// Answers the part of each.
    pub(crate) async fn prepare(
        &self,
        plan: &Plan,
        workflow: &Workflow,
        pool: &DescriptorPool,
        whom: Whom,
    ) -> Result<Vec<WorkflowPart>, Unprepared> {
        // One at a time: who is prepared last by two deploys of one workflow knows the later one.
        let _guard = self.0.preparing.lock().await;
        let (projection, participants) = self.find(plan, whom).await?;
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
        let prepared = try_join_all(preparing).await?;
        let members = request.participants.iter().cloned().zip(prepared);
        let new = members.filter_map(|(member, prepared)| prepared.is_new.then_some(member));
        let new: Vec<Member> = new.collect();
        // After them: whoever is home to it may start executions of it.
        let preparing = self.runtime().prepare(request).await;
        preparing.map_err(|error| Unprepared::Home(error.to_string()))?;
        try_join_all(new.iter().map(|member| self.acquaint(member, plan))).await?;
        Ok(parts(plan, &projection))
    }

    /// Whether all would be there to be prepared. Asks them, and holds up nobody who prepares.
    pub(crate) async fn sound_out(&self, plan: &Plan, whom: Whom) -> Result<(), Unprepared> {
        self.find(plan, whom).await.map(drop)
    }

    /// The plan divided among those who take part.
    async fn find(&self, plan: &Plan, whom: Whom) -> Result<(Projection, Vec<Member>), Unprepared> {
        let targets = self.targets_of(plan);
        let discovered =
            discovery::discover(&self.0.calls, &targets, self.0.connect_timeout).await?;
        let (projection, participants) = discovered.divide(plan, &self.home().identity.name)?;
        if whom == Whom::Known {
            self.check_known(&participants)?;
        }
        Ok((projection, participants))
    }

    async fn prepare_one(
        &self,
        member: &Member,
        request: &PrepareWorkflowRequest,
    ) -> Result<PrepareWorkflowResponse, Unprepared> {
        let mut client = self.client(member).await?;
        answered(member, client.prepare_workflow(request.clone())).await
    }

    /// Tells a participant that had no part before of the executions that live. It listens by now, so
    /// those that start from now on it hears of.
    async fn acquaint(&self, member: &Member, plan: &Plan) -> Result<(), Unprepared> {
        let mut client = self.client(member).await?;
        let mut living = self.living_of(plan).into_iter().peekable();
        loop {
            let (mut executions, mut bytes) = (Vec::new(), 0);
            while bytes < PAGE_BYTES
                && executions.len() < PAGE_EXECUTIONS
                && let Some(hosted) = living.next()
            {
                let heard = self
                    .runtime()
                    .look(|member| member.heard(&hosted.id).to_vec());
                bytes += heard
                    .iter()
                    .map(|event| event.encoded().len())
                    .sum::<usize>();
                let events = decode(&heard).map_err(|error| Unprepared::Home(error.to_string()))?;
                let id = hosted.id.to_string();
                executions.push(Living { id, events });
            }
            let request = TakeUpExecutionsRequest {
                revision: plan.revision.to_string(),
                executions,
                is_last: living.peek().is_none(),
            };
            let is_last = request.is_last;
            answered(member, client.take_up_executions(request)).await?;
            if is_last {
                return Ok(());
            }
        }
    }

    /// Whether the feeds are those that were followed so far.
    fn check_known(&self, participants: &[Member]) -> Result<(), Unprepared> {
        for member in participants {
            let known = self.runtime().incarnation_of(&member.name);
            if known.is_some_and(|known| known != member.incarnation) {
                return Err(Unprepared::MadeAnew {
                    participant: member.name.clone(),
                    target: member.target.clone(),
                });
            }
        }
        Ok(())
    }

    async fn client(&self, member: &Member) -> Result<ParticipantServiceClient<Way>, Unprepared> {
        let target = self.0.calls.target_at(&member.target);
        let target =
            target.map_err(|error| refused(member, Status::invalid_argument(error.to_string())))?;
        let way = self.0.calls.way(&target).await;
        let way = way.map_err(|error| refused(member, error.into()))?;
        Ok(ParticipantServiceClient::new(way))
    }

    /// Where those may be who take part: where the services are called, and where the operator says.
    fn targets_of(&self, plan: &Plan) -> Vec<Target> {
        let calls = plan.steps.iter().flat_map(|step| step.calls());
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

/// What a participant answers, if it does in time.
async fn answered<T>(
    member: &Member,
    asking: impl Future<Output = Result<Response<T>, Status>>,
) -> Result<T, Unprepared> {
    let late = |_| {
        let problem = format!("no answer within {PATIENCE:?}");
        Err(Status::deadline_exceeded(problem))
    };
    let answer = tokio::time::timeout(PATIENCE, asking).await;
    let answer = answer.unwrap_or_else(late);
    let answer = answer.map_err(|status| refused(member, status))?;
    Ok(answer.into_inner())
}

fn refused(member: &Member, status: Status) -> Unprepared {
    Unprepared::Refused {
        participant: member.name.clone(),
        target: member.target.clone(),
        status: Box::new(status),
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

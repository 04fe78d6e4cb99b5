//! `pavane.workflow.v1.ParticipantService`: parts in, and how it stands out.

use pavane::workflow::v1::participant_service_server::ParticipantService;
use pavane::workflow::v1::{
    GetParticipantRequest, GetParticipantResponse, PrepareWorkflowRequest, PrepareWorkflowResponse,
    TakeUpExecutionsRequest, TakeUpExecutionsResponse,
};
use tonic::{Request, Response, Status};

use crate::Runtime;

/// Serves a participant's runtime.
#[derive(Debug, Clone)]
pub struct Service {
    runtime: Runtime,
}

impl Service {
    /// Serves this one.
    pub fn new(runtime: Runtime) -> Self {
        Self { runtime }
    }
}

#[tonic::async_trait]
impl ParticipantService for Service {
    async fn get_participant(
        &self,
        _request: Request<GetParticipantRequest>,
    ) -> Result<Response<GetParticipantResponse>, Status> {
        Ok(Response::new(self.runtime.describe()))
    }

    async fn prepare_workflow(
        &self,
        request: Request<PrepareWorkflowRequest>,
    ) -> Result<Response<PrepareWorkflowResponse>, Status> {
        let prepared = self.runtime.prepare(request.into_inner()).await?;
        Ok(Response::new(prepared))
    }

    async fn take_up_executions(
        &self,
        request: Request<TakeUpExecutionsRequest>,
    ) -> Result<Response<TakeUpExecutionsResponse>, Status> {
        self.runtime.catch_up(request.into_inner()).await?;
        Ok(Response::new(TakeUpExecutionsResponse {}))
    }
}

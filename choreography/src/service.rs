//! `pavane.workflow.v1.ParticipantService`: parts in, and how it stands out.

use pavane::workflow::v1::participant_service_server::ParticipantService;
use pavane::workflow::v1::{
    GetParticipantRequest, GetParticipantResponse, PrepareWorkflowRequest, PrepareWorkflowResponse,
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
        let steps = self.runtime.prepare(request.into_inner()).await?;
        Ok(Response::new(PrepareWorkflowResponse { steps }))
    }
}

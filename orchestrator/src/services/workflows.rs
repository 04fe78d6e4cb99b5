//! WorkflowService.

use pavane::workflow::v1::workflow_service_server::WorkflowService;
use pavane::workflow::v1::{
    CheckWorkflowRequest, CheckWorkflowResponse, DeleteWorkflowRequest, DeleteWorkflowResponse,
    DeployWorkflowRequest, DeployWorkflowResponse, GetWorkflowRequest, GetWorkflowResponse,
    ListWorkflowsRequest, ListWorkflowsResponse,
};
use tonic::{Request, Response, Status};

use super::page;
use crate::task::join;
use crate::workflows::{self, AgainstDeployed, Order, Preparing};

/// Answers WorkflowService.
#[derive(Debug)]
pub(crate) struct Workflows {
    workflows: workflows::Workflows,
}

impl Workflows {
    pub(crate) fn new(workflows: workflows::Workflows) -> Self {
        Self { workflows }
    }
}

#[tonic::async_trait]
impl WorkflowService for Workflows {
    async fn deploy_workflow(
        &self,
        request: Request<DeployWorkflowRequest>,
    ) -> Result<Response<DeployWorkflowResponse>, Status> {
        let DeployWorkflowRequest {
            definition,
            descriptors,
            allow_breaking,
        } = request.into_inner();
        let order = Order {
            definition: definition.map(Into::into),
            descriptors,
            preparing: Preparing::Now,
            allow_breaking,
        };
        // In a task of its own: whoever asked may go away between the recording and the serving.
        let workflows = self.workflows.clone();
        let deploying = tokio::spawn(async move { workflows.deploy(order).await });
        let deployed = join(deploying).await?;
        Ok(Response::new(deployed.expect("nothing is left for later")))
    }

    async fn check_workflow(
        &self,
        request: Request<CheckWorkflowRequest>,
    ) -> Result<Response<CheckWorkflowResponse>, Status> {
        let CheckWorkflowRequest {
            definition,
            descriptors,
            against_deployed,
        } = request.into_inner();
        let against = match against_deployed {
            true => AgainstDeployed::Yes,
            false => AgainstDeployed::No,
        };
        let definition = definition.map(Into::into);
        let checking = self.workflows.check(definition, descriptors, against);
        Ok(Response::new(checking.await?))
    }

    async fn get_workflow(
        &self,
        request: Request<GetWorkflowRequest>,
    ) -> Result<Response<GetWorkflowResponse>, Status> {
        let GetWorkflowRequest { name, revision } = request.into_inner();
        let workflow = self.workflows.get(&name, &revision)?;
        Ok(Response::new(GetWorkflowResponse {
            workflow: Some(workflow),
            trigger: self.workflows.trigger(&name)?,
        }))
    }

    async fn list_workflows(
        &self,
        request: Request<ListWorkflowsRequest>,
    ) -> Result<Response<ListWorkflowsResponse>, Status> {
        let ListWorkflowsRequest {
            page_size,
            page_token,
        } = request.into_inner();
        let size = page::size(page_size, 100, 1_000);
        // The token is the last name of the page before.
        let mut workflows = self.workflows.list_after(&page_token, size + 1);
        let more = workflows.len() > size;
        workflows.truncate(size);
        let next_page_token = match workflows.last() {
            Some(last) if more => last.name.clone(),
            Some(_) | None => String::new(),
        };
        Ok(Response::new(ListWorkflowsResponse {
            workflows,
            next_page_token,
        }))
    }

    async fn delete_workflow(
        &self,
        request: Request<DeleteWorkflowRequest>,
    ) -> Result<Response<DeleteWorkflowResponse>, Status> {
        let (workflows, name) = (self.workflows.clone(), request.into_inner().name);
        join(tokio::spawn(async move { workflows.delete(&name).await })).await?;
        Ok(Response::new(DeleteWorkflowResponse {}))
    }
}

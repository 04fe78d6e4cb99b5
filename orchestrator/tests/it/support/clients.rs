//! What a client does, in a word each.

use pavane::testing::v1::RunRequest;
use pavane::testing::v1::chain_service_client::ChainServiceClient;
use pavane::workflow::v1::execution_service_client::ExecutionServiceClient;
use pavane::workflow::v1::start_execution_request::Input;
use pavane::workflow::v1::workflow_service_client::WorkflowServiceClient;
use pavane::workflow::v1::{
    CancelExecutionRequest, DeleteWorkflowRequest, DeployWorkflowRequest, DeployWorkflowResponse,
    DeployedWorkflow, Execution, GetExecutionRequest, GetWorkflowRequest, ListExecutionsRequest,
    ListExecutionsResponse, Mode, RetryExecutionRequest, StartExecutionRequest,
    StartExecutionResponse, WaitExecutionRequest, WatchExecutionRequest, WatchExecutionResponse,
    deploy_workflow_request,
};
use prost::Message;
use tonic::transport::Channel;
use tonic::{Code, Request, Status, Streaming};
use tonic_types::StatusExt;

use super::{Running, source, types, within};

impl Running {
    pub(crate) fn executions(&self) -> ExecutionServiceClient<Channel> {
        ExecutionServiceClient::new(self.channel.clone())
    }

    pub(crate) fn workflows(&self) -> WorkflowServiceClient<Channel> {
        WorkflowServiceClient::new(self.channel.clone())
    }

    pub(crate) fn door(&self) -> ChainServiceClient<Channel> {
        ChainServiceClient::new(self.channel.clone())
    }

    /// Calls the front door, with this id for the execution.
    pub(crate) async fn run(&self, id: &str, payload: &str) -> Result<String, Status> {
        let request = run_request(&[("pavane-execution-id", id)], payload);
        let response = within(self.door().run(request)).await?;
        Ok(response.into_inner().payload)
    }

    /// Starts an execution of `chain`.
    pub(crate) async fn start_chain(
        &self,
        id: &str,
        payload: &str,
    ) -> Result<StartExecutionResponse, Status> {
        self.start_execution("chain", id, payload).await
    }

    pub(crate) async fn start_execution(
        &self,
        workflow: &str,
        id: &str,
        payload: &str,
    ) -> Result<StartExecutionResponse, Status> {
        let input = RunRequest {
            payload: payload.to_owned(),
        };
        let request = StartExecutionRequest {
            workflow: workflow.to_owned(),
            execution_id: id.to_owned(),
            input: Some(Input::InputBytes(input.encode_to_vec().into())),
            ..StartExecutionRequest::default()
        };
        let response = within(self.executions().start_execution(request)).await?;
        Ok(response.into_inner())
    }

    /// Starts a choreographed execution of `chain`.
    pub(crate) async fn choreograph(
        &self,
        id: &str,
        payload: &str,
    ) -> Result<StartExecutionResponse, Status> {
        let input = RunRequest {
            payload: payload.to_owned(),
        };
        let request = StartExecutionRequest {
            workflow: "chain".to_owned(),
            execution_id: id.to_owned(),
            input: Some(Input::InputBytes(input.encode_to_vec().into())),
            mode: Mode::Choreographed.into(),
        };
        let response = within(self.executions().start_execution(request)).await?;
        Ok(response.into_inner())
    }

    pub(crate) async fn workflow(&self, name: &str) -> Result<DeployedWorkflow, Status> {
        let request = GetWorkflowRequest {
            name: name.to_owned(),
            revision: String::new(),
        };
        let response = within(self.workflows().get_workflow(request)).await?;
        Ok(response.into_inner().workflow.unwrap())
    }

    pub(crate) async fn watch(
        &self,
        id: &str,
    ) -> Result<Streaming<WatchExecutionResponse>, Status> {
        let request = WatchExecutionRequest {
            execution_id: id.to_owned(),
        };
        let response = within(self.executions().watch_execution(request)).await?;
        Ok(response.into_inner())
    }

    pub(crate) async fn get(&self, id: &str) -> Result<Execution, Status> {
        let request = GetExecutionRequest {
            execution_id: id.to_owned(),
            ..GetExecutionRequest::default()
        };
        let response = within(self.executions().get_execution(request)).await?;
        Ok(response.into_inner().execution.unwrap())
    }

    /// Asks again and again until the execution is so. For what no event tells of.
    pub(crate) async fn until(&self, id: &str, is_so: impl Fn(&Execution) -> bool) -> Execution {
        let looking = async {
            loop {
                let execution = self.get(id).await.unwrap();
                if is_so(&execution) {
                    return execution;
                }
            }
        };
        within(looking).await
    }

    /// Waits for the outcome.
    pub(crate) async fn wait(&self, id: &str) -> Result<Execution, Status> {
        let request = WaitExecutionRequest {
            execution_id: id.to_owned(),
            timeout: None,
        };
        let response = within(self.executions().wait_execution(request)).await?;
        Ok(response.into_inner().execution.unwrap())
    }

    pub(crate) async fn cancel(&self, id: &str, reason: &str) -> Result<Execution, Status> {
        let request = CancelExecutionRequest {
            execution_id: id.to_owned(),
            reason: reason.to_owned(),
            ..CancelExecutionRequest::default()
        };
        let response = within(self.executions().cancel_execution(request)).await?;
        Ok(response.into_inner().execution.unwrap())
    }

    pub(crate) async fn retry(&self, id: &str) -> Result<Execution, Status> {
        let request = RetryExecutionRequest {
            execution_id: id.to_owned(),
            ..RetryExecutionRequest::default()
        };
        let response = within(self.executions().retry_execution(request)).await?;
        Ok(response.into_inner().execution.unwrap())
    }

    pub(crate) async fn list(
        &self,
        request: ListExecutionsRequest,
    ) -> Result<ListExecutionsResponse, Status> {
        let response = within(self.executions().list_executions(request)).await?;
        Ok(response.into_inner())
    }

    pub(crate) async fn deploy(&self, workflow: &str) -> Result<DeployWorkflowResponse, Status> {
        let request = deploy_request(workflow);
        let response = within(self.workflows().deploy_workflow(request)).await?;
        Ok(response.into_inner())
    }

    pub(crate) async fn delete(&self, workflow: &str) -> Result<(), Status> {
        let request = DeleteWorkflowRequest {
            name: workflow.to_owned(),
        };
        within(self.workflows().delete_workflow(request)).await?;
        Ok(())
    }
}

/// A deployment of text, with descriptors.
pub(crate) fn deploy_request(workflow: &str) -> DeployWorkflowRequest {
    DeployWorkflowRequest {
        definition: Some(deploy_workflow_request::Definition::Source(source(
            workflow,
        ))),
        descriptors: Some(types()),
        ..DeployWorkflowRequest::default()
    }
}

/// A call of the front door with metadata.
pub(crate) fn run_request(metadata: &[(&'static str, &str)], payload: &str) -> Request<RunRequest> {
    let mut request = Request::new(RunRequest {
        payload: payload.to_owned(),
    });
    for (name, value) in metadata {
        request.metadata_mut().insert(*name, value.parse().unwrap());
    }
    request
}

/// The reason in a status.
pub(crate) fn reason(status: &Status) -> String {
    let info = status.get_details_error_info();
    info.map_or_else(String::new, |info| info.reason)
}

/// That it was refused, with this code and reason. Returns the message.
pub(crate) fn check<T: std::fmt::Debug>(
    refused: Result<T, Status>,
    code: Code,
    expected: &str,
) -> String {
    let status = refused.expect_err("it was to be refused");
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (code, expected),
        "{status:?}"
    );
    status.message().to_owned()
}

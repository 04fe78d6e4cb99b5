//! A server of the contract that knows the executions `order-1`, which failed, `INTERRUPTED`, which
//! did the same, `SUSPENDED`, and `STALLED`, which is choreographed. It finds a mistake in every definition but `sound`.

use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::stream::{self, BoxStream, StreamExt};
use pavane::feed::v1::feed_service_server::FeedServiceServer;
use pavane::workflow::v1::diagnostic::Severity;
use pavane::workflow::v1::execution_service_server::{ExecutionService, ExecutionServiceServer};
use pavane::workflow::v1::workflow_service_server::{WorkflowService, WorkflowServiceServer};
use pavane::workflow::v1::*;
use pavane_feed::Store;
use prost::Message;
use prost_types::Any;
use tokio_stream::wrappers::TcpListenerStream;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request, Response, Status};

mod executions;

pub(crate) use executions::{INTERRUPTED, STALLED, SUSPENDED};
use executions::{at, execution, known, stalled, stalled_watched, told};

/// How many executions it lists.
pub(crate) const EXECUTIONS: usize = 7;
/// A workflow that cannot be choreographed.
pub(crate) const ORCHESTRATED_ONLY: &str = "orchestrated-only";
/// A definition that breaks another workflow says so.
pub(crate) const BREAKS: &str = "name: breaks";
/// Fewer than those, so that there are pages.
const PAGE: usize = 2;

/// Where it listens. It goes with the test's runtime. Its feeds are real.
pub(crate) struct Fake {
    pub(crate) address: String,
    _data: tempfile::TempDir,
}

impl Fake {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let data = tempfile::tempdir().unwrap();
        let store = Store::open(pavane_feed::Options::new(data.path())).unwrap();
        let options = pavane_feed::ServiceOptions::default();
        let feeds = pavane_feed::Service::new(store, options, CancellationToken::new());
        let server = tonic::transport::Server::builder()
            .add_service(FeedServiceServer::new(feeds))
            .add_service(ExecutionServiceServer::new(Answers::default()))
            .add_service(WorkflowServiceServer::new(Answers::default()))
            .serve_with_incoming(TcpListenerStream::new(listener));
        tokio::spawn(server);
        Self {
            address,
            _data: data,
        }
    }
}

/// An address where nobody listens.
pub(crate) fn closed_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

#[derive(Default)]
struct Answers {
    was_interrupted: AtomicBool,
}

#[tonic::async_trait]
impl ExecutionService for Answers {
    type WatchExecutionStream = BoxStream<'static, Result<WatchExecutionResponse, Status>>;

    async fn start_execution(
        &self,
        request: Request<StartExecutionRequest>,
    ) -> Result<Response<StartExecutionResponse>, Status> {
        let request = request.into_inner();
        let mode = request.mode;
        let execution = known(&request.execution_id)?;
        let execution = execution.map(|execution| Execution { mode, ..execution });
        Ok(Response::new(StartExecutionResponse {
            execution,
            existing: false,
        }))
    }

    async fn get_execution(
        &self,
        request: Request<GetExecutionRequest>,
    ) -> Result<Response<GetExecutionResponse>, Status> {
        let execution = known(&request.into_inner().execution_id)?;
        Ok(Response::new(GetExecutionResponse { execution }))
    }

    async fn list_executions(
        &self,
        request: Request<ListExecutionsRequest>,
    ) -> Result<Response<ListExecutionsResponse>, Status> {
        let request = request.into_inner();
        if request.stalled {
            let executions = vec![stalled()];
            let next_page_token = String::new();
            return Ok(Response::new(ListExecutionsResponse {
                executions,
                next_page_token,
            }));
        }
        let begin: usize = request.page_token.parse().unwrap_or(0);
        let end = (begin + PAGE.min(request.page_size as usize)).min(EXECUTIONS);
        let next_page_token = if end < EXECUTIONS {
            end.to_string()
        } else {
            String::new()
        };
        let executions = (begin..end).map(|_| execution()).collect();
        Ok(Response::new(ListExecutionsResponse {
            executions,
            next_page_token,
        }))
    }

    async fn wait_execution(
        &self,
        request: Request<WaitExecutionRequest>,
    ) -> Result<Response<WaitExecutionResponse>, Status> {
        let execution = known(&request.into_inner().execution_id)?;
        Ok(Response::new(WaitExecutionResponse { execution }))
    }

    async fn watch_execution(
        &self,
        request: Request<WatchExecutionRequest>,
    ) -> Result<Response<Self::WatchExecutionStream>, Status> {
        let id = request.into_inner().execution_id;
        let events = known(&id)?.unwrap_or_default().events;
        if id == STALLED {
            return Ok(Response::new(stream::iter(stalled_watched(events)).boxed()));
        }
        let events = stream::iter(events.into_iter().map(|event| Ok(told(event))));
        if id == INTERRUPTED && !self.was_interrupted.swap(true, Ordering::Relaxed) {
            let sent_away = Status::unavailable("the server is shutting down; it goes on");
            let sent_away = stream::iter([Err(sent_away)]);
            return Ok(Response::new(events.take(2).chain(sent_away).boxed()));
        }
        if id == SUSPENDED {
            // As a server does, which waits for the operator.
            return Ok(Response::new(events.chain(stream::pending()).boxed()));
        }
        Ok(Response::new(events.boxed()))
    }

    async fn cancel_execution(
        &self,
        request: Request<CancelExecutionRequest>,
    ) -> Result<Response<CancelExecutionResponse>, Status> {
        let execution = known(&request.into_inner().execution_id)?;
        Ok(Response::new(CancelExecutionResponse { execution }))
    }

    async fn retry_execution(
        &self,
        request: Request<RetryExecutionRequest>,
    ) -> Result<Response<RetryExecutionResponse>, Status> {
        let execution = known(&request.into_inner().execution_id)?;
        Ok(Response::new(RetryExecutionResponse { execution }))
    }

    async fn resolve_step(
        &self,
        request: Request<ResolveStepRequest>,
    ) -> Result<Response<ResolveStepResponse>, Status> {
        let execution = known(&request.into_inner().execution_id)?;
        Ok(Response::new(ResolveStepResponse { execution }))
    }
}

fn mistake() -> Diagnostic {
    Diagnostic {
        reason: "UNKNOWN_FIELD".to_owned(),
        message: "`ReserveStockResponse` has no field `totel`".to_owned(),
        path: "steps[0].request.amount".to_owned(),
        line: 2,
        column: 17,
        length: 5,
        label: "unknown field".to_owned(),
        help: "a field with a similar name exists: `total`".to_owned(),
        severity: Severity::Error as i32,
    }
}

/// One that can be choreographed, unless its name says otherwise.
fn deployed(name: &str) -> DeployedWorkflow {
    let workflow = Workflow {
        implements: "shop.order.v1.OrderService/PlaceOrder".to_owned(),
        ..Workflow::default()
    };
    let part = |participant: &str, steps: &[&str]| WorkflowPart {
        participant: participant.to_owned(),
        steps: steps.iter().map(|step| (*step).to_owned()).collect(),
    };
    let deployed = DeployedWorkflow {
        name: name.to_owned(),
        revision: "7b0c91e2".repeat(8),
        workflow: Some(workflow),
        create_time: at(0),
        ..DeployedWorkflow::default()
    };
    if name == ORCHESTRATED_ONLY {
        let choreography_problem = "nobody performs `ship`: no participant has \
                                    shop.shipping.v1.ShippingService"
            .to_owned();
        return DeployedWorkflow {
            choreography_problem,
            ..deployed
        };
    }
    let parts = vec![
        part("inventory", &["reserve", "count"]),
        part("payment", &["charge"]),
    ];
    DeployedWorkflow { parts, ..deployed }
}

/// What a definition changes for another workflow.
fn impact(text: &str) -> Impact {
    let severity = if text.contains(BREAKS) {
        type_change::Severity::Breaking
    } else {
        type_change::Severity::Compatible
    };
    Impact {
        role: impact::Role::CallingWorkflow.into(),
        workflow: "other".to_owned(),
        revision: "abcdef0123".to_owned(),
        deployed: true,
        executions: 1,
        execution_ids: vec!["order-1".to_owned()],
        changes: vec![TypeChange {
            method: "acme.Things/Get".to_owned(),
            path: "request.id".to_owned(),
            was: "int32 id = 1".to_owned(),
            is: "string id = 1".to_owned(),
            consequence: "the two are encoded differently".to_owned(),
            severity: severity.into(),
        }],
    }
}

/// The refusal of such a deploy.
fn breaking(text: &str) -> Status {
    let report = ImpactReport {
        impacts: vec![impact(text)],
    };
    let message = "deploying `breaks` would break workflow `other`";
    let status = tonic_types::pb::Status {
        code: Code::FailedPrecondition as i32,
        message: message.to_owned(),
        details: vec![Any {
            type_url: "type.googleapis.com/pavane.workflow.v1.ImpactReport".to_owned(),
            value: report.encode_to_vec(),
        }],
    };
    let details = status.encode_to_vec().into();
    Status::with_details(Code::FailedPrecondition, message, details)
}

fn unused(what: &str) -> Status {
    Status::unimplemented(format!("the tests do not need {what}"))
}

#[tonic::async_trait]
impl WorkflowService for Answers {
    async fn deploy_workflow(
        &self,
        request: Request<DeployWorkflowRequest>,
    ) -> Result<Response<DeployWorkflowResponse>, Status> {
        match request.into_inner().definition {
            Some(deploy_workflow_request::Definition::Source(source))
                if source.text.contains("name: sound")
                    || source.text.contains(ORCHESTRATED_ONLY) =>
            {
                let only = source.text.contains(ORCHESTRATED_ONLY);
                let name = if only { ORCHESTRATED_ONLY } else { "sound" };
                let workflow = Some(deployed(name));
                Ok(Response::new(DeployWorkflowResponse {
                    workflow,
                    ..Default::default()
                }))
            }
            Some(deploy_workflow_request::Definition::Source(source))
                if source.text.contains(BREAKS) =>
            {
                Err(breaking(&source.text))
            }
            _ => {
                let report = CheckWorkflowResponse {
                    diagnostics: vec![mistake()],
                    revision: String::new(),
                    ..Default::default()
                };
                let status = tonic_types::pb::Status {
                    code: Code::InvalidArgument as i32,
                    message: "the definition has a mistake".to_owned(),
                    details: vec![Any {
                        type_url: "type.googleapis.com/pavane.workflow.v1.CheckWorkflowResponse"
                            .to_owned(),
                        value: report.encode_to_vec(),
                    }],
                };
                Err(Status::with_details(
                    Code::InvalidArgument,
                    &status.message,
                    status.encode_to_vec().into(),
                ))
            }
        }
    }

    async fn check_workflow(
        &self,
        request: Request<CheckWorkflowRequest>,
    ) -> Result<Response<CheckWorkflowResponse>, Status> {
        let request = request.into_inner();
        if let Some(check_workflow_request::Definition::Source(source)) = request.definition
            && request.against_deployed
        {
            return Ok(Response::new(CheckWorkflowResponse {
                revision: "0123456789".to_owned(),
                impacts: vec![impact(&source.text)],
                ..CheckWorkflowResponse::default()
            }));
        }
        let diagnostics = vec![mistake()];
        Ok(Response::new(CheckWorkflowResponse {
            diagnostics,
            revision: String::new(),
            ..Default::default()
        }))
    }

    async fn get_workflow(
        &self,
        request: Request<GetWorkflowRequest>,
    ) -> Result<Response<GetWorkflowResponse>, Status> {
        let workflow = Some(deployed(&request.into_inner().name));
        Ok(Response::new(GetWorkflowResponse {
            workflow,
            ..GetWorkflowResponse::default()
        }))
    }

    async fn list_workflows(
        &self,
        _: Request<ListWorkflowsRequest>,
    ) -> Result<Response<ListWorkflowsResponse>, Status> {
        Err(unused("ListWorkflows"))
    }

    async fn delete_workflow(
        &self,
        _: Request<DeleteWorkflowRequest>,
    ) -> Result<Response<DeleteWorkflowResponse>, Status> {
        Err(unused("DeleteWorkflow"))
    }
}

//! A server of the contract that knows the executions `order-1`, which failed, `INTERRUPTED`, which
//! did the same, and `SUSPENDED`. It finds a mistake in every definition but `sound`.

use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::stream::{self, BoxStream, StreamExt};
use pavane::error::Details;
use pavane::feed::v1::Event;
use pavane::feed::v1::feed_service_server::FeedServiceServer;
use pavane::workflow::v1::diagnostic::Severity;
use pavane::workflow::v1::execution_service_server::{ExecutionService, ExecutionServiceServer};
use pavane::workflow::v1::workflow_service_server::{WorkflowService, WorkflowServiceServer};
use pavane::workflow::v1::*;
use pavane_feed::Store;
use prost::Message;
use prost_types::{Any, Timestamp};
use tokio_stream::wrappers::TcpListenerStream;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request, Response, Status};

/// How many executions it lists.
pub(crate) const EXECUTIONS: usize = 7;
/// An execution whose first watcher is sent away after two events.
pub(crate) const INTERRUPTED: &str = "interrupted";
/// An execution that waits for an operator.
pub(crate) const SUSPENDED: &str = "suspended";
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

fn at(micros: i32) -> Option<Timestamp> {
    Some(Timestamp {
        seconds: 1_795_396_329,
        nanos: micros * 1000,
    })
}

fn event(micros: i32, name: &str, data: &impl Message) -> Event {
    let name = format!("pavane.workflow.v1.{name}");
    let type_url = format!("type.googleapis.com/{name}");
    let data = Some(Any {
        type_url,
        value: data.encode_to_vec(),
    });
    Event {
        id: micros.to_string(),
        sequence: micros.unsigned_abs().into(),
        r#type: name,
        time: at(micros),
        data,
        ..Event::default()
    }
}

fn step(id: &str, service: &str, state: StepState) -> StepStatus {
    let call = format!("shop.x.v1.{service}/Do");
    StepStatus {
        id: id.to_owned(),
        call,
        state: state as i32,
        ..StepStatus::default()
    }
}

fn execution() -> Execution {
    let refused = pavane::error::status(Code::FailedPrecondition, "CARD_DECLINED", "");
    let details = tonic_types::pb::Status::decode(refused.details())
        .unwrap()
        .details;
    let message = "card is declined".to_owned();
    let failure = Some(Failure {
        code: 9,
        message,
        details,
    });
    let failed = StepFailed {
        step: "charge".to_owned(),
        failure: failure.clone(),
        attempts: 1,
        ambiguous: false,
    };
    let completed = StepCompleted {
        step: "reserve".to_owned(),
        attempts: 1,
        ..StepCompleted::default()
    };
    let outcome = ExecutionFailed {
        step: "charge".to_owned(),
        failure: failure.clone(),
        compensated: Vec::new(),
    };
    Execution {
        id: "order-1".to_owned(),
        workflow: "place-order".to_owned(),
        revision: "7b0c91e2".repeat(8),
        state: ExecutionState::Failed as i32,
        create_time: at(0),
        end_time: at(4200),
        failure,
        failed_step: "charge".to_owned(),
        steps: vec![
            step("reserve", "InventoryService", StepState::Completed),
            step("charge", "PaymentService", StepState::Failed),
        ],
        events: vec![
            event(0, "ExecutionStarted", &ExecutionStarted::default()),
            event(900, "StepCompleted", &completed),
            event(3100, "StepFailed", &failed),
            event(4200, "ExecutionFailed", &outcome),
        ],
        ..Execution::default()
    }
}

fn suspended() -> Execution {
    let stuck = ExecutionSuspended {
        round: 1,
        steps: vec!["reserve".to_owned()],
    };
    let failed = execution();
    let mut events = failed.events;
    events.pop();
    events.push(event(5000, "ExecutionSuspended", &stuck));
    Execution {
        id: SUSPENDED.to_owned(),
        state: ExecutionState::Suspended as i32,
        end_time: None,
        events,
        ..failed
    }
}

fn known(id: &str) -> Result<Option<Execution>, Status> {
    if id == "order-1" {
        return Ok(Some(execution()));
    }
    if id == INTERRUPTED {
        let id = id.to_owned();
        return Ok(Some(Execution { id, ..execution() }));
    }
    if id == SUSPENDED {
        return Ok(Some(suspended()));
    }
    let message = format!("there is no execution `{id}`; did you mean `order-1`?");
    let details = Details::new().fact("execution_id", id);
    Err(details.status(Code::NotFound, "UNKNOWN_EXECUTION", message))
}

#[tonic::async_trait]
impl ExecutionService for Answers {
    type WatchExecutionStream = BoxStream<'static, Result<WatchExecutionResponse, Status>>;

    async fn start_execution(
        &self,
        request: Request<StartExecutionRequest>,
    ) -> Result<Response<StartExecutionResponse>, Status> {
        let execution = known(&request.into_inner().execution_id)?;
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
        let events = events
            .into_iter()
            .map(|event| Ok(WatchExecutionResponse { event: Some(event), incident: None }));
        let events = stream::iter(events);
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
                if source.text.contains("name: sound") =>
            {
                let workflow = Workflow {
                    implements: "shop.order.v1.OrderService/PlaceOrder".to_owned(),
                    ..Workflow::default()
                };
                let workflow = Some(DeployedWorkflow {
                    name: "sound".to_owned(),
                    revision: "7b0c91e2".repeat(8),
                    workflow: Some(workflow),
                    create_time: at(0),
                    ..DeployedWorkflow::default()
                });
                Ok(Response::new(DeployWorkflowResponse {
                    workflow,
                    ..Default::default()
                }))
            }
            _ => {
                let report = CheckWorkflowResponse {
                    diagnostics: vec![mistake()],
                    revision: String::new(),
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
        _: Request<CheckWorkflowRequest>,
    ) -> Result<Response<CheckWorkflowResponse>, Status> {
        let diagnostics = vec![mistake()];
        Ok(Response::new(CheckWorkflowResponse {
            diagnostics,
            revision: String::new(),
        }))
    }

    async fn get_workflow(
        &self,
        _: Request<GetWorkflowRequest>,
    ) -> Result<Response<GetWorkflowResponse>, Status> {
        Err(unused("GetWorkflow"))
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

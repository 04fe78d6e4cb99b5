//! A client of the orchestrator with one order: places it at the front door, or starts it by
//! name, and tells what it was told. It tries once.

use pavane::metadata::{EXECUTION_ID, MODE};
use pavane::shop::order::v1::PlaceOrderRequest;
use pavane::shop::order::v1::order_service_client::OrderServiceClient;
use pavane::workflow::v1::execution_service_client::ExecutionServiceClient;
use pavane::workflow::v1::start_execution_request::Input;
use pavane::workflow::v1::{
    CancelExecutionRequest, Execution, ExecutionState, GetExecutionRequest, Mode,
    StartExecutionRequest, WaitExecutionRequest,
};
use prost::Message;
use tonic::transport::Channel;
use tonic::{Code, Request, Response, Status};
use tonic_types::StatusExt;

use crate::orders::Errand;

/// The workflow whose executions are orders.
pub const WORKFLOW: &str = "place-order";

/// A client whose orders are run in one mode. A cheap clone.
#[derive(Debug, Clone)]
pub struct Client {
    front_door: OrderServiceClient<Channel>,
    executions: ExecutionServiceClient<Channel>,
    mode: Mode,
}

/// What became of an errand.
#[derive(Debug)]
pub enum Reply {
    /// The order has this outcome.
    Outcome(Result<(), Status>),
    /// Nobody knows: the connection broke, or the server is going.
    Lost,
    /// The orchestrator does not want it.
    Refused(Status),
}

impl Client {
    /// A client of the orchestrator at the end of this channel.
    pub fn new(orchestrator: Channel, mode: Mode) -> Self {
        Self {
            front_door: OrderServiceClient::new(orchestrator.clone()),
            executions: ExecutionServiceClient::new(orchestrator)
                .max_decoding_message_size(16 << 20),
            mode,
        }
    }

    /// Runs an errand; the order's id is its execution's.
    pub async fn run(&mut self, errand: Errand, order: &PlaceOrderRequest) -> Reply {
        let outcome = match errand {
            Errand::Place => return self.place(order).await,
            Errand::Start => self.start_and_wait(order, false).await,
            Errand::StartAndCancel => self.start_and_wait(order, true).await,
        };
        match outcome {
            Ok(Some(outcome)) => Reply::Outcome(outcome),
            Ok(None) => Reply::Lost,
            Err(status) => refused_or_lost(status),
        }
    }

    /// Places it at the front door.
    async fn place(&mut self, order: &PlaceOrderRequest) -> Reply {
        let mut request = Request::new(order.clone());
        let id = order.order_id.parse().expect("an order's id is ASCII");
        request.metadata_mut().insert(EXECUTION_ID, id);
        let mode = mode_name(self.mode).parse().expect("a mode is ASCII");
        request.metadata_mut().insert(MODE, mode);
        match self.front_door.place_order(request).await {
            Ok(answer) => {
                assert_eq!(answer.into_inner().order_id, order.order_id);
                Reply::Outcome(Ok(()))
            }
            Err(status) if is_outcome(&status) => Reply::Outcome(Err(status)),
            Err(status) => refused_or_lost(status),
        }
    }

    /// Starts it by name: it is durable when this returns.
    pub async fn start(&mut self, order: &PlaceOrderRequest) -> Result<Execution, Status> {
        let request = StartExecutionRequest {
            workflow: WORKFLOW.to_owned(),
            execution_id: order.order_id.clone(),
            mode: self.mode.into(),
            input: Some(Input::InputBytes(order.encode_to_vec().into())),
        };
        let started = self.executions.start_execution(request).await;
        Ok(started?.into_inner().execution.unwrap_or_default())
    }

    /// Waits for its outcome. `None`: it has none yet.
    pub async fn wait(&mut self, id: &str) -> Result<Option<Result<(), Status>>, Status> {
        let request = WaitExecutionRequest {
            execution_id: id.to_owned(),
            timeout: None,
        };
        let waited = self.executions.wait_execution(request).await?;
        Ok(outcome(waited.into_inner().execution.unwrap_or_default()))
    }

    /// Describes it.
    pub async fn get(&mut self, id: &str) -> Result<Execution, Status> {
        let request = GetExecutionRequest {
            execution_id: id.to_owned(),
            ..GetExecutionRequest::default()
        };
        let found = self.executions.get_execution(request).await;
        Ok(found?.into_inner().execution.unwrap_or_default())
    }

    /// Asks for it to be canceled, which is refused once it has ended.
    pub async fn cancel(&mut self, id: &str) -> Result<(), Status> {
        let request = CancelExecutionRequest {
            execution_id: id.to_owned(),
            reason: "changed my mind".to_owned(),
            ..CancelExecutionRequest::default()
        };
        let canceled = self.executions.cancel_execution(request).await;
        canceled.map(Response::into_inner).map(drop)
    }

    async fn start_and_wait(
        &mut self,
        order: &PlaceOrderRequest,
        cancel: bool,
    ) -> Result<Option<Result<(), Status>>, Status> {
        self.start(order).await?;
        if cancel {
            match self.cancel(&order.order_id).await {
                Err(status) if status.code() != Code::FailedPrecondition => return Err(status),
                Ok(()) | Err(_) => {}
            }
        }
        self.wait(&order.order_id).await
    }
}

/// As the front door is told it.
pub fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Unspecified | Mode::Orchestrated => "orchestrated",
        Mode::Choreographed => "choreographed",
    }
}

/// The outcome of an execution; `None`: it has none.
fn outcome(execution: Execution) -> Option<Result<(), Status>> {
    match execution.state() {
        ExecutionState::Succeeded => Some(Ok(())),
        ExecutionState::Failed => {
            let failure = execution.failure.unwrap_or_default();
            Some(Err(Status::new(Code::from(failure.code), failure.message)))
        }
        ExecutionState::Canceled => Some(Err(Status::cancelled(execution.cancel_reason))),
        ExecutionState::Unspecified
        | ExecutionState::Running
        | ExecutionState::Failing
        | ExecutionState::Suspended => None,
    }
}

/// Whether the answer is a failure of the execution, rather than of the call. The details tell:
/// they come last. The header with the execution's id comes first, and what comes after it can be
/// lost with the connection.
fn is_outcome(status: &Status) -> bool {
    let info = status.get_details_error_info();
    info.is_some_and(|info| info.metadata.contains_key("compensated"))
}

fn refused_or_lost(status: Status) -> Reply {
    let lost = [
        Code::Unavailable,
        Code::Unknown,
        Code::Cancelled,
        Code::Internal,
    ];
    if lost.contains(&status.code()) {
        Reply::Lost
    } else {
        Reply::Refused(status)
    }
}

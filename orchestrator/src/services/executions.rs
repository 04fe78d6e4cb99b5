//! ExecutionService.

mod list;
mod resolve;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use pavane::workflow::v1::execution_service_server::ExecutionService;
use pavane::workflow::v1::start_execution_request::Input as StartInput;
use pavane::workflow::v1::{
    CancelExecutionRequest, CancelExecutionResponse, GetExecutionRequest, GetExecutionResponse,
    ListExecutionsRequest, ListExecutionsResponse, ResolveStepRequest, ResolveStepResponse,
    RetryExecutionRequest, RetryExecutionResponse, StartExecutionRequest, StartExecutionResponse,
    WaitExecutionRequest, WaitExecutionResponse, WatchExecutionRequest, WatchExecutionResponse,
};
use pavane_flow::event::Origin;
use pavane_flow::language::json;
use pavane_flow::plan::Plan;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

use crate::Error;
use crate::engine::{Awaited, Engine, StartOrder, trace_of};
use crate::view::Detail;

const DEFAULT_WAIT: Duration = Duration::from_secs(30);

/// Answers ExecutionService.
#[derive(Debug)]
pub(crate) struct Executions {
    engine: Engine,
    watchers: Arc<Semaphore>,
    most_watchers: usize,
    closing: CancellationToken,
}

impl Executions {
    pub(crate) fn new(engine: Engine, most_watchers: usize, closing: CancellationToken) -> Self {
        let watchers = Arc::new(Semaphore::new(most_watchers));
        Self {
            engine,
            watchers,
            most_watchers,
            closing,
        }
    }

    /// A place among those who wait or watch. Errors: [`Error::LimitExceeded`].
    fn place(&self) -> Result<OwnedSemaphorePermit, Error> {
        let what = "the number of calls that wait for or watch executions";
        let limit = self.most_watchers;
        Arc::clone(&self.watchers)
            .try_acquire_owned()
            .map_err(|_| Error::LimitExceeded {
                what,
                limit,
                found: limit + 1,
            })
    }
}

#[tonic::async_trait]
impl ExecutionService for Executions {
    async fn start_execution(
        &self,
        request: Request<StartExecutionRequest>,
    ) -> Result<Response<StartExecutionResponse>, Status> {
        let trace = trace_of(request.metadata());
        let request = request.into_inner();
        let mode = request.mode();
        let plan = self.engine.workflows.served(&request.workflow)?;
        let input = encode_input(&plan, request.input)?;
        let id = (!request.execution_id.is_empty()).then_some(request.execution_id);
        let begun = self
            .engine
            .start(StartOrder {
                plan,
                mode,
                id,
                input,
                origin: Origin::default(),
                trace,
            })
            .await?;
        Ok(Response::new(StartExecutionResponse {
            execution: Some(self.engine.describe(&begun.id).await?),
            existing: begun.existing,
        }))
    }

    async fn get_execution(
        &self,
        request: Request<GetExecutionRequest>,
    ) -> Result<Response<GetExecutionResponse>, Status> {
        let request = request.into_inner();
        let detail = if request.with_elements {
            Detail::Elements
        } else {
            Detail::Steps
        };
        let execution = self
            .engine
            .describe_with(&request.execution_id, detail)
            .await?;
        Ok(Response::new(GetExecutionResponse {
            execution: Some(execution),
        }))
    }

    async fn list_executions(
        &self,
        request: Request<ListExecutionsRequest>,
    ) -> Result<Response<ListExecutionsResponse>, Status> {
        Ok(Response::new(list::list(
            &self.engine,
            request.into_inner(),
        )?))
    }

    async fn wait_execution(
        &self,
        request: Request<WaitExecutionRequest>,
    ) -> Result<Response<WaitExecutionResponse>, Status> {
        let _place = self.place()?;
        let WaitExecutionRequest {
            execution_id,
            timeout,
        } = request.into_inner();
        // A rule of the contract: it is not negative.
        let timeout = timeout.and_then(|timeout| Duration::try_from(timeout).ok());
        let timeout = timeout.unwrap_or(DEFAULT_WAIT);
        if let Awaited::Promised(outcome) = self.engine.outcome(&execution_id).await? {
            tokio::select! {
                // Whatever comes first, the answer says where the execution stands.
                _ = outcome => {}
                () = tokio::time::sleep(timeout) => {}
                () = self.closing.cancelled() => {}
            }
        }
        let execution = self.engine.describe(&execution_id).await?;
        Ok(Response::new(WaitExecutionResponse {
            execution: Some(execution),
        }))
    }

    type WatchExecutionStream = BoxStream<'static, Result<WatchExecutionResponse, Status>>;

    async fn watch_execution(
        &self,
        request: Request<WatchExecutionRequest>,
    ) -> Result<Response<Self::WatchExecutionStream>, Status> {
        let place = self.place()?;
        let id = request.into_inner().execution_id;
        let events = watch::watch(&self.engine, &id, self.closing.clone(), place).await?;
        Ok(Response::new(events))
    }

    async fn cancel_execution(
        &self,
        request: Request<CancelExecutionRequest>,
    ) -> Result<Response<CancelExecutionResponse>, Status> {
        let CancelExecutionRequest {
            execution_id,
            reason,
            validate_only,
        } = request.into_inner();
        if validate_only {
            self.engine.check_cancelable(&execution_id).await?;
        } else {
            self.engine.cancel(&execution_id, reason).await?;
        }
        let execution = self.engine.describe(&execution_id).await?;
        Ok(Response::new(CancelExecutionResponse {
            execution: Some(execution),
        }))
    }

    async fn retry_execution(
        &self,
        request: Request<RetryExecutionRequest>,
    ) -> Result<Response<RetryExecutionResponse>, Status> {
        let RetryExecutionRequest {
            execution_id: id,
            validate_only,
        } = request.into_inner();
        self.engine.resume(&id, validate_only.into()).await?;
        let execution = self.engine.describe(&id).await?;
        Ok(Response::new(RetryExecutionResponse {
            execution: Some(execution),
        }))
    }

    async fn resolve_step(
        &self,
        request: Request<ResolveStepRequest>,
    ) -> Result<Response<ResolveStepResponse>, Status> {
        let request = request.into_inner();
        let (id, doing) = (request.execution_id.clone(), request.validate_only.into());
        let order = |plan: &Plan| resolve::parse(plan, request);
        self.engine.settle(&id, order, doing).await?;
        let execution = self.engine.describe(&id).await?;
        Ok(Response::new(ResolveStepResponse {
            execution: Some(execution),
        }))
    }
}

fn encode_input(plan: &Plan, input: Option<StartInput>) -> Result<Bytes, Error> {
    let invalid = |field, problem: String| Error::InvalidArgument {
        field,
        problem: format!("not a {}: {problem}", plan.input.full_name()),
    };
    match input {
        None => Ok(Bytes::new()),
        Some(StartInput::InputJson(json)) => json::struct_to_bytes(&plan.input, &json)
            .map_err(|problem| invalid("input_json", problem.to_string())),
        Some(StartInput::InputBytes(bytes)) => {
            json::validate(&plan.input, &bytes)
                .map_err(|problem| invalid("input_bytes", problem.to_string()))?;
            Ok(bytes)
        }
    }
}

//! Starting, watching and steering executions.

use std::future::IntoFuture;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{Stream, StreamExt};
use pavane::feed::v1::Event;
use pavane::workflow::v1::execution_service_client::ExecutionServiceClient;
use pavane::workflow::v1::start_execution_request::Input;
use pavane::workflow::v1::{
    CancelExecutionRequest, Execution, ExecutionState, GetExecutionRequest, Incident, Mode,
    StartExecutionRequest, StartExecutionResponse, WaitExecutionRequest, WatchExecutionRequest,
    WatchExecutionResponse,
};
use prost::Message;
use tonic::Streaming;
use tonic::transport::Channel;

use crate::client::{answer, within};
use crate::{Client, Error, Options};

/// How long one request waits for an outcome; then it is asked again.
const PATIENCE: Duration = Duration::from_secs(30);
/// What the network may take besides.
const LEEWAY: Duration = Duration::from_secs(10);

/// The executions of a server. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Executions {
    stub: ExecutionServiceClient<Channel>,
    options: Options,
}

/// What [`Executions::watch`] shows.
#[derive(Debug, Clone, PartialEq)]
pub enum Observed {
    /// Something happened.
    Event(Box<Event>),
    /// Something keeps the execution from going on.
    Incident(Box<Incident>),
}

impl Executions {
    pub(crate) fn new(client: &Client) -> Self {
        let options = client.options().clone();
        let stub = ExecutionServiceClient::new(client.channel())
            .max_decoding_message_size(options.max_answer_bytes);
        Self { stub, options }
    }

    /// Starts an execution of a workflow with this input, when it is awaited.
    pub fn start(&self, workflow: &str, input: &impl Message) -> StartExecution {
        let request = StartExecutionRequest {
            workflow: workflow.to_owned(),
            input: Some(Input::InputBytes(input.encode_to_vec().into())),
            ..StartExecutionRequest::default()
        };
        StartExecution {
            executions: self.clone(),
            request,
        }
    }

    /// An execution as it stands.
    pub async fn get(&self, id: &str) -> Result<Execution, Error> {
        let request = GetExecutionRequest {
            execution_id: id.to_owned(),
            ..GetExecutionRequest::default()
        };
        let timeout = self.options.call_timeout;
        let mut stub = self.stub.clone();
        let answered = stub.get_execution(within(timeout, request));
        whole(answer(answered, timeout).await?.execution)
    }

    /// Waits for the outcome, however long it takes: it has succeeded, failed or been canceled, and what
    /// was to be undone is. Errors: the server is away, or does not know the execution.
    pub async fn wait(&self, id: &str) -> Result<Execution, Error> {
        let mut stub = self.stub.clone();
        let timeout = PATIENCE + LEEWAY;
        loop {
            let request = WaitExecutionRequest {
                execution_id: id.to_owned(),
                timeout: prost_types::Duration::try_from(PATIENCE).ok(),
            };
            let answered = stub.wait_execution(within(timeout, request));
            let execution = whole(answer(answered, timeout).await?.execution)?;
            if has_ended(execution.state()) {
                return Ok(execution);
            }
        }
    }

    /// What has happened to an execution, then what happens, up to and including its outcome. A lost
    /// connection is an error: watch again, and the history comes first.
    pub async fn watch(&self, id: &str) -> Result<Watch, Error> {
        let request = WatchExecutionRequest {
            execution_id: id.to_owned(),
        };
        let stream = self.stub.clone().watch_execution(request).await?;
        Ok(Watch(stream.into_inner()))
    }

    /// Asks for an execution to be canceled: no further step begins, and what was done is undone. The
    /// reason is for people.
    pub async fn cancel(&self, id: &str, reason: &str) -> Result<Execution, Error> {
        let request = CancelExecutionRequest {
            execution_id: id.to_owned(),
            reason: reason.to_owned(),
            validate_only: false,
        };
        let timeout = self.options.call_timeout;
        let mut stub = self.stub.clone();
        let answered = stub.cancel_execution(within(timeout, request));
        whole(answer(answered, timeout).await?.execution)
    }
}

/// The stream of [`Executions::watch`]. It is to be dropped to be ended early.
#[derive(Debug)]
pub struct Watch(Streaming<WatchExecutionResponse>);

impl Watch {
    /// What comes next; `None` after the outcome.
    pub async fn next(&mut self) -> Option<Result<Observed, Error>> {
        StreamExt::next(self).await
    }
}

impl Stream for Watch {
    type Item = Result<Observed, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let observed = match ready!(self.0.poll_next_unpin(context)) {
                None => return Poll::Ready(None),
                Some(Err(status)) => return Poll::Ready(Some(Err(status.into()))),
                Some(Ok(WatchExecutionResponse { event, incident })) => event
                    .map(|event| Observed::Event(event.into()))
                    .or_else(|| incident.map(|incident| Observed::Incident(incident.into()))),
            };
            // A message of a kind that is not known yet shows nothing.
            if let Some(observed) = observed {
                return Poll::Ready(Some(Ok(observed)));
            }
        }
    }
}

/// A start that happens when it is awaited: durable when it is answered.
#[derive(Debug)]
#[must_use = "it is started when this is awaited"]
pub struct StartExecution {
    executions: Executions,
    request: StartExecutionRequest,
}

impl StartExecution {
    /// The id that it shall have: starting the same again is answered as the first. Default: the server
    /// makes one.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.request.execution_id = id.into();
        self
    }

    /// How it is to be run. Default: as the workflow says.
    pub fn mode(mut self, mode: Mode) -> Self {
        self.request.mode = mode.into();
        self
    }

    /// Starts it; the answer also says whether it had been started before.
    pub async fn send(self) -> Result<StartExecutionResponse, Error> {
        let Executions { mut stub, options } = self.executions;
        let timeout = options.call_timeout;
        answer(stub.start_execution(within(timeout, self.request)), timeout).await
    }
}

impl IntoFuture for StartExecution {
    type Output = Result<Execution, Error>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { whole(self.send().await?.execution) })
    }
}

fn whole(execution: Option<Execution>) -> Result<Execution, Error> {
    execution.ok_or(Error::IncompleteAnswer {
        expected: "execution",
    })
}

fn has_ended(state: ExecutionState) -> bool {
    match state {
        ExecutionState::Succeeded | ExecutionState::Failed | ExecutionState::Canceled => true,
        ExecutionState::Unspecified
        | ExecutionState::Running
        | ExecutionState::Failing
        | ExecutionState::Suspended => false,
    }
}

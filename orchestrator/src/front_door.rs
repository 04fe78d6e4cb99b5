//! The front door: a deployed workflow, served as the typed unary method that it implements.
//! Whoever calls it needs to know nothing of workflows.

mod answer;

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use pavane::metadata::{EXECUTION_ID, IDEMPOTENCY_COMPENSATION, IDEMPOTENCY_KEY, MODE};
use pavane::workflow::v1::Mode;
use pavane_flow::event::Origin;
use pavane_flow::language::json;
use pavane_flow::plan::Plan;
use pavane_server::CallEnds;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status};

use crate::codec::BytesCodec;
use crate::engine::{Awaited, Engine, StartOrder, Task, child_id, trace_of};
use crate::{Error, GoesOn};

/// Serves the calls that no service of the orchestrator's own is for.
#[derive(Clone, Debug)]
pub(crate) struct FrontDoor {
    engine: Engine,
    /// Largest message that is read at all; what an input may have, the engine says.
    receive_bytes: usize,
    /// Cancelled when those who still wait for an outcome must be sent away.
    closing: CancellationToken,
}

impl FrontDoor {
    pub(crate) fn new(engine: Engine, receive_bytes: usize, closing: CancellationToken) -> Self {
        Self {
            engine,
            receive_bytes,
            closing,
        }
    }

    /// Runs the workflow for one call, from start to outcome.
    async fn run(self, plan: Arc<Plan>, call: Request<Bytes>) -> Result<Response<Bytes>, Status> {
        let (metadata, extensions, input) = call.into_parts();
        let patience = patience(extensions.get());
        json::validate(&plan.input, &input).map_err(|problem| Error::InvalidArgument {
            field: "input",
            problem: format!("not a {}: {problem}", plan.input.full_name()),
        })?;
        let task = Task::of_call(&metadata);
        self.check_order(&metadata, task.as_ref()).await?;
        let id = chosen_id(&metadata)?;
        let trace = trace_of(&metadata);
        let origin = Origin {
            parent: task
                .as_ref()
                .map(|task| (task.parent.clone(), task.step.clone())),
            causal_chain: task
                .as_ref()
                .map(|task| task.causal_chain.clone())
                .unwrap_or_default(),
        };
        let mode = chosen_mode(&metadata)?;
        // Nobody needs them while the execution goes on.
        drop((metadata, extensions));
        let begun = self
            .engine
            .start(StartOrder {
                plan: Arc::clone(&plan),
                mode,
                id,
                input,
                origin,
                trace,
            })
            .await?;
        if let Some(task) = task.filter(|task| !task.is_compensation) {
            self.engine.stop_if_orphan(&begun.id, &task).await?;
        }
        let sent_away = |why| answer::sent_away(&begun.id, why);
        let outcome = match begun.outcome {
            Awaited::Known(outcome) => *outcome,
            Awaited::Promised(outcome) => tokio::select! {
                outcome = outcome => outcome.map_err(|_| sent_away(GoesOn::ShuttingDown))?,
                () = self.closing.cancelled() => {
                    return Err(sent_away(GoesOn::ShuttingDown));
                }
                () = tokio::time::sleep_until(patience) => {
                    return Err(sent_away(GoesOn::TooLate));
                }
            },
        };
        answer::to_caller(&begun.id, &plan, outcome)
    }

    /// The two calls of a step may come in any order, and at the same time. What undoes waits for what
    /// does; what was undone is not done any more.
    async fn check_order(&self, call: &MetadataMap, task: Option<&Task>) -> Result<(), Error> {
        let key = call.get(IDEMPOTENCY_KEY).and_then(|key| key.to_str().ok());
        let (Some(task), Some(key)) = (task, key) else {
            return Ok(());
        };
        if task.is_compensation {
            return self.engine.end_before_compensation(key).await;
        }
        if self.engine.is_compensated(key)? {
            let key = key.to_owned();
            return Err(Error::CompensatedBefore { key });
        }
        Ok(())
    }
}

impl tower::Service<http::Request<Body>> for FrontDoor {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let Some(plan) = self.engine.workflows.implementing(request.uri().path()) else {
            return Box::pin(async { Ok(Status::unimplemented("").into_http()) });
        };
        let limit = Some(self.receive_bytes);
        let door = self.clone();
        Box::pin(async move {
            let mut grpc =
                tonic::server::Grpc::new(BytesCodec).apply_max_message_size_config(limit, None);
            let run = tower::service_fn(|call| door.clone().run(Arc::clone(&plan), call));
            Ok(grpc.unary(run, request).await)
        })
    }
}

/// Until when to wait for the outcome: a little less than the call may take, so that whoever waits
/// longer is told of the execution that goes on.
fn patience(ends: Option<&CallEnds>) -> Instant {
    const LONG: Duration = Duration::from_secs(365 * 24 * 3600);
    let now = Instant::now();
    let left = ends.map_or(LONG, |ends| {
        ends.0.saturating_duration_since(now.into_std())
    });
    now + left.min(LONG) - (left / 20).min(Duration::from_millis(100))
}

/// How the caller wants the execution to be run; unspecified: as the workflow says.
fn chosen_mode(metadata: &MetadataMap) -> Result<Mode, Error> {
    let Some(value) = metadata.get(MODE) else {
        return Ok(Mode::Unspecified);
    };
    match value.as_bytes() {
        b"orchestrated" => Ok(Mode::Orchestrated),
        b"choreographed" => Ok(Mode::Choreographed),
        other => Err(Error::InvalidArgument {
            field: MODE,
            problem: format!(
                "is `{}`; expected `orchestrated` or `choreographed`",
                other.escape_ascii()
            ),
        }),
    }
}

/// The id that the caller chose for the execution, if it did: in so many words, or by an
/// idempotency key, as a step of another workflow carries it. The same key is the same execution,
/// and what undoes it is another one.
fn chosen_id(metadata: &MetadataMap) -> Result<Option<String>, Error> {
    let chosen = [EXECUTION_ID, IDEMPOTENCY_KEY]
        .into_iter()
        .find_map(|name| Some((name, metadata.get(name)?)));
    let Some((field, value)) = chosen else {
        return Ok(None);
    };
    let text = value.to_str().map_err(|_| Error::InvalidArgument {
        field,
        problem: "is not printable ASCII".to_owned(),
    })?;
    if field != IDEMPOTENCY_KEY {
        return Ok(Some(text.to_owned()));
    }
    let is_compensation = metadata.contains_key(IDEMPOTENCY_COMPENSATION);
    Ok(Some(child_id(text, is_compensation)))
}

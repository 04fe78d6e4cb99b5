//! The steps of the scenario, in their order.

use std::error::Error;
use std::time::Duration;

use pavane::feed::v1::Event;
use pavane::metadata::EXECUTION_ID;
use pavane::shop::order::v1::{PlaceOrderRequest, PlaceOrderResponse};
use pavane::testing::v1::ClearFaultsRequest;
use pavane::testing::v1::fault_service_client::FaultServiceClient;
use pavane::workflow::v1::WaitExecutionResponse;
use pavane::workflow::v1::execution_service_client::ExecutionServiceClient;
use pavane_client::{Call, Client, Error as Refusal, Failure, Observed, Subscriber, Update};
use serde_json::{Value, json};
use tonic::Code;
use tonic::transport::Channel;

use crate::transcript::{self, say};
use crate::wishes;

type Done = Result<(), Box<dyn Error>>;

const WORKFLOW: &str = "place-order";
const PLACE_ORDER: &str = "shop.order.v1.OrderService/PlaceOrder";
const WAIT_EXECUTION: &str = "pavane.workflow.v1.ExecutionService/WaitExecution";
const DEADLINE: Duration = Duration::from_millis(200);

pub(crate) struct Scenario {
    pub(crate) orchestrator: Client,
    pub(crate) payment: Client,
    pub(crate) inventory: Client,
}

impl Scenario {
    pub(crate) async fn deploy(&self) -> Done {
        let workflows = self.orchestrator.workflows();
        let definition = wishes::definition(|text| text)?;
        let answer = workflows.deploy(&definition).await?;
        let deployed = answer.workflow.unwrap_or_default();
        let steps = deployed.workflow.unwrap_or_default().steps.into_iter();
        let steps: Vec<String> = steps.map(|step| step.id).collect();
        let (name, revision) = (deployed.name, deployed.revision);
        let unchanged = answer.unchanged;
        say(
            "deploy",
            json!({ "workflow": name, "revision": revision, "steps": steps, "unchanged": unchanged }),
        );
        let answer = workflows.deploy(&definition).await?;
        say("deploy again", json!({ "unchanged": answer.unchanged }));
        let mistaken = wishes::definition(|text| text.replace("reserve.total", "reserve.totel"))?;
        let failure = refused(workflows.deploy(&mistaken).await)?;
        let diagnostics = transcript::diagnostics(&failure);
        let error = transcript::failure(&failure);
        say(
            "deploy mistake",
            json!({ "error": error, "diagnostics": diagnostics }),
        );
        Ok(())
    }

    pub(crate) async fn start_and_wait(&self) -> Done {
        let input = wishes::as_bytes(&wishes::order("order-1"));
        for step in ["start", "start again"] {
            let request = wishes::start(WORKFLOW, "order-1", Some(input.clone()));
            let answer = self
                .executions()
                .start_execution(request)
                .await?
                .into_inner();
            let id = answer.execution.unwrap_or_default().id;
            say(step, json!({ "id": id, "existing": answer.existing }));
        }
        let execution = self.orchestrator.executions().wait("order-1").await?;
        let steps = transcript::steps(&execution);
        let state = execution.state().as_str_name();
        let output = transcript::structure(execution.output.unwrap_or_default());
        say(
            "wait",
            json!({ "state": state, "output": output, "steps": steps }),
        );
        Ok(())
    }

    pub(crate) async fn watch(&self) -> Done {
        self.card_fails().await?;
        let input = wishes::as_json(&wishes::order("order-2"))?;
        let request = wishes::start(WORKFLOW, "order-2", Some(input));
        self.executions().start_execution(request).await?;
        let mut watch = self.orchestrator.executions().watch("order-2").await?;
        let mut events = Vec::new();
        while let Some(observed) = watch.next().await {
            let Observed::Event(event) = observed? else {
                continue;
            };
            let happened = event.r#type.clone();
            let step = transcript::completed_step(*event);
            if step == "reserve" {
                self.card_works().await?;
            }
            events.push(json!({ "type": happened, "of": step }));
        }
        say("watch", json!({ "events": events }));
        Ok(())
    }

    pub(crate) async fn place(&self) -> Done {
        let answer = self.placing(wishes::order("order-3")).send().await?;
        let execution_id = answer.metadata().get(EXECUTION_ID);
        let execution_id = execution_id
            .and_then(|id| id.to_str().ok())
            .map(str::to_owned);
        let placed = answer.into_inner();
        let charged = placed.charged.clone().unwrap_or_default();
        say(
            "place",
            json!({
                "execution_id": execution_id,
                "order_id": placed.order_id,
                "tracking_number": placed.tracking_number,
                "charged": { "currency": charged.currency, "minor_units": charged.minor_units },
            }),
        );
        let again = self.placing(wishes::order("order-3")).await?;
        say("place again", json!({ "same": again == placed }));
        let declined = PlaceOrderRequest {
            card_token: "tok-declined".to_owned(),
            ..wishes::order("order-4")
        };
        let failure = refused(self.placing(declined).await)?;
        let (id, error) = (failure.execution_id(), transcript::failure(&failure));
        say(
            "place declined",
            json!({ "execution_id": id, "error": error }),
        );
        Ok(())
    }

    pub(crate) async fn start_wrongly(&self) -> Done {
        let malformed = wishes::start(WORKFLOW, "order 5!", None);
        let unknown = wishes::start("place-ordr", "", None);
        for (step, request) in [("start malformed", malformed), ("start unknown", unknown)] {
            let started = self.executions().start_execution(request).await;
            let failure = refused(started.map_err(Refusal::from))?;
            say(step, json!({ "error": transcript::failure(&failure) }));
        }
        Ok(())
    }

    pub(crate) async fn run_out_of_time(&self) -> Done {
        self.card_fails().await?;
        let executions = self.orchestrator.executions();
        executions
            .start(WORKFLOW, &wishes::order("order-5"))
            .id("order-5")
            .await?;
        let mut watch = executions.watch("order-5").await?;
        while let Some(observed) = watch.next().await {
            if let Observed::Event(event) = observed?
                && transcript::completed_step(*event) == "reserve"
            {
                break;
            }
        }
        // A stream is canceled by dropping it, and then there is nobody who could be told a code.
        drop(watch);
        say(
            "stop watching",
            json!({ "code": transcript::code(Code::Cancelled) }),
        );
        let late = self
            .orchestrator
            .call(WAIT_EXECUTION, wishes::wait("order-5"));
        let late: Result<WaitExecutionResponse, _> = late.timeout(DEADLINE).await;
        let failure = refused(late)?;
        let execution = executions.get("order-5").await?;
        let (code, state) = (
            transcript::code(failure.code()),
            execution.state().as_str_name(),
        );
        say("deadline", json!({ "code": code, "state": state }));
        Ok(())
    }

    pub(crate) async fn cancel(&self) -> Done {
        let executions = self.orchestrator.executions();
        executions.cancel("order-5", wishes::REASON).await?;
        self.card_works().await?;
        let execution = executions.wait("order-5").await?;
        let reserve = execution.steps.iter().find(|step| step.id == "reserve");
        say(
            "cancel",
            json!({
                "state": execution.state().as_str_name(),
                "cancel_reason": execution.cancel_reason,
                "reserve": reserve.map(|step| step.state().as_str_name()),
            }),
        );
        let failure = refused(executions.cancel("order-5", wishes::REASON).await)?;
        say(
            "cancel again",
            json!({ "error": transcript::failure(&failure) }),
        );
        let failure = refused(self.placing(wishes::order("order-5")).await)?;
        say(
            "place canceled",
            json!({ "error": transcript::failure(&failure) }),
        );
        Ok(())
    }

    /// The subscriber goes on by itself where it was, and says that it was cut off.
    pub(crate) async fn follow(&self) -> Done {
        let subscribe = self
            .inventory
            .subscribe("inventory")
            .filter(wishes::stock_events());
        let mut subscriber = subscribe.options(wishes::small_batches()).updates();
        let mut first = Vec::new();
        while first.len() < 3 {
            if let Update::Events(events) = next(&mut subscriber).await? {
                first.extend(events);
            }
        }
        say("feed", json!({ "events": shown(first)? }));

        let (mut rest, mut interrupted) = (Vec::new(), false);
        loop {
            match next(&mut subscriber).await? {
                Update::Events(events) => rest.extend(events),
                Update::Disconnected { .. } => interrupted = true,
                Update::CaughtUp if interrupted => break,
                _ => {}
            }
        }
        say(
            "feed resumed",
            json!({ "interrupted": interrupted, "events": shown(rest)? }),
        );

        self.placing(wishes::order("order-6")).await?;
        let live = loop {
            if let Update::Events(events) = next(&mut subscriber).await? {
                break events;
            }
        };
        say("feed live", json!({ "events": shown(live)? }));
        drop(subscriber);
        say(
            "leave feed",
            json!({ "code": transcript::code(Code::Cancelled) }),
        );

        let mut nonsense = self
            .inventory
            .subscribe("inventory")
            .after("nonsense")
            .events();
        let failure = refused(
            nonsense
                .next()
                .await
                .ok_or("an error is the last thing that comes")?,
        )?;
        say(
            "feed nonsense",
            json!({ "error": transcript::failure(&failure) }),
        );
        Ok(())
    }

    fn executions(&self) -> ExecutionServiceClient<Channel> {
        ExecutionServiceClient::new(self.orchestrator.channel())
    }

    fn placing(&self, order: PlaceOrderRequest) -> Call<PlaceOrderRequest, PlaceOrderResponse> {
        let id = order.order_id.clone();
        self.orchestrator.call(PLACE_ORDER, order).execution_id(id)
    }

    async fn card_fails(&self) -> Done {
        let mut faults = FaultServiceClient::new(self.payment.channel());
        faults.add_fault(wishes::card_fails()).await?;
        Ok(())
    }

    async fn card_works(&self) -> Done {
        let mut faults = FaultServiceClient::new(self.payment.channel());
        faults.clear_faults(ClearFaultsRequest {}).await?;
        Ok(())
    }
}

async fn next(subscriber: &mut Subscriber) -> Result<Update, Box<dyn Error>> {
    let update = subscriber
        .next()
        .await
        .ok_or("a subscription goes on for ever")?;
    Ok(update?)
}

fn shown(events: Vec<Event>) -> Result<Vec<Value>, Box<dyn Error>> {
    events.into_iter().map(transcript::stock_event).collect()
}

/// The failure of a call that must fail.
fn refused<T>(answer: Result<T, Refusal>) -> Result<Failure, Box<dyn Error>> {
    match answer {
        Ok(_) => Err("this was to fail".into()),
        Err(Refusal::Failed(failure)) => Ok(*failure),
        Err(error) => Err(error.into()),
    }
}

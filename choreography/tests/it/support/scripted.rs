//! A host whose calls do what a script says of each, so that a test can have any of them fail.

use std::sync::Arc;
use std::time::SystemTime;

use super::Log;
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use pavane::shop::inventory::v1::ReserveStockResponse;
use pavane::workflow::v1::{Failure, Member};
use pavane_choreography::{Ack, Answer, Host, Round, StepCall};
use pavane_feed::{self as feed, Feed, Store};
use pavane_flow::Timestamp;
use pavane_flow::choreography::member::Heard;
use pavane_flow::driver::{CallFailure, Direction};
use prost::Message;

/// What a service does with a call.
pub(crate) enum Does {
    /// Answers OK.
    Succeeds,
    /// Refuses, with this code.
    Fails(tonic::Code),
    /// Never answers.
    Hangs,
    /// Panics.
    Panics,
}

pub(crate) type Script = Arc<dyn Fn(&StepCall, usize) -> Does + Send + Sync>;

/// A member as its host: what it does with calls is scripted.
pub(super) struct Scripted {
    pub(super) identity: Member,
    pub(super) store: Store,
    pub(super) feed: Feed,
    pub(super) log: Log,
    pub(super) script: Script,
    /// Whether the event is in the commit of the effect.
    pub(super) records: bool,
}

impl Host for Scripted {
    fn identity(&self) -> &Member {
        &self.identity
    }

    fn store(&self) -> &Store {
        &self.store
    }

    fn feed(&self) -> &Feed {
        &self.feed
    }

    fn put_in_line(&self, round: Round) -> BoxFuture<'_, Result<Ack, feed::Error>> {
        round.append(&self.store, &self.feed).boxed()
    }

    fn perform(&self, call: StepCall) -> BoxFuture<'static, Answer> {
        let method = call.method().path.rsplit('/').next().unwrap().to_owned();
        let line = format!("call {} {method}", call.execution());
        let before = self.log.lines(&line).len();
        self.log.add(line);
        let does = (self.script)(&call, before);
        let (store, feed, records) = (self.store.clone(), self.feed.clone(), self.records);
        Box::pin(async move {
            match does {
                Does::Succeeds if records => {
                    let now = prost_types::Timestamp::from(SystemTime::now());
                    let (event, stored) = call.completed(Timestamp::from(&now), output(&call));
                    let written = store.transact(move |tx| {
                        let stored = feed.prepare_encoded([&*stored])?;
                        tx.append_prepared(&feed, &stored)
                    });
                    match written.await {
                        Ok(_) => Answer::Recorded(event),
                        Err(_) => std::future::pending().await,
                    }
                }
                Does::Succeeds => Answer::Answered(Ok(output(&call))),
                Does::Fails(code) => Answer::Answered(Err(failure(code))),
                Does::Hangs => std::future::pending().await,
                Does::Panics => panic!("as the script says"),
            }
        })
    }

    fn heard(&self, peer: &Arc<str>, events: &[Heard]) {
        for event in events {
            let (name, id) = (&self.identity.name, event.view().id);
            self.log.add(format!("{name} hears {id} from {peer}"));
        }
    }

    fn lost(&self, peer: &str, problem: &str) {
        self.log
            .add(format!("{} has lost {peer}: {problem}", self.identity.name));
    }

    fn ended(&self, executions: &[Arc<str>]) {
        for execution in executions {
            self.log.add(format!(
                "{} sees the end of {execution}.",
                self.identity.name
            ));
        }
    }
}

fn output(call: &StepCall) -> Bytes {
    if call.method().path.ends_with("ReserveStock") && call.direction() == Direction::Forward {
        let response = ReserveStockResponse {
            reservation_id: "r-1".to_owned(),
            total: Some(Default::default()),
        };
        return response.encode_to_vec().into();
    }
    Bytes::new()
}

fn failure(code: tonic::Code) -> CallFailure {
    CallFailure {
        failure: Failure {
            code: code.into(),
            message: "as the script says".to_owned(),
            details: Vec::new(),
        },
        retry_after: None,
        sent: true,
        settled: false,
        held_back: false,
    }
}

//! TargetService.

use std::sync::Arc;
use std::time::SystemTime;

use pavane::workflow::v1::target::{self, State};
use pavane::workflow::v1::target_service_server::TargetService;
use pavane::workflow::v1::{ListTargetsRequest, ListTargetsResponse, Target};
use pavane_calls::{Calls, Health};
use prost_types::Timestamp;
use tonic::{Request, Response, Status};

use super::page;

/// Answers TargetService.
#[derive(Debug)]
pub(crate) struct Targets {
    calls: Arc<Calls>,
}

impl Targets {
    pub(crate) fn new(calls: Arc<Calls>) -> Self {
        Self { calls }
    }
}

#[tonic::async_trait]
impl TargetService for Targets {
    async fn list_targets(
        &self,
        request: Request<ListTargetsRequest>,
    ) -> Result<Response<ListTargetsResponse>, Status> {
        let ListTargetsRequest {
            page_size,
            page_token,
        } = request.into_inner();
        let size = page::size(page_size, 100, 1_000);
        // The token is the first service of the last target of the page before.
        if !page_token.is_empty() && self.calls.targets().get(&page_token).is_none() {
            return Err(page::invalid_token(&page_token).into());
        }
        let health = self.calls.health().into_iter();
        let mut rest = health.filter(|one| one.services[0] > page_token);
        let targets: Vec<Target> = rest.by_ref().take(size).map(to_message).collect();
        let last = targets.last().map(|last| last.services[0].clone());
        let next_page_token = rest.next().and(last).unwrap_or_default();
        Ok(Response::new(ListTargetsResponse {
            targets,
            next_page_token,
        }))
    }
}

fn to_message(health: Health) -> Target {
    let Health {
        services,
        target,
        state,
        loss,
        in_flight,
        calls,
        waiting,
        queue,
        totals,
        last_answer,
    } = health;
    let (state, open_until_time) = state_of(state);
    let metadata = target.metadata.origins();
    Target {
        services,
        address: target.to_string(),
        tls: target.tls().map(|tls| tls_of(tls, &target)),
        state: state.into(),
        trouble_since_time: loss.as_ref().map(|loss| timestamp(loss.since)),
        last_error: loss.map(|loss| loss.error).unwrap_or_default(),
        open_until_time,
        calls_in_flight: count(in_flight),
        max_calls_in_flight: count(calls),
        calls_waiting: count(waiting),
        max_calls_waiting: count(queue),
        calls: totals.calls,
        failed_calls: totals.failures,
        held_back_calls: totals.held_back,
        last_answer_time: last_answer.map(timestamp),
        metadata: metadata
            .map(|(name, origin)| target::Metadata {
                name: name.to_owned(),
                origin,
            })
            .collect(),
    }
}

fn state_of(state: pavane_calls::State) -> (State, Option<Timestamp>) {
    match state {
        pavane_calls::State::Unused => (State::Unused, None),
        pavane_calls::State::Connecting => (State::Connecting, None),
        pavane_calls::State::Connected => (State::Connected, None),
        pavane_calls::State::Idle => (State::Idle, None),
        pavane_calls::State::Down => (State::Down, None),
        pavane_calls::State::Open { until } => (State::Open, Some(timestamp(until))),
        pavane_calls::State::Trying => (State::Trying, None),
    }
}

fn tls_of(tls: &pavane_calls::Tls, target: &pavane_calls::Target) -> target::Tls {
    let file = |path: &std::path::Path| path.display().to_string();
    let identity = tls.identity.as_ref();
    target::Tls {
        ca_file: tls.ca.as_deref().map(file).unwrap_or_default(),
        client_certificate_file: identity
            .map(|identity| file(&identity.certificate))
            .unwrap_or_default(),
        domain: target.name().to_owned(),
    }
}

fn timestamp(time: SystemTime) -> Timestamp {
    time.into()
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

//! Which executions a list is to have.

use pavane::workflow::v1::{Execution, ExecutionState, ListExecutionsRequest, Mode};
use pavane_flow::Timestamp;

/// What a request asks for; what it does not name is let through.
#[derive(Debug)]
pub(super) struct Wanted {
    workflow: String,
    states: Vec<ExecutionState>,
    mode: Mode,
    created: Span,
    ended: Span,
    failed_step: String,
    parent: String,
}

/// From a time on, up to another: that one is not part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    since: Option<Timestamp>,
    before: Option<Timestamp>,
}

impl Span {
    fn is_all(&self) -> bool {
        self.since.is_none() && self.before.is_none()
    }

    fn has(&self, time: Timestamp) -> bool {
        self.since.is_none_or(|since| since <= time) && self.before.is_none_or(|end| time < end)
    }
}

impl Wanted {
    pub(super) fn new(request: &ListExecutionsRequest) -> Self {
        let span = |since: &Option<_>, before: &Option<_>| Span {
            since: since.as_ref().map(Timestamp::from),
            before: before.as_ref().map(Timestamp::from),
        };
        let is_any = request
            .states()
            .any(|state| state == ExecutionState::Unspecified);
        Self {
            workflow: request.workflow.clone(),
            states: match is_any {
                true => Vec::new(),
                false => request.states().collect(),
            },
            mode: request.mode(),
            created: span(&request.created_since_time, &request.created_before_time),
            ended: span(&request.ended_since_time, &request.ended_before_time),
            failed_step: request.failed_step.clone(),
            parent: request.parent_execution_id.clone(),
        }
    }

    pub(super) fn has(&self, execution: &Execution) -> bool {
        let is = |wanted: &str, found: &str| wanted.is_empty() || wanted == found;
        is(&self.workflow, &execution.workflow)
            && is(&self.failed_step, &execution.failed_step)
            && is(&self.parent, &execution.parent_execution_id)
            && (self.states.is_empty() || self.states.contains(&execution.state()))
            && (self.mode == Mode::Unspecified || self.mode == execution.mode())
            && self.created.has(created(execution))
            && (self.ended.is_all() || ended(execution).is_some_and(|end| self.ended.has(end)))
    }

    /// Whether only executions are asked for that have not ended.
    pub(super) fn is_of_living(&self) -> bool {
        use ExecutionState::{Failing, Running, Suspended};
        let lives = |state| matches!(state, &(Running | Failing | Suspended));
        !self.states.is_empty() && self.states.iter().all(lives)
    }

    /// Whether neither this one is wanted for its age nor any that was started before it.
    pub(super) fn is_past(&self, execution: &Execution, slack: std::time::Duration) -> bool {
        // None has ended before it was started.
        let since = self.created.since;
        since.is_some_and(|since| created(execution) + slack < since)
    }
}

fn created(execution: &Execution) -> Timestamp {
    let time = execution.create_time.as_ref();
    time.map(Timestamp::from).unwrap_or_default()
}

fn ended(execution: &Execution) -> Option<Timestamp> {
    execution.end_time.as_ref().map(Timestamp::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Option<prost_types::Timestamp> {
        Some(prost_types::Timestamp { seconds, nanos: 0 })
    }

    #[track_caller]
    fn check(request: ListExecutionsRequest, expected: bool) {
        let failed = Execution {
            workflow: "place-order".to_owned(),
            state: ExecutionState::Failed.into(),
            mode: Mode::Choreographed.into(),
            create_time: at(100),
            end_time: at(110),
            failed_step: "charge".to_owned(),
            parent_execution_id: "trip-1".to_owned(),
            ..Execution::default()
        };
        let wanted = Wanted::new(&request);
        assert_eq!(wanted.has(&failed), expected, "{request:?}");
    }

    #[test]
    fn each_filter_lets_through_what_it_names() {
        type Request = ListExecutionsRequest;
        let set = |change: fn(&mut Request)| {
            let mut request = Request::default();
            change(&mut request);
            request
        };
        check(set(|_| {}), true);
        check(set(|it| it.workflow = "place-order".to_owned()), true);
        check(set(|it| it.workflow = "refund".to_owned()), false);
        check(set(|it| it.states = vec![0, 1]), true);
        check(set(|it| it.states = vec![5]), true);
        check(set(|it| it.states = vec![1, 4]), false);
        check(set(|it| it.mode = Mode::Choreographed.into()), true);
        check(set(|it| it.mode = Mode::Orchestrated.into()), false);
        check(set(|it| it.failed_step = "charge".to_owned()), true);
        check(set(|it| it.failed_step = "ship".to_owned()), false);
        check(set(|it| it.parent_execution_id = "trip-1".to_owned()), true);
        check(set(|it| it.parent_execution_id = "trip".to_owned()), false);
        check(set(|it| it.created_since_time = at(100)), true);
        check(set(|it| it.created_since_time = at(101)), false);
        check(set(|it| it.created_before_time = at(101)), true);
        check(set(|it| it.created_before_time = at(100)), false);
        check(set(|it| it.ended_since_time = at(110)), true);
        check(set(|it| it.ended_since_time = at(111)), false);
        check(set(|it| it.ended_before_time = at(111)), true);
        check(set(|it| it.ended_before_time = at(110)), false);
    }

    #[test]
    fn what_has_not_ended_has_no_time_of_its_end() {
        let running = Execution::default();
        let mut request = ListExecutionsRequest::default();
        assert!(Wanted::new(&request).has(&running));
        request.ended_before_time = at(200);
        assert!(!Wanted::new(&request).has(&running));
    }
}

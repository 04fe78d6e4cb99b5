//! The flags by which executions are chosen, and their pages.

use clap::ValueEnum;
use jiff::Timestamp;
use pavane::workflow::v1::{Execution, ExecutionState, ListExecutionsRequest, Mode};

use super::execution::ModeName;
use crate::connection::{Connection, unary};
use crate::error::Error;
use crate::input::parse_time;

/// Largest page that servers give.
const MAX_PAGE: usize = 1000;

/// Which executions are meant; all flags that are given hold together.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Filters")]
pub(crate) struct Filter {
    /// Only executions in this state; may be given several times
    #[arg(long = "state", value_name = "STATE")]
    states: Vec<StateName>,
    /// Only executions of this workflow
    #[arg(long, value_name = "NAME")]
    workflow: Option<String>,
    /// Only executions that are run like this
    #[arg(long)]
    mode: Option<ModeName>,
    /// Only executions started at this time or later, or at most so long ago, such as 2h
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    since: Option<Timestamp>,
    /// Only executions started before this time, or longer ago than this
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    until: Option<Timestamp>,
    /// Only executions that ended at this time or later, or at most so long ago
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    ended_since: Option<Timestamp>,
    /// Only executions that ended before this time, or longer ago than this
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    ended_until: Option<Timestamp>,
    /// Only executions of which this step's failure was the cause
    #[arg(long, value_name = "STEP")]
    failed_step: Option<String>,
    /// Only executions that carry out a step of this execution
    #[arg(long, value_name = "ID")]
    parent: Option<String>,
    /// Only executions that something keeps from going on, such as a participant that says nothing
    #[arg(long)]
    stalled: bool,
}

/// Where an execution stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum StateName {
    Running,
    Failing,
    Suspended,
    Succeeded,
    Failed,
    Canceled,
}

impl From<StateName> for ExecutionState {
    fn from(name: StateName) -> Self {
        match name {
            StateName::Running => Self::Running,
            StateName::Failing => Self::Failing,
            StateName::Suspended => Self::Suspended,
            StateName::Succeeded => Self::Succeeded,
            StateName::Failed => Self::Failed,
            StateName::Canceled => Self::Canceled,
        }
    }
}

impl Filter {
    /// Those that can be concerned at all, unless states were named.
    pub(crate) fn or_states(mut self, states: &[StateName]) -> Self {
        if self.states.is_empty() {
            self.states = states.to_vec();
        }
        self
    }

    fn request(&self) -> ListExecutionsRequest {
        let states = self.states.iter();
        let states = states.map(|state| ExecutionState::from(*state) as i32);
        let mode = self.mode.map_or(Mode::Unspecified, Mode::from);
        ListExecutionsRequest {
            workflow: self.workflow.clone().unwrap_or_default(),
            states: states.collect(),
            stalled: self.stalled,
            mode: mode as i32,
            created_since_time: self.since.map(to_message),
            created_before_time: self.until.map(to_message),
            ended_since_time: self.ended_since.map(to_message),
            ended_before_time: self.ended_until.map(to_message),
            failed_step: self.failed_step.clone().unwrap_or_default(),
            parent_execution_id: self.parent.clone().unwrap_or_default(),
            ..ListExecutionsRequest::default()
        }
    }

    /// Page by page up to the limit; and whether there are more.
    pub(crate) async fn fetch(
        &self,
        connection: &Connection,
        limit: usize,
    ) -> Result<(Vec<Execution>, bool), Error> {
        let mut request = self.request();
        let mut executions = Vec::new();
        while executions.len() < limit {
            let wanted = (limit - executions.len()).min(MAX_PAGE);
            request.page_size = i32::try_from(wanted).expect("a page is small");
            let answer = connection
                .executions()
                .list_executions(unary(request.clone()))
                .await;
            let answer = answer
                .map_err(|status| connection.error(status))?
                .into_inner();
            executions.extend(answer.executions);
            request.page_token = answer.next_page_token;
            if request.page_token.is_empty() {
                return Ok((executions, false));
            }
        }
        Ok((executions, true))
    }
}

fn to_message(time: Timestamp) -> prost_types::Timestamp {
    prost_types::Timestamp {
        seconds: time.as_second(),
        nanos: time.subsec_nanosecond(),
    }
}

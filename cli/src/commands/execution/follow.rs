//! Follows an execution by its events, across lost connections and restarts of the server. Prints
//! nothing but how the connection fares.

use std::collections::HashSet;
use std::time::Duration;

use pavane::feed::v1::Event;
use pavane::workflow::v1::{
    Execution, ExecutionState, GetExecutionRequest, Incident, WatchExecutionRequest,
    WatchExecutionResponse,
};
use tokio::time::{Instant, sleep, timeout};
use tonic::{Status, Streaming};

use super::present;
use crate::connection::{CALL_TIMEOUT, Connection, lost, unary};
use crate::error::Error;
use crate::output::Output;

/// How long to wait for a server that is gone.
const PATIENCE: Duration = Duration::from_secs(30);
/// Shortest and longest pause between two attempts to reach it.
const PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(1)];
/// A stream that held so long was not merely the last word of a server that is going.
const STEADY: Duration = Duration::from_secs(1);

/// One who follows an execution.
pub(crate) struct Follower<'a> {
    connection: &'a Connection,
    output: &'a Output,
    id: &'a str,
    patience: Duration,
    stream: Option<Open>,
    /// What was told.
    told: Told,
    loss: Option<Loss>,
}

/// What is new.
#[derive(Debug)]
pub(crate) enum News {
    /// Something happened.
    Event(Box<Event>),
    /// It is noticed that something keeps the execution from going on.
    Incident(Incident),
}

/// What was told, so that nothing is told twice after the connection was lost.
#[derive(Default)]
struct Told {
    /// Source and id: sequences of different feeds cannot be compared.
    events: HashSet<(String, String)>,
    incidents: Vec<Incident>,
}

impl Told {
    /// What is new in this, if anything is.
    fn take(&mut self, response: WatchExecutionResponse) -> Option<News> {
        if let Some(event) = response.event {
            let id = (event.source.clone(), event.id.clone());
            return self.events.insert(id).then(|| News::Event(Box::new(event)));
        }
        let incident = response.incident?;
        let is_new = !self.incidents.contains(&incident);
        is_new.then(|| {
            self.incidents.push(incident.clone());
            News::Incident(incident)
        })
    }
}

/// A stream, and since when.
struct Open {
    since: Instant,
    events: Streaming<WatchExecutionResponse>,
}

/// The connection was lost.
struct Loss {
    since: Instant,
    pause: Duration,
    /// Whether the person knows that it is back.
    told_back: bool,
}

impl<'a> Follower<'a> {
    /// Follows from the first event on.
    pub(crate) fn new(connection: &'a Connection, id: &'a str, output: &'a Output) -> Self {
        Self {
            connection,
            output,
            id,
            patience: PATIENCE,
            stream: None,
            told: Told::default(),
            loss: None,
        }
    }

    /// What is new; `None` after the outcome. Errors: what waiting cannot cure, or no server for too
    /// long.
    pub(crate) async fn next(&mut self) -> Result<Option<News>, Error> {
        loop {
            match self.receive().await {
                Ok(None) => return Ok(None),
                Ok(Some(response)) => {
                    if let Some(news) = self.told.take(response) {
                        return Ok(Some(news));
                    }
                }
                Err(status) => self.bear(status).await?,
            }
        }
    }

    /// Where the execution stands.
    pub(crate) async fn describe(&mut self) -> Result<Execution, Error> {
        loop {
            let request = unary(GetExecutionRequest {
                execution_id: self.id.to_owned(),
                ..GetExecutionRequest::default()
            });
            match self.connection.executions().get_execution(request).await {
                Ok(answer) => return present(answer.into_inner().execution),
                Err(status) => self.bear(status).await?,
            }
        }
    }

    /// The execution, if this event suspended it and nobody has had it go on since.
    pub(crate) async fn suspended_by(&mut self, event: &Event) -> Result<Option<Execution>, Error> {
        if !is_suspension(event) {
            return Ok(None);
        }
        let found = self.describe().await?;
        let last = found.events.iter().rev().find(|event| is_suspension(event));
        let is_last = last.is_none_or(|last| last.sequence == event.sequence);
        Ok((found.state() == ExecutionState::Suspended && is_last).then_some(found))
    }

    async fn receive(&mut self) -> Result<Option<WatchExecutionResponse>, Status> {
        let mut open = match self.stream.take() {
            Some(open) => open,
            None => self.open().await?,
        };
        let received = open.events.message().await;
        match &received {
            // Put back if it holds; one that ended is not asked again.
            Ok(Some(_)) => self.stream = Some(open),
            Ok(None) => {}
            Err(_) => self.forgive_if_steady(open.since),
        }
        received
    }

    async fn open(&mut self) -> Result<Open, Status> {
        let request = WatchExecutionRequest {
            execution_id: self.id.to_owned(),
        };
        let mut client = self.connection.executions();
        let answer = timeout(CALL_TIMEOUT, client.watch_execution(request)).await;
        let answer = answer.map_err(|_| Status::unavailable("it does not answer"))??;
        if let Some(loss) = self.loss.as_mut().filter(|loss| !loss.told_back) {
            loss.told_back = true;
            let address = self.connection.address();
            self.output.note(&format!("connected to {address} again"));
        }
        Ok(Open {
            since: Instant::now(),
            events: answer.into_inner(),
        })
    }

    /// A loss after a steady stream is another than the one before.
    fn forgive_if_steady(&mut self, opened: Instant) {
        if opened.elapsed() >= STEADY {
            self.loss = None;
        }
    }

    /// Pauses before another attempt. Errors: what waiting cannot cure, or patience is at its end.
    async fn bear(&mut self, status: Status) -> Result<(), Error> {
        self.stream = None;
        let Some(cause) = lost(&status) else {
            return Err(self.connection.error(status));
        };
        let (address, patience) = (self.connection.address(), self.patience.as_secs());
        if self.loss.is_none() {
            self.output.note(&format!(
                "lost the connection to {address} ({cause}); trying again for {patience} s"
            ));
        }
        let loss = self.loss.get_or_insert_with(|| Loss {
            since: Instant::now(),
            pause: PAUSES[0],
            told_back: false,
        });
        let left = self.patience.saturating_sub(loss.since.elapsed());
        if left.is_zero() {
            return Err(Error::Lost {
                address: address.to_owned(),
                cause,
                patience: self.patience,
                execution: self.id.to_owned(),
            });
        }
        sleep(loss.pause.min(left)).await;
        loss.pause = (loss.pause * 2).min(PAUSES[1]);
        Ok(())
    }
}

fn is_suspension(event: &Event) -> bool {
    event.r#type.ends_with(".ExecutionSuspended")
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;
    use crate::args::{Color, Format};

    #[tokio::test]
    async fn patience_with_a_server_that_is_gone_has_an_end() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound").to_string();
        let connection = Connection::open(&address).await.expect("it listens");
        drop(listener);
        let output = Output::from_terminal(Format::Json, Color::Never);
        let mut follower = Follower {
            patience: Duration::ZERO,
            ..Follower::new(&connection, "order-1", &output)
        };
        let error = follower.next().await.expect_err("there is no server");
        assert_eq!(error.exit_code(), 1);
        let text = error.to_text(crate::render::Paint::PLAIN);
        let text = text.unwrap_or_default().replace(&address, "ADDRESS");
        let hint = text.lines().nth(1);
        assert_eq!(
            hint,
            Some(
                "hint: the execution goes on when its server runs; follow it with: \
                 pavane watch order-1 --server ADDRESS"
            )
        );
        assert!(
            text.starts_with(
                "error: lost the connection to ADDRESS, and no server was there within 0 s: "
            ),
            "{text}"
        );
    }
}

//! Rounds that were put in line and are not durable yet, and what is to follow once they are.
//!
//! An execution waits only for its own events: a call that follows from none of those in line leaves
//! at once, whatever else is in line.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;
use pavane_flow::choreography::member::StepCall;

use super::input::Reply;
use crate::{Ack, Error};

/// Rounds in the order of the writer.
#[derive(Default)]
pub(super) struct Line {
    acks: FuturesOrdered<Ack>,
    /// One for each of `acks`, and one more while a round is being gathered.
    rounds: VecDeque<Waiting>,
    /// How many rounds are durable: the number of the first in `rounds`.
    durable: u64,
    /// The last round with an event of the execution. None: all its events are durable.
    tickets: HashMap<Arc<str>, u64>,
}

/// What waits for a round.
#[derive(Default)]
struct Waiting {
    /// Those with an event in it.
    executions: Vec<Arc<str>>,
    then: Then,
}

/// What follows once a round is durable.
#[derive(Default)]
pub(super) struct Then {
    pub(super) calls: Vec<StepCall>,
    pub(super) replies: Vec<Reply>,
    pub(super) ended: Vec<Arc<str>>,
}

impl Line {
    /// How many rounds are not durable.
    pub(super) fn len(&self) -> usize {
        self.acks.len()
    }

    /// Begins to gather a round.
    pub(super) fn open(&mut self) {
        debug_assert_eq!(self.rounds.len(), self.acks.len(), "one round at a time");
        self.rounds.push_back(Waiting::default());
    }

    /// The round that is being gathered has an event of this execution.
    pub(super) fn note(&mut self, execution: &Arc<str>) {
        let number = self.durable + self.acks.len() as u64;
        if self.tickets.insert(Arc::clone(execution), number) != Some(number) {
            let gathered = self.rounds.back_mut().expect("a round is being gathered");
            gathered.executions.push(Arc::clone(execution));
        }
    }

    /// Has a call wait for the events of its execution. Returns it if there is nothing to wait for.
    pub(super) fn hold(&mut self, call: StepCall) -> Option<StepCall> {
        let Some(number) = self.tickets.get(call.execution()) else {
            return Some(call);
        };
        let place = usize::try_from(number - self.durable).expect("few rounds are in line");
        self.rounds[place].then.calls.push(call);
        None
    }

    /// What is to follow the round that is being gathered.
    pub(super) fn then(&mut self) -> &mut Then {
        let gathered = self.rounds.back_mut().expect("a round is being gathered");
        &mut gathered.then
    }

    /// The round that was gathered is in line.
    pub(super) fn close(&mut self, ack: Ack) {
        self.acks.push_back(ack);
    }

    /// There is nothing to write: what was to follow follows the rounds before it. Returned if there
    /// are none.
    pub(super) fn close_empty(&mut self) -> Then {
        let gathered = self.rounds.pop_back().expect("a round is being gathered");
        debug_assert!(gathered.executions.is_empty(), "an event makes a round");
        let Some(last) = self.rounds.back_mut() else {
            return gathered.then;
        };
        last.then.calls.extend(gathered.then.calls);
        last.then.replies.extend(gathered.then.replies);
        last.then.ended.extend(gathered.then.ended);
        Then::default()
    }

    /// Waits until the first round is durable; for ever, if there is none. Cancel safe.
    pub(super) async fn next(&mut self) -> Result<Then, Error> {
        let Some(written) = self.acks.next().await else {
            return std::future::pending().await;
        };
        written?;
        let number = self.durable;
        self.durable += 1;
        let first = self.rounds.pop_front().expect("one for each ack");
        for execution in &first.executions {
            if self.tickets.get(execution) == Some(&number) {
                self.tickets.remove(execution);
            }
        }
        Ok(first.then)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use pavane::workflow::v1::ExecutionStarted;
    use pavane_flow::Timestamp;
    use pavane_flow::choreography::member::{Action, Member, Part};
    use pavane_flow::driver::Role;
    use pavane_flow::language::{self, Definition};
    use prost::Name;
    use tokio::sync::oneshot;

    use super::*;

    const PAY: &str = "
name: pay
implements: shop.payment.v1.PaymentService/RefundCharge
steps:
  - id: charge
    call: shop.payment.v1.PaymentService/ChargeCard
    request: { order_id: input.order_id }
output: { refunded: charge.charge_id != '' }
";

    /// The calls that two executions make first.
    fn calls() -> [StepCall; 2] {
        let definition = Definition::parse("", PAY);
        let compiled = language::compile(&definition, pavane::descriptor_pool());
        let plan = Arc::new(compiled.plan.expect("it compiles"));
        let (now, home) = (Timestamp::from_nanos(1), Arc::<str>::from("home"));
        let mut member = Member::participant("bank");
        let mut out = Vec::new();
        let part = Part {
            plan: Arc::clone(&plan),
            role: Role::Participant(plan.step_indices().collect()),
            home: Arc::clone(&home),
            participants: vec!["bank".to_owned()],
        };
        member.prepare(now, part, &mut out);
        member.caught_up(&home, &mut out);
        for (sequence, execution) in [(1, "one"), (2, "other")] {
            let started = ExecutionStarted {
                workflow: "pay".to_owned(),
                revision: plan.revision.to_string(),
                participants: vec!["bank".to_owned()],
                ..ExecutionStarted::default()
            };
            let event = pavane::feed::v1::Event {
                id: format!("{execution}/started"),
                r#type: ExecutionStarted::full_name(),
                subject: execution.to_owned(),
                data: Some(prost_types::Any::from_msg(&started).expect("it encodes")),
                sequence,
                ..Default::default()
            };
            member.hear(now, &home, vec![event.into()], String::new(), &mut out);
        }
        let calls = out.into_iter().filter_map(|action| match action {
            Action::Call(call) => Some(call),
            _ => None,
        });
        calls.collect::<Vec<_>>().try_into().expect("a call each")
    }

    /// Puts a round with an event of these executions in line; sending makes it durable.
    fn round(line: &mut Line, executions: &[&Arc<str>]) -> oneshot::Sender<()> {
        line.open();
        for execution in executions {
            line.note(execution);
        }
        let (durable, is_durable) = oneshot::channel();
        line.close(Box::pin(async move {
            is_durable.await.expect("the test makes it durable");
            Ok(())
        }));
        durable
    }

    fn next(line: &mut Line) -> Vec<Arc<str>> {
        let then = line.next().now_or_never().expect("a round is durable");
        let calls = then.expect("it was written").calls;
        calls
            .iter()
            .map(|call| Arc::clone(call.execution()))
            .collect()
    }

    #[test]
    fn a_call_waits_for_the_last_event_of_its_execution_and_for_no_other() {
        let [one, other] = calls();
        let (one_id, other_id) = (Arc::clone(one.execution()), Arc::clone(other.execution()));
        let mut line = Line::default();
        let first = round(&mut line, &[&one_id, &other_id]);
        let second = round(&mut line, &[&one_id]);
        let third = round(&mut line, &[]);

        line.open();
        assert!(line.hold(one.clone()).is_none(), "it waits for the second");
        assert!(line.hold(other.clone()).is_none(), "it waits for the first");
        let nothing = line.close_empty();
        assert!(nothing.calls.is_empty());

        second.send(()).expect("awaited");
        assert!(
            line.next().now_or_never().is_none(),
            "rounds keep their order"
        );
        first.send(()).expect("awaited");
        assert_eq!(next(&mut line), [Arc::clone(&other_id)]);
        assert!(line.hold(other).is_some(), "its events are durable");
        assert_eq!(next(&mut line), [one_id]);
        assert!(line.hold(one).is_some(), "its events are durable");
        third.send(()).expect("awaited");
        assert!(next(&mut line).is_empty());
        assert_eq!((line.len(), line.tickets.len()), (0, 0));
    }

    #[test]
    fn a_reply_without_events_follows_what_is_in_line() {
        let mut line = Line::default();
        let (replied, mut is_replied) = oneshot::channel();
        let first = round(&mut line, &[]);
        line.open();
        line.then().replies.push(Box::new(move || {
            replied.send(()).expect("awaited");
        }));
        line.close_empty();
        assert!(is_replied.try_recv().is_err());
        first.send(()).expect("awaited");
        let then = line.next().now_or_never().expect("a round is durable");
        for reply in then.expect("it was written").replies {
            reply();
        }
        assert!(is_replied.try_recv().is_ok());
    }
}

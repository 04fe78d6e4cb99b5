//! What the task is told, taken in by the core.

use std::sync::Arc;

use pavane_flow::Timestamp;
use pavane_flow::choreography::member::{Action, Member};
use rand::Rng;
use tokio::time::Instant;

use super::Actor;
use crate::parts::{Preparation, filters};
use crate::runtime::input::{Answered, CaughtUp, Heard, Input, Outcome, Recalled};
use crate::{Answer, Error};

impl Actor {
    pub(super) fn take_input(&mut self, input: Input) {
        let now = self.shared.clock.now();
        match input {
            Input::Heard(heard) => self.hear(now, heard),
            Input::Prepare(preparation, reply) => {
                self.prepare(now, *preparation);
                self.replies.push(reply);
            }
            Input::CatchUp(executions, reply) => {
                let mut member = self.shared.member.lock();
                for CaughtUp { execution, events } in executions {
                    member.catch_up(now, &execution, events, &mut self.actions);
                }
                // It is not heard again after a crash: in the checkpoint of this very round.
                self.checkpoint_due = Some(Instant::now());
                self.replies.push(reply);
            }
            Input::Tell(tell) => {
                let mut member = self.shared.member.lock();
                let reply = tell(&mut member, now, &mut self.actions);
                self.replies.push(reply);
            }
        }
    }

    fn hear(&mut self, now: Timestamp, heard: Heard) {
        let Heard {
            peer,
            round,
            events,
            cursor,
            is_caught_up,
        } = heard;
        if !self.shared.peers.lock().is_followed(&peer, round) {
            return;
        }
        let shared = Arc::clone(&self.shared);
        let mut member = shared.member.lock();
        if !events.is_empty() {
            self.host.heard(&peer, &events);
            self.heard += events.len();
            self.expect_checkpoint();
            member.hear(now, &peer, events, cursor, &mut self.actions);
        } else if member.cursor(&peer) != Some(&*cursor) {
            member.stand(&peer, cursor);
            self.expect_checkpoint();
        }
        if is_caught_up {
            member.caught_up(&peer, &mut self.actions);
        }
    }

    fn prepare(&mut self, now: Timestamp, preparation: Preparation) {
        let Preparation { prepared, places } = preparation;
        let shared = Arc::clone(&self.shared);
        let mut member = shared.member.lock();
        member.prepare(now, prepared.part.clone(), &mut self.actions);
        let mut all = shared.prepared.lock();
        all.insert(prepared.part.plan.revision.to_string(), prepared);
        let filters = filters(all.values());
        let mut peers = shared.peers.lock();
        for place in places {
            let name = place.name.as_str();
            let Some(filter) = filters.get(name) else {
                continue;
            };
            let known = peers.0.get(name);
            if known.is_some_and(|peer| {
                peer.place == place && peer.filter == *filter && peer.is_heard()
            }) {
                continue;
            }
            if known.is_none_or(|peer| peer.place.incarnation != place.incarnation) {
                member.stand(&name.into(), place.begin.clone());
            }
            if known.is_none() {
                // It begins at the head that was just looked up: no earlier process has heard of what
                // comes after it.
                member.caught_up(&name.into(), &mut self.actions);
            }
            let cursor = member.cursor(name).unwrap_or(&place.begin).to_owned();
            peers.follow(place, filter.clone(), &cursor, &self.follow);
        }
        self.expect_checkpoint();
    }

    pub(super) fn take_outcome(&mut self, outcome: Outcome) -> Result<(), Error> {
        let now = self.shared.clock.now();
        let mut member = self.shared.member.lock();
        match outcome {
            Outcome::Answers(answers) => {
                self.calls.came_back(answers.len());
                for answered in answers {
                    take_answer(&mut member, now, answered, &mut self.actions);
                }
            }
            Outcome::Recalled(recalled) => {
                self.recalls_in_flight -= 1;
                for Recalled { execution, own } in recalled? {
                    member.recalled(now, &execution, own, &mut self.actions);
                }
            }
        }
        Ok(())
    }

    fn expect_checkpoint(&mut self) {
        let latest = || Instant::now() + self.checkpoint_interval;
        self.checkpoint_due.get_or_insert_with(latest);
    }
}

fn take_answer(member: &mut Member, now: Timestamp, answered: Answered, out: &mut Vec<Action>) {
    let Answered {
        execution,
        unit,
        direction,
        answer,
    } = answered;
    match answer {
        Answer::Answered(result) => {
            let jitter = rand::rng().random();
            member.answered(now, &execution, unit, direction, result, jitter, out);
        }
        Answer::Recorded(event) => member.recorded(now, &execution, event, out),
    }
}

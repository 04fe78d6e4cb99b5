//! A member by itself, and a few of them that hear each other. Whole clusters under faults are
//! simulated in the workspace's tests.

mod ending;
mod newcomer;

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use pavane::feed::v1 as feed;
use prost::Message;

use super::{Action, Heard, Member, Part};
use crate::Timestamp;
use crate::driver::{CallFailure, Direction, Role};
use crate::event::{Failure, Origin};
use crate::fold::{Outcome, Progress};
use crate::plan::{Plan, Step, StepIndex, Work};
use crate::testing;

/// Three steps in a row, each of a participant of its own, each with a compensation.
fn chain() -> Arc<Plan> {
    let index = |position: u16| StepIndex(position);
    let steps = (0..3)
        .map(|position| Step {
            id: format!("step{position}").into(),
            position: usize::from(position),
            work: Work::Call(testing::call("Do", 1)),
            for_each: None,
            data_dependencies: vec![],
            dependencies: (0..position).last().map(index).into_iter().collect(),
            descendants: (position + 1..3).map(index).collect(),
            when: None,
            compensation: Some(testing::call("Undo", 1)),
            compensation_references: vec![],
        })
        .collect();
    Arc::new(testing::plan(steps, None))
}

/// Members that hear everything of each other at once.
struct Cluster {
    plan: Arc<Plan>,
    /// The home, then the participants.
    members: Vec<Member>,
    feeds: Vec<Vec<feed::Event>>,
    calls: Vec<String>,
    failing: Option<(StepIndex, i32)>,
    outcomes: Vec<Outcome>,
    on_the_way: VecDeque<(usize, feed::Event)>,
}

impl Cluster {
    fn new() -> Self {
        let plan = chain();
        let names: Vec<String> = (0..3).map(|number| format!("p{number}")).collect();
        let part = |role| Part {
            plan: Arc::clone(&plan),
            role,
            home: "home".into(),
            participants: names.clone(),
        };
        let mut out = Vec::new();
        let mut home = Member::home("home");
        home.prepare(now(), part(Role::Home), &mut out);
        let mut members = vec![home];
        for (number, name) in (0..).zip(&names) {
            let mut member = Member::participant(name.as_str());
            let role = Role::Participant(Arc::new([StepIndex(number)]));
            member.prepare(now(), part(role), &mut out);
            member.caught_up(&"home".into(), &mut out);
            members.push(member);
        }
        assert!(out.is_empty());
        Self {
            plan,
            members,
            feeds: vec![Vec::new(); 4],
            calls: Vec::new(),
            failing: None,
            outcomes: Vec::new(),
            on_the_way: VecDeque::new(),
        }
    }

    /// What the first participant has to do.
    fn first_part(&self) -> Part {
        let part = self.members[1].part(&self.plan.revision.to_string());
        part.expect("prepared").clone()
    }

    fn start(&mut self) {
        let mut out = Vec::new();
        let revision = self.plan.revision.to_string();
        self.members[0]
            .start(
                now(),
                &"e".into(),
                &revision,
                Bytes::new(),
                Origin::default(),
                trace().into(),
                &mut out,
            )
            .expect("prepared");
        self.act(0, out);
        self.deliver();
    }

    fn act(&mut self, member: usize, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Append { event, .. } => self.append(member, decoded(event)),
                Action::Call(call) => {
                    assert_eq!(call.traceparent(), trace());
                    let step = call.unit().step;
                    self.calls
                        .push(format!("{} {:?}", call.idempotency_key(), call.direction()));
                    let failing = self.failing.filter(|(failing, _)| *failing == step);
                    let result = match (failing, call.direction()) {
                        (Some((_, code)), Direction::Forward) => Err(failure(code)),
                        (Some(_), Direction::Compensation) | (None, _) => Ok(Bytes::new()),
                    };
                    let mut out = Vec::new();
                    self.members[member].answered(
                        now(),
                        call.execution(),
                        call.unit(),
                        call.direction(),
                        result,
                        0.5,
                        &mut out,
                    );
                    self.act(member, out);
                }
                Action::Wake { .. } => {}
                Action::Recall { execution } => {
                    let mut out = Vec::new();
                    let own = self.feeds[member].clone();
                    self.members[member].recalled(now(), &execution, own, &mut out);
                    self.act(member, out);
                }
                Action::Ended { driver, .. } => {
                    self.outcomes.extend(driver.state().outcome().cloned());
                }
                Action::LeftOut { problem, .. } => panic!("{problem}"),
            }
        }
    }

    fn append(&mut self, member: usize, mut event: feed::Event) {
        let feed = &mut self.feeds[member];
        event.sequence = feed.len() as u64 + 1;
        event.source = format!("/{}", self.members[member].name());
        feed.push(event.clone());
        self.on_the_way.push_back((member, event));
    }

    /// Lets everyone hear everything, in the order in which it was said.
    fn deliver(&mut self) {
        while let Some((member, event)) = self.on_the_way.pop_front() {
            let peer = Arc::clone(self.members[member].name());
            for other in (0..self.members.len()).filter(|&other| other != member) {
                let mut out = Vec::new();
                let cursor = event.sequence.to_string();
                self.members[other].hear(
                    now(),
                    &peer,
                    heard(std::slice::from_ref(&event)),
                    cursor,
                    &mut out,
                );
                self.act(other, out);
            }
        }
    }
}

/// As it comes from a feed.
fn heard(events: &[feed::Event]) -> Vec<Heard> {
    events.iter().cloned().map(Heard::from).collect()
}

fn decoded(event: Bytes) -> feed::Event {
    feed::Event::decode(event).expect("just encoded")
}

fn now() -> Timestamp {
    Timestamp::from_nanos(1)
}

fn trace() -> String {
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()
}

fn failure(code: i32) -> CallFailure {
    CallFailure {
        failure: Failure {
            code,
            message: String::new(),
            details: Vec::new(),
        },
        retry_after: None,
        sent: true,
        settled: false,
        held_back: false,
    }
}

#[test]
fn each_performs_its_own_and_the_home_says_how_it_ended() {
    let mut cluster = Cluster::new();
    cluster.start();
    assert_eq!(
        cluster.calls,
        ["e/step0 Forward", "e/step1 Forward", "e/step2 Forward"]
    );
    assert_eq!(cluster.outcomes.len(), 4, "everybody has heard of it");
    assert!(matches!(cluster.outcomes[0], Outcome::Succeeded { .. }));
    let causes = cluster
        .feeds
        .iter()
        .flatten()
        .map(|event| event.causation_id.as_str());
    let causes: Vec<_> = causes.collect();
    assert_eq!(
        causes,
        [
            "",
            "e/step2/completed",
            "e/started",
            "e/step0/completed",
            "e/step1/completed"
        ]
    );
    assert!(
        cluster
            .members
            .iter()
            .all(|member| member.executions().len() == 0)
    );
}

#[test]
fn a_failure_is_undone_by_all_in_the_order_of_the_graph() {
    let mut cluster = Cluster::new();
    cluster.failing = Some((StepIndex(2), 9));
    cluster.start();
    let undone: Vec<_> = cluster
        .calls
        .iter()
        .filter(|call| call.ends_with("Compensation"))
        .collect();
    assert_eq!(undone, ["e/step1 Compensation", "e/step0 Compensation"]);
    assert!(matches!(cluster.outcomes[0], Outcome::Failed { .. }));
}

#[test]
fn what_is_heard_before_the_start_counts_once_it_is_known() {
    let cluster = &mut Cluster::new();
    cluster.start();
    let mut late = Cluster::new().members.remove(2);
    let (home, first): (Arc<str>, Arc<str>) = ("home".into(), "p0".into());
    let mut out = Vec::new();
    late.hear(
        now(),
        &first,
        heard(&cluster.feeds[1]),
        "1".to_owned(),
        &mut out,
    );
    assert!(matches!(out.as_slice(), [Action::Recall { .. }]), "{out:?}");
    out.clear();
    late.recalled(now(), &"e".into(), Vec::new(), &mut out);
    let start = heard(&cluster.feeds[0][..1]);
    late.hear(now(), &home, start, "1".to_owned(), &mut out);
    assert!(
        matches!(out.as_slice(), [Action::Call(call)] if call.unit() == StepIndex(1).into()),
        "{out:?}"
    );
}

#[test]
fn what_is_heard_after_the_end_is_forgotten() {
    let cluster = &mut Cluster::new();
    cluster.start();
    let mut out = Vec::new();
    let member = &mut cluster.members[2];
    member.hear(
        now(),
        &"p0".into(),
        heard(&cluster.feeds[1]),
        "9".to_owned(),
        &mut out,
    );
    member.recalled(now(), &"e".into(), cluster.feeds[2].clone(), &mut out);
    assert_eq!(member.executions().len(), 0);
}

#[test]
fn a_checkpoint_holds_what_has_not_ended_and_goes_on_from_there() {
    let plan = chain();
    let part = Part {
        plan: Arc::clone(&plan),
        role: Role::Participant(Arc::new([StepIndex(1)])),
        home: "home".into(),
        participants: vec!["p1".to_owned()],
    };
    let mut home = Member::home("home");
    let mut out = Vec::new();
    home.prepare(
        now(),
        Part {
            role: Role::Home,
            ..part.clone()
        },
        &mut out,
    );
    let revision = plan.revision.to_string();
    home.start(
        now(),
        &"e".into(),
        &revision,
        Bytes::new(),
        Origin::default(),
        trace().into(),
        &mut out,
    )
    .expect("prepared");
    let Some(Action::Append { event, .. }) = out.pop() else {
        panic!("no start");
    };

    let mut member = Member::participant("p1");
    member.prepare(now(), part.clone(), &mut out);
    member.hear(
        now(),
        &"home".into(),
        heard(&[decoded(event)]),
        "c-1".to_owned(),
        &mut out,
    );
    let stored = member.checkpoint().expect("something has changed");
    assert_eq!(stored.cursors, [("home".into(), "c-1".to_owned())]);
    assert_eq!(stored.heard.len(), 1);
    assert_eq!(member.checkpoint(), None);

    let mut again = Member::participant("p1");
    out.clear();
    again.prepare(now(), part, &mut out);
    again.load(now(), stored.cursors, stored.heard, &mut out);
    assert_eq!(again.cursor("home"), Some("c-1"));
    assert!(matches!(out.as_slice(), [Action::Recall { .. }]), "{out:?}");
    again.recalled(now(), &"e".into(), Vec::new(), &mut out);
    let driver = again.driver("e").expect("it goes on");
    assert_eq!(driver.state().progress(StepIndex(1)), Progress::Pending);
}

#[test]
fn an_unknown_revision_waits_until_it_is_prepared() {
    let cluster = &mut Cluster::new();
    cluster.start();
    let mut late = Member::participant("p0");
    let mut out = Vec::new();
    let start = heard(&cluster.feeds[0][..1]);
    late.hear(now(), &"home".into(), start, "1".to_owned(), &mut out);
    assert!(out.is_empty());
    let revision = cluster.plan.revision.to_string();
    assert_eq!(late.unknown_revisions().get(&revision), Some(&1));
    let part = cluster.members[1]
        .part(&revision)
        .expect("prepared")
        .clone();
    late.prepare(now(), part, &mut out);
    late.recalled(now(), &"e".into(), Vec::new(), &mut out);
    assert!(matches!(out.last(), Some(Action::Call(_))), "{out:?}");
}

#[test]
fn an_execution_of_others_is_none_of_its_business() {
    let cluster = &mut Cluster::new();
    cluster.start();
    let mut stranger = Member::participant("stranger");
    let mut out = Vec::new();
    stranger.hear(
        now(),
        &"home".into(),
        heard(&cluster.feeds[0]),
        "2".to_owned(),
        &mut out,
    );
    assert!(out.is_empty());
    assert_eq!(stranger.executions().len(), 0);
}

#[test]
fn a_start_that_is_heard_again_is_not_a_new_one() {
    let cluster = &mut Cluster::new();
    cluster.start();
    let (home, own) = (cluster.feeds[0].clone(), cluster.feeds[2].clone());
    let mut out = Vec::new();
    let member = &mut cluster.members[2];
    member.hear(
        now(),
        &"home".into(),
        heard(&home[..1]),
        "1".to_owned(),
        &mut out,
    );
    assert!(matches!(out.as_slice(), [Action::Recall { .. }]), "{out:?}");
    out.clear();
    member.recalled(now(), &"e".into(), own, &mut out);
    member.hear(
        now(),
        &"home".into(),
        heard(&home[1..]),
        "2".to_owned(),
        &mut out,
    );
    assert!(matches!(out.as_slice(), [Action::Ended { .. }]), "{out:?}");
    assert_eq!(member.executions().len(), 0);
}

#[test]
fn what_is_said_of_a_revision_of_others_leaves_nothing() {
    let cluster = &mut Cluster::new();
    cluster.start();
    let mut stranger = Member::participant("stranger");
    let (first, mut out) = ("p0".into(), Vec::new());
    let said = heard(&cluster.feeds[1]);
    stranger.hear(now(), &first, said, "1".to_owned(), &mut out);
    assert!(out.is_empty(), "{out:?}");
    assert_eq!(stranger.executions().len(), 0);
}

//! Who hears whom: subscriptions with filters, which resume after a cursor. Within a feed the order is
//! kept; between feeds there is none.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use pavane::feed::v1::{Event, Filter};
use pavane_flow::choreography::member::Heard;
use pavane_flow::choreography::projection::{EventType, Hears, filter};
use pavane_flow::event::{self, EventKind, Resolution};

use super::core::{acts_of_member, decoded};
use super::node::Node;
use super::process::hear_as_new;
use super::queue::Happening;
use super::{Mode, Problem, World};
use crate::sabotage::Sabotage;
use crate::scenario::Scenario;

/// All connections, by reader and peer.
pub(super) struct Links {
    links: Vec<Vec<Link>>,
}

/// A reader and a peer.
#[derive(Default)]
pub(super) struct Link {
    /// What the reader asks for. `None`: it needs to hear nothing of this peer.
    pub(super) filter: Option<Filter>,
    /// Counts the connections.
    connection: u32,
    is_connected: bool,
    is_pumping: bool,
    /// Where the connection began, and the first one by which the reader's process caught up, or where
    /// it began if an earlier one had.
    begun: usize,
    first: Option<usize>,
    /// Sequence of the last event that was looked at.
    sent: usize,
    /// The feed's newest event when the connection was made.
    head: usize,
    has_caught_up: bool,
    on_the_way: VecDeque<Message>,
    /// Nothing arrives before this time.
    pub(super) cut_until: Duration,
}

enum Message {
    Events(Vec<Event>, String),
    Progress(String),
    CaughtUp,
}

impl Links {
    pub(super) fn new(scenario: &Scenario, nodes: &[Node], mode: Mode) -> Self {
        let link = |reader: usize, peer: usize| {
            let wanted = scenario.workflows.iter().filter_map(|workflow| {
                let part = match reader {
                    0 => Some(workflow.projection.home()),
                    _ => workflow.projection.participant(&nodes[reader].name),
                };
                let hears: &Hears = part?.hears_from(&nodes[peer].name)?;
                Some((&*workflow.plan, hears))
            });
            let wanted: Vec<_> = wanted.collect();
            let is_heard = mode == Mode::Choreographed && reader != peer && !wanted.is_empty();
            Link {
                filter: is_heard.then(|| filter(wanted)),
                ..Link::default()
            }
        };
        let count = nodes.len();
        let links = (0..count).map(|reader| (0..count).map(|peer| link(reader, peer)).collect());
        Self {
            links: links.collect(),
        }
    }

    pub(super) fn get(&self, reader: usize, peer: usize) -> &Link {
        &self.links[reader][peer]
    }

    pub(super) fn get_mut(&mut self, reader: usize, peer: usize) -> &mut Link {
        &mut self.links[reader][peer]
    }
}

/// Whether an event passes, by the contract of [`Filter`] as far as projections use it.
pub(super) fn passes(filter: &Filter, event: &Event) -> bool {
    let is_type = filter.types.is_empty() || filter.types.contains(&event.r#type);
    let mut attributes = filter.attributes.iter();
    is_type
        && attributes.all(|(name, value)| event.attributes.get(name) == Some(value))
        && (filter.any_of.is_empty() || filter.any_of.iter().any(|one| passes(one, event)))
}

impl World<'_> {
    /// A node that begins connects to those that it hears, and those that hear it connect again.
    pub(super) fn connect(&mut self, node: usize) {
        for other in 0..self.nodes.len() {
            for (reader, peer) in [(node, other), (other, node)] {
                if self.links.get(reader, peer).filter.is_some() {
                    let after = self.random.micros(100, 20_000);
                    self.plan(after, Happening::Subscribe { reader, peer });
                }
            }
        }
    }

    /// Nothing more comes from a node that has died, or to it.
    pub(super) fn disconnect(&mut self, node: usize) {
        for other in 0..self.nodes.len() {
            self.links.get_mut(node, other).close();
            self.links.get_mut(node, other).first = None;
            self.links.get_mut(other, node).close();
        }
    }

    /// A connection breaks; the reader makes another.
    pub(super) fn break_link(&mut self, reader: usize, peer: usize) {
        self.links.get_mut(reader, peer).close();
        let after = self.backoff();
        self.plan(after, Happening::Subscribe { reader, peer });
    }

    pub(super) fn subscribe(&mut self, reader: usize, peer: usize) {
        if !self.nodes[reader].is_up || !self.nodes[peer].is_up {
            return; // whoever comes back connects
        }
        let name = Arc::clone(&self.nodes[peer].name);
        let cursor = self.nodes[reader].memory.core.member();
        let cursor = cursor.and_then(|member| member.cursor(&name)?.parse().ok());
        let cursor = cursor.unwrap_or(0);
        // What this process has heard may be heard again; until it has caught up, all that came
        // before it.
        let first = self.links.get(reader, peer).first.unwrap_or(0);
        let sent = if self.is_faulty() && self.random.chance(20) {
            first + self.random.below(cursor - first + 1)
        } else {
            cursor
        };
        let head = self.nodes[peer].disk.feed.len();
        let link = self.links.get_mut(reader, peer);
        link.close();
        link.is_connected = true;
        link.begun = sent;
        link.sent = sent;
        link.head = head;
        self.pump_later(reader, peer);
    }

    /// A process begins where the last one ended in good order: what came before is not sent again.
    pub(super) fn begins_where_it_ended(&mut self, reader: usize, peer: &str) {
        let cursor = self.nodes[reader].disk.cursors.get(peer);
        let first = cursor.and_then(|cursor| cursor.parse().ok());
        let at = self.nodes.iter().position(|node| &*node.name == peer);
        let peer = at.expect("whoever was heard is a node");
        self.links.get_mut(reader, peer).first = first;
    }

    fn pump_later(&mut self, reader: usize, peer: usize) {
        let link = self.links.get_mut(reader, peer);
        if link.is_connected && !link.is_pumping {
            link.is_pumping = true;
            let connection = link.connection;
            let after = self.random.micros(10, 1_000);
            self.plan(
                after,
                Happening::Pump {
                    reader,
                    peer,
                    connection,
                },
            );
        }
    }

    /// Something was appended.
    pub(super) fn wake_readers(&mut self, peer: usize) {
        for reader in 0..self.nodes.len() {
            self.pump_later(reader, peer);
        }
    }

    /// Sends what comes next, whole commits at a time.
    pub(super) fn pump(&mut self, reader: usize, peer: usize, connection: u32) {
        let most = 1 + self.random.below(8);
        let (feed, deaf) = (&self.nodes[peer].disk.feed, self.sabotage);
        let link = self.links.get_mut(reader, peer);
        let Some(filter) = link
            .filter
            .as_ref()
            .filter(|_| link.connection == connection)
        else {
            return;
        };
        link.is_pumping = false;
        let first = link.sent;
        if first < feed.len() {
            let mut end = (first + most).min(feed.len());
            while end < feed.len() && feed[end].commit == feed[end - 1].commit {
                end += 1;
            }
            let events = feed[first..end].iter().map(|stored| &stored.event);
            let events = events.filter(|event| passes(filter, event));
            let events = events.filter(|event| reader == 0 || !is_deaf(deaf, event));
            let events: Vec<_> = events.cloned().collect();
            link.sent = end;
            link.on_the_way.push_back(if events.is_empty() {
                Message::Progress(end.to_string())
            } else {
                Message::Events(events, end.to_string())
            });
        } else if !link.has_caught_up && link.sent >= link.head {
            link.has_caught_up = true;
            link.on_the_way.push_back(Message::CaughtUp);
        } else {
            return;
        }
        let is_slow = self.is_faulty() && self.random.chance(15);
        let after = self
            .random
            .micros(100, if is_slow { 300_000 } else { 8_000 });
        self.plan(
            after,
            Happening::Deliver {
                reader,
                peer,
                connection,
            },
        );
        self.pump_later(reader, peer);
    }

    /// The first message that is on the way arrives, unless the way is cut.
    pub(super) fn deliver(
        &mut self,
        reader: usize,
        peer: usize,
        connection: u32,
    ) -> Result<(), Problem> {
        let now = self.now;
        let link = self.links.get_mut(reader, peer);
        if link.connection != connection || !link.is_connected {
            return Ok(());
        }
        if link.cut_until > now {
            let at = link.cut_until;
            self.queue.plan(
                at,
                Happening::Deliver {
                    reader,
                    peer,
                    connection,
                },
            );
            return Ok(());
        }
        let Some(message) = link.on_the_way.pop_front() else {
            return Ok(());
        };
        let name = Arc::clone(&self.nodes[peer].name);
        let clock = self.nodes[reader].clock(now);
        let mut out = Vec::new();
        let is_forgetful = self.sabotage == Sabotage::ForgetsCalls && reader > 0 && peer == 0;
        let mut heard = 0;
        match &message {
            Message::Events(events, _) => {
                heard = events.len();
                let ids: Vec<_> = events.iter().map(|event| &*event.id).collect();
                let line = || format!("hears of {name}: {}", ids.join(", "));
                self.timeline.say(now, &self.nodes[reader].name, line);
            }
            Message::Progress(_) => {}
            Message::CaughtUp => {
                let link = self.links.get_mut(reader, peer);
                link.first.get_or_insert(link.begun);
                self.say(reader, || format!("has caught up with {name}"));
            }
        }
        let one = &mut self.nodes[reader];
        if let (0, Message::Events(_, cursor) | Message::Progress(cursor)) = (peer, &message) {
            let known = &mut one.memory.known_of_home;
            *known = cursor.parse().unwrap_or(0).max(*known);
        }
        if let Some(member) = one.memory.core.member() {
            match message {
                Message::Events(events, cursor) if is_forgetful => {
                    for event in events {
                        if event.r#type.ends_with(".ExecutionStarted") {
                            let own = one.disk.subject(&event.subject);
                            hear_as_new(member, clock, own, vec![event.into()], &mut out);
                        } else {
                            let event = vec![event.into()];
                            member.hear(clock, &name, event, cursor.clone(), &mut out);
                        }
                    }
                    member.stand(&name, cursor);
                }
                Message::Events(mut events, cursor) => {
                    if self.sabotage == Sabotage::CountsResolved && reader > 0 {
                        let done = events.iter().filter_map(|event| done(self.scenario, event));
                        let done: Vec<_> = done.collect();
                        events.extend(done);
                    }
                    let events = events.into_iter().map(Heard::from).collect();
                    member.hear(clock, &name, events, cursor, &mut out);
                }
                Message::Progress(cursor) => member.stand(&name, cursor),
                Message::CaughtUp => member.caught_up(&name, &mut out),
            }
        }
        let process = self.nodes[reader].process;
        self.act(reader, acts_of_member(out))?;
        if self.lives(reader, process) {
            self.has_heard(reader, heard)?;
        }
        Ok(())
    }
}

impl Link {
    fn close(&mut self) {
        self.connection += 1;
        self.is_connected = false;
        self.is_pumping = false;
        self.has_caught_up = false;
        self.on_the_way.clear();
    }
}

/// What the performer of a step will say once it hears that an operator has settled it.
fn done(scenario: &Scenario, settled: &Event) -> Option<Event> {
    if settled.r#type != EventType::StepResolved.full_name() {
        return None;
    }
    let plan = &scenario.workflow(scenario.number(&settled.subject)).plan;
    let event::Event { time, kind } = event::Event::decode(settled, plan).ok()?;
    let EventKind::StepResolved {
        unit,
        resolution,
        output,
        ..
    } = kind
    else {
        return None;
    };
    let attempts = 0;
    let kind = match resolution {
        Resolution::Completed => EventKind::StepCompleted {
            unit,
            output,
            attempts,
        },
        Resolution::Compensated => EventKind::StepCompensated { unit, attempts },
        Resolution::Skipped | Resolution::Unspecified => EventKind::StepSkipped { step: unit.step },
    };
    let event = event::Event { time, kind };
    let context = event::Context::default();
    Some(decoded(event.encode(&settled.subject, plan, context)))
}

pub(super) fn is_deaf(sabotage: Sabotage, event: &Event) -> bool {
    let is_type = |deaf: EventType| event.r#type == deaf.full_name();
    matches!(sabotage, Sabotage::Deaf(deaf) if is_type(deaf))
}

//! What the last checkpoint of a process that ends in good order is worth to the next.

use std::sync::Arc;

use pavane::feed::v1 as feed;

use super::{Cluster, now};
use crate::choreography::member::{Action, Heard, Member};

/// The first participant as a process of it begins, at this cursor of the home, and a start.
fn begun() -> (Member, feed::Event) {
    let mut cluster = Cluster::new();
    cluster.start();
    let mut member = Member::participant("p0");
    let mut out = Vec::new();
    member.prepare(now(), cluster.first_part(), &mut out);
    member.load(now(), [(home(), "4".to_owned())], [], &mut out);
    assert!(out.is_empty());
    (member, cluster.feeds[0][0].clone())
}

fn home() -> Arc<str> {
    "home".into()
}

fn hear(member: &mut Member, sequence: u64, start: &feed::Event) -> Vec<Action> {
    let start = feed::Event {
        subject: format!("e{sequence}"),
        sequence,
        ..start.clone()
    };
    let (mut out, cursor) = (Vec::new(), sequence.to_string());
    member.hear(now(), &home(), vec![Heard::from(start)], cursor, &mut out);
    out
}

#[test]
fn what_starts_after_a_good_ending_is_called_at_once() {
    let (mut member, start) = begun();
    member.begin_after(&home(), 5, &mut Vec::new());
    let out = hear(&mut member, 6, &start);
    assert!(matches!(&out[..], [Action::Call(_)]), "{out:?}");
    let last = member.last_checkpoint();
    assert_eq!(last.cursors, [(home(), "6".to_owned())]);
    assert_eq!(last.newest_starts, [(home(), 6)]);
}

#[test]
fn what_an_earlier_process_has_heard_is_looked_up_though_the_cursor_is_before_it() {
    let (mut member, start) = begun();
    member.begin_after(&home(), 5, &mut Vec::new());
    let out = hear(&mut member, 5, &start);
    assert!(matches!(&out[..], [Action::Recall { .. }]), "{out:?}");
    assert_eq!(member.last_checkpoint().newest_starts, [(home(), 5)]);
}

#[test]
fn who_has_not_caught_up_promises_nothing() {
    let (mut member, start) = begun();
    let out = hear(&mut member, 6, &start);
    assert!(matches!(&out[..], [Action::Recall { .. }]), "{out:?}");
    let last = member.last_checkpoint();
    assert_eq!(last.cursors, [(home(), "6".to_owned())]);
    assert!(last.newest_starts.is_empty());
}

#[test]
fn any_other_checkpoint_takes_it_back() {
    let (mut member, start) = begun();
    member.begin_after(&home(), 5, &mut Vec::new());
    hear(&mut member, 6, &start);
    let checkpoint = member.checkpoint().expect("it has changed");
    assert!(checkpoint.newest_starts.is_empty());
    // A last one is written though nothing has changed.
    let last = member.last_checkpoint();
    assert_eq!(last.newest_starts, [(home(), 6)]);
    assert_eq!(last.cursors, checkpoint.cursors);
}

//! A participant that knows nothing: what it has missed, and what it cannot read.

use bytes::Bytes;
use pavane::feed::v1 as feed;
use prost::Message;

use super::{Cluster, now};
use crate::choreography::member::{Action, Heard, Member};

/// Another of the first participant's name, that knows nothing, and an execution that it has missed:
/// what its home has said.
fn newcomer() -> (Member, Vec<feed::Event>) {
    let mut cluster = Cluster::new();
    cluster.start();
    let mut member = Member::participant("p0");
    let mut out = Vec::new();
    member.prepare(now(), cluster.first_part(), &mut out);
    member.caught_up(&"home".into(), &mut out);
    assert!(out.is_empty());
    (member, cluster.feeds.swap_remove(0))
}

#[test]
fn what_was_missed_is_taken_up_and_may_have_been_called() {
    let (mut member, said) = newcomer();
    let mut out = Vec::new();
    assert_eq!(member.expect(vec!["e".into()]), ["e".into()]);
    let start = said[0].clone();
    member.catch_up(now(), &"e".into(), vec![start.into()], &mut out);
    assert!(matches!(&out[..], [Action::Recall { .. }]), "{out:?}");
    out.clear();
    member.recalled(now(), &"e".into(), Vec::new(), &mut out);
    assert!(matches!(&out[..], [Action::Call(_)]), "{out:?}");
    let changed = member.checkpoint().expect("it has changed").heard;
    assert_eq!(changed.len(), 1, "it is not heard again");
    // It is known by now.
    assert!(member.expect(vec!["e".into()]).is_empty());
}

#[test]
fn what_ends_while_it_is_being_read_is_not_acted_upon() {
    let (mut member, said) = newcomer();
    let mut out = Vec::new();
    member.expect(vec!["e".into()]);
    let [start, .., outcome] = &said[..] else {
        panic!("{said:?}")
    };
    let heard = vec![outcome.clone().into()];
    member.hear(now(), &"home".into(), heard, String::new(), &mut out);
    assert!(out.is_empty(), "{out:?}");
    member.catch_up(now(), &"e".into(), vec![start.clone().into()], &mut out);
    out.clear();
    member.recalled(now(), &"e".into(), Vec::new(), &mut out);
    assert!(matches!(&out[..], [Action::Ended { .. }]), "{out:?}");
    assert_eq!(member.executions().len(), 0);
}

#[test]
fn what_was_expected_in_vain_is_forgotten() {
    let (mut member, _) = newcomer();
    let mut out = Vec::new();
    member.expect(vec!["e".into()]);
    member.catch_up(now(), &"e".into(), Vec::new(), &mut out);
    assert!(out.is_empty(), "{out:?}");
    assert_eq!(member.executions().len(), 0);
}

/// A start that is changed, heard before a whole one of another execution.
#[track_caller]
fn check_left_out(spoil: impl FnOnce(&mut feed::Event, &mut Vec<u8>), expected: &str) {
    let (mut member, said) = newcomer();
    let (mut broken, mut whole) = (said[0].clone(), said[0].clone());
    (broken.subject, broken.sequence) = ("broken".to_owned(), 1);
    (whole.subject, whole.sequence) = ("whole".to_owned(), 2);
    let mut behind = Vec::new();
    spoil(&mut broken, &mut behind);
    let broken = Bytes::from([broken.encode_to_vec(), behind].concat());
    let broken = Heard::new(broken).expect("an event");
    let (heard, mut out) = (vec![broken, whole.into()], Vec::new());
    member.hear(now(), &"home".into(), heard, "2".to_owned(), &mut out);
    let [Action::LeftOut { event_id, problem }, Action::Call(call)] = &out[..] else {
        panic!("{out:?}")
    };
    assert_eq!(
        (&**event_id, &*problem.to_string()),
        ("e/started", expected)
    );
    assert_eq!(&**call.execution(), "whole");
    assert!(member.driver("broken").is_none());
}

#[test]
fn an_event_that_cannot_be_read_is_left_out_and_the_rest_goes_on() {
    let carries_nothing =
        "event of type `pavane.workflow.v1.ExecutionStarted` does not carry its data";
    check_left_out(|event, _| event.data = None, carries_nothing);
    let of_another_type = |event: &mut feed::Event, _: &mut _| {
        let data = event.data.as_mut().expect("a start");
        data.type_url = "type.googleapis.com/pavane.workflow.v1.StepCompleted".to_owned();
    };
    check_left_out(of_another_type, carries_nothing);
    let cut_off = |event: &mut feed::Event, _: &mut _| {
        let data = event.data.as_mut().expect("a start");
        data.value.truncate(data.value.len() - 1);
    };
    check_left_out(
        cut_off,
        "event of type `pavane.workflow.v1.ExecutionStarted` carries malformed data: \
         failed to decode Protobuf message: Start.participants: buffer underflow",
    );
    // Field 5, the time: a message that ends in the middle of a field.
    let no_time = |_: &mut feed::Event, behind: &mut Vec<u8>| behind.extend([0x2a, 1, 0x08]);
    check_left_out(no_time, "the bytes are not those of an event");
}

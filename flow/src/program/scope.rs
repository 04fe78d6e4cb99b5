//! What a program is evaluated on.

use bytes::Bytes;

use crate::Timestamp;

/// What an execution says of itself to expressions: the variable `execution`.
#[derive(Clone, Copy, Debug)]
pub struct ExecutionInfo<'a> {
    /// `execution.id`
    pub id: &'a str,
    /// `execution.workflow`
    pub workflow: &'a str,
    /// `execution.revision`
    pub revision: &'a str,
    /// `execution.create_time`, a timestamp
    pub create_time: Timestamp,
}

/// An event of a feed: the variables `event` and `data`.
#[derive(Clone, Copy, Debug)]
pub struct EventInfo<'a> {
    /// The encoded `pavane.feed.v1.Event`.
    pub event: &'a Bytes,
    /// The encoded data in it.
    pub data: &'a Bytes,
}

/// All that an expression can refer to.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// The encoded input message.
    pub input: &'a Bytes,
    /// The encoded responses by step; `None` where there is none (yet): expressions see an empty
    /// message.
    pub outputs: &'a [Option<Bytes>],
    /// The execution.
    pub execution: ExecutionInfo<'a>,
    /// Of a step over a list: the present element, as one of [`super::Elements`].
    pub element: Option<&'a Bytes>,
    /// The event that is looked at, where one is.
    pub event: Option<EventInfo<'a>>,
}

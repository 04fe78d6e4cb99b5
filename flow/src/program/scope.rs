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
}

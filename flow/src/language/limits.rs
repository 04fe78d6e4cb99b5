//! Every limit of the language, in one place. An error that comes from one names it.

use std::time::Duration;

/// Most bytes of a definition's text.
pub const MAX_SOURCE_BYTES: usize = 1 << 20;
/// Most values (scalars, lists, objects) in a definition's text.
pub const MAX_NODES: usize = 50_000;
/// Deepest nesting of a definition's text.
pub const MAX_TREE_DEPTH: usize = 64;
/// Most steps of a workflow.
pub const MAX_STEPS: usize = 256;
/// Most bytes of a name: of a workflow, a step, a constant, a feed, of metadata.
pub const MAX_NAME_BYTES: usize = 64;
/// Most bytes of a workflow's description.
pub const MAX_DESCRIPTION_BYTES: usize = 4_096;
/// Most bytes of one expression.
pub const MAX_EXPRESSION_BYTES: usize = 4_096;
/// Deepest nesting of brackets and conditionals in one expression.
pub const MAX_EXPRESSION_NESTING: u16 = 32;
/// Deepest tree of operators in one expression: a sum of so many terms.
pub const MAX_EXPRESSION_DEPTH: usize = 128;
/// Most expressions in a workflow.
pub const MAX_EXPRESSIONS: usize = 10_000;
/// Deepest nesting of a request, an output or a constant. Each level is up to three of the 100 messages
/// within each other that protobuf reads, and what is deployed is kept and listed within others.
pub const MAX_TEMPLATE_DEPTH: usize = 24;
/// Shortest timeout, backoff and deadline.
pub const MIN_DURATION: Duration = Duration::from_millis(1);
/// Longest timeout of a call.
pub const MAX_TIMEOUT: Duration = Duration::from_secs(3_600);
/// Most attempts of a call, unless without end.
pub const MAX_ATTEMPTS: u32 = 1_000;
/// Largest factor between two waits.
pub const MAX_BACKOFF_MULTIPLIER: f64 = 100.0;
/// Most entries of metadata that a call is sent with by its definition.
pub const MAX_METADATA: usize = 32;
/// Most calls of a step over a list that may be allowed to be on their way at the same time.
pub const MAX_CONCURRENCY: u32 = 1_000;

//! The `pavane` binary as its users run it: what is printed where, and the exit code.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod cli {
    pub(crate) mod fake;
    pub(crate) mod run;

    mod check;
    mod client;
    mod conformance;
    mod demo;
    mod feed;
    mod follow;
    mod graph;
    mod init;
    mod participant;
    mod serve;
    mod targets;
    mod trace;
}

use cli::{fake, run};

//! Help of the command that checks other servers.

use super::help;

#[test]
fn conformance_is_explained() {
    insta::assert_snapshot!(help("conformance feed"), @r"
    Check what a feed promises: order, no gap, whole commits, resuming, filters, slow readers

    Usage: pavane conformance feed [OPTIONS]

    Options:
          --target <ADDRESS>  Server to check: HOST:PORT or a URL [default: that of --server]
          --feed <NAME>       Only read this feed, which exists and has events
          --only <TEXT>       Only checks whose name contains this
          --subscribers <N>   Subscribers at a time, where there are to be many [default: 1000]
          --events <N>        Events of a history [default: 2000]
          --seed <SEED>       Repeats the events, filters and cuts of an earlier run [default: random]
      -h, --help              Print help (see more with '--help')

    Examples:
      pavane conformance feed --target :7401
      pavane conformance feed --target :7401 --feed inventory
      pavane conformance feed --target :7401 --only commit --seed 42

    The checks make feeds of their own, conformance-<random>, and leave them behind: do not run them
    where that is not wanted. With --feed they only read. What takes the operator's hands (trim a feed,
    restart the server, wipe its data) is skipped here; tests in Rust can lend them to the suite.
    ");
}

//! Help of the commands about feeds.

use super::help;

#[test]
fn feeds_are_explained() {
    insta::assert_snapshot!(help("feed"), @r"
    Read and write feeds of events

    Usage: pavane feed [OPTIONS] <COMMAND>

    Commands:
      tail     Follow a feed: history, then live
      publish  Append an event to a feed; it is on disk when this returns
      info     Describe a feed
      list     List the feeds of a server
      help     Print this message or the help of the given subcommand(s)

    Options:
      -h, --help  Print help (see more with '--help')

    Every service has feeds of its own; name the service with --server:
      pavane feed list --server :7401
      pavane feed tail inventory --server :7401
    ");
    insta::assert_snapshot!(help("feed tail"), @r"
    Follow a feed: history, then live

    Usage: pavane feed tail [OPTIONS] <FEED>

    Arguments:
      <FEED>  Name of the feed

    Options:
          --after <CURSOR>     Begin after this cursor
          --latest             Begin with what comes from now on
          --since <TIME>       Begin at this time, such as 2026-11-23T01:12:00Z, or so long ago, such as
                               10m
          --type <TYPE>        Only events of this type; a trailing * matches any ending; may be given
                               several times
          --subject <SUBJECT>  Only events about this subject; as --type
          --limit <N>          Stop after so many events
          --no-follow          Stop when history is done
          --cloudevents        Print each event as CloudEvents JSON, on a line of its own
      -h, --help               Print help (see more with '--help')

    Examples:
      pavane feed tail inventory --server :7401
      pavane feed tail inventory --server :7401 --type 'shop.inventory.v1.*' --since 10m
      pavane feed tail inventory --server :7401 --subject order-1-0042 --no-follow --output json
      pavane feed tail inventory --server :7401 --latest --cloudevents | other-program

    Begins at the oldest event unless told otherwise. A lost connection is made again, and nothing is
    missed or shown twice. With --output json each event is an object on a line of its own.
    ");
    insta::assert_snapshot!(help("feed publish"), @r#"
    Append an event to a feed; it is on disk when this returns

    Usage: pavane feed publish [OPTIONS] --type <TYPE> <FEED>

    Arguments:
      <FEED>  Name of the feed

    Options:
          --type <TYPE>            What happened: the full name of a message
          --subject <SUBJECT>      What it is about, such as an order
          --data <JSON>            Its content: JSON, @FILE, or - for stdin
          --create                 Make the feed if there is none of that name
          --expect <SEQUENCE>      Append only if the newest event has this sequence
          --request-id <ID>        Makes a repetition of the command append nothing
          --proto <PATH>           Folder of .proto files, or one of them; may be given several times
          --import <DIR>           Folder that imports are relative to, besides those of --proto; may be
                                   given several times
          --descriptor-set <FILE>  Compiled descriptors, as `buf build -o` or `protoc -o` write them
      -h, --help                   Print help (see more with '--help')

    Examples:
      pavane feed publish notes --type acme.v1.NoteTaken --subject n-1 --data '{"text": "hi"}' --create
      pavane feed publish notes --type acme.v1.NoteTaken --data @note.json --request-id 6ec0bd7f

    The data is encoded as the message that --type names, if its type is known: to Pavane, to the
    server by reflection, or from --proto. Otherwise it is sent as a google.protobuf.Struct.
    "#);
    insta::assert_snapshot!(help("feed info"), @r"
    Describe a feed

    Usage: pavane feed info [OPTIONS] <FEED>

    Arguments:
      <FEED>  Name of the feed

    Options:
      -h, --help  Print help (see more with '--help')

    Example:
      pavane feed info inventory --server :7401
    ");
    insta::assert_snapshot!(help("feed list"), @r"
    List the feeds of a server

    Usage: pavane feed list [OPTIONS]

    Options:
      -h, --help  Print help (see more with '--help')

    Examples:
      pavane feed list
      pavane feed list --server :7401
    ");
}

//! What `--help` says, command by command.

use clap::CommandFactory;

use super::Cli;

mod clients;
mod conformance;
mod feeds;
mod graph;

/// The help of a command, such as `feed tail`, without the global options.
fn help(path: &str) -> String {
    let mut command = Cli::command().term_width(100);
    command.build();
    let mut command = &mut command;
    for name in path.split_whitespace() {
        command = command
            .find_subcommand_mut(name)
            .expect("the command exists");
    }
    let help = command.render_help().to_string();
    if path.is_empty() {
        return help;
    }
    let (before, rest) = help
        .split_once("Global options:\n")
        .expect("each has global options");
    let after = rest
        .split_once("\n\n")
        .map(|(_, after)| after)
        .unwrap_or_default();
    format!("{before}{after}")
}

#[test]
fn the_command_line_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn the_program_says_what_it_can_do() {
    insta::assert_snapshot!(help(""), @r"
    Durable workflows over the gRPC services that you have

    Usage: pavane [OPTIONS] <COMMAND>

    Commands:
      demo         See it work: orders over three services, and an audit of what they left behind
      init         Begin a workflow over your services
      serve        Run the orchestrator
      participant  Give a service a feed and a part in choreographies, beside it: a sidecar
      check        Check a workflow definition
      graph        Show a workflow as a graph, and how it is divided when nobody conducts it
      deploy       Check a workflow and serve it
      start        Start an execution of a workflow
      get          Show what happened to an execution, and what it waits for
      list         List executions, the newest first
      trace        Trace an execution across feeds: what happened where, and because of what
      watch        Follow an execution live, up to its outcome
      cancel       Cancel executions: nothing more begins, and what was done is undone
      retry        Have suspended executions go on: try again what they wait for
      skip         Settle a step by hand: it counts as skipped
      complete     Settle a step by hand: it counts as completed
      compensated  Settle a step by hand: it counts as compensated
      targets      Show where services are called, and how that goes
      feed         Read and write feeds of events
      workflow     Show and delete deployed workflows
      bench        Measure on this machine
      conformance  Check whether a server keeps what the contract promises
      schema       Print the JSON Schema of workflow definitions, for editors
      completions  Print the completions for a shell
      help         Print this message or the help of the given subcommand(s)

    Options:
      -h, --help     Print help (see more with '--help')
      -V, --version  Print version

    Global options:
          --server <ADDRESS>     Server to talk to: HOST:PORT or a URL [default: 127.0.0.1:7400] [env:
                                 PAVANE_SERVER]
          --output <OUTPUT>      What to print: text for people, JSON for programs [env: PAVANE_OUTPUT]
                                 [default: text] [possible values: text, json]
          --color <WHEN>         Whether to use colours; auto: on a terminal, unless NO_COLOR is set
                                 [default: auto] [possible values: auto, always, never]
          --config <FILE>        Configuration file [default: pavane.toml, if there is one] [env:
                                 PAVANE_CONFIG]
          --log-format <FORMAT>  How servers write their log to stderr [default: text] [env:
                                 PAVANE_LOG_FORMAT] [possible values: text, json]
          --log-filter <FILTER>  What servers log, such as `info` or `warn,pavane_feed=debug` [env:
                                 PAVANE_LOG_FILTER]

    Examples:
      pavane demo                                    see it work: 200 orders over three services
      pavane init refunds --proto proto              begin a workflow over your services
      pavane serve --data-dir ./data                 run the orchestrator
      pavane deploy place-order.yaml --proto proto   check a workflow and serve it
      pavane get order-1-0042                        what happened to an execution

    Exit codes:
      0  done
      1  failed: the server said no, it cannot be reached, or the outcome is a failure
      2  wrong usage or input: a flag, a file, a definition, an id
    ");
}

#[test]
fn serving_is_explained() {
    insta::assert_snapshot!(help("demo"), @r"
    See it work: orders over three services, and an audit of what they left behind

    Usage: pavane demo [OPTIONS]

    Options:
          --orders <N>             How many orders to place, in each mode [default: 200]
          --mode <MODE>            How to run them [default: both] [possible values: both, orchestrated,
                                   choreographed]
          --seed <SEED>            What the orders are drawn from, and so what becomes of each [default:
                                   1]
          --port-base <PORT>       Port of the orchestrator; the services have the next three; 0: any
                                   that are free [default: 7400]
          --data-dir <DIR>         Folder for the data, which is kept: one folder for each mode in it
                                   [default: a temporary one]
          --serve                  Keep everything running until Ctrl-C
          --allow-origin <ORIGIN>  With --serve, origin whose pages in browsers may call, such as
                                   http://localhost:3000; `*`: all; may be given several times
          --concurrency <N>        Orders in flight at a time [default: 16]
      -h, --help                   Print help (see more with '--help')

    Examples:
      pavane demo                                place 200 orders in either mode, compare and audit
      pavane demo --mode choreographed           nobody conducts
      pavane demo --serve                        and keep everything running, to try it yourself
      pavane demo --serve --orders 0             only keep everything running
      pavane demo --orders 2000 --output json    one JSON object, for programs

    Each mode has services and data of its own, so that both begin with full shelves. What becomes of an
    order follows from the order alone, so both must come to the same.

    RPCs are unary calls over the network for the orders; where nobody conducts, services read each
    other's feeds. Events are those of all feeds, journal included.

    The exit code is 0 only if money, stock and shipments agree with the outcome of every order, and the
    modes with each other.
    ");
    insta::assert_snapshot!(help("serve"), @r#"
    Run the orchestrator

    Usage: pavane serve [OPTIONS]

    Options:
          --listen <ADDRESS>          Where to listen [default: 127.0.0.1:7400] [env: PAVANE_LISTEN]
          --data-dir <DIR>            Folder for the data; made if there is none [default:
                                      data/orchestrator] [env: PAVANE_DATA_DIR]
          --target <SERVICE=ADDRESS>  Where a service is called, instead of what the file says of it;
                                      may be given several times
          --participant <ADDRESS>     Where someone who takes part in choreographies is, such as a
                                      sidecar; the targets are asked as well; may be given several times
          --advertise <ADDRESS>       Where those who take part reach this orchestrator: HOST:PORT
                                      [default: where it listens] [env: PAVANE_ADVERTISE]
          --allow-origin <ORIGIN>     Origin whose pages in browsers may call, such as
                                      https://shop.example; `*`: all; may be given several times [env:
                                      PAVANE_ALLOW_ORIGINS]
          --workflow <FILE>           Workflow to deploy at the start; may be given several times
          --proto <DIR>               Folder of .proto files for --workflow; may be given several times
      -h, --help                      Print help (see more with '--help')

    Examples:
      pavane serve --data-dir ./data \
        --target shop.inventory.v1.InventoryService=127.0.0.1:7401
      pavane serve --config pavane.toml

    pavane.toml, whose paths are relative to it:
      listen = "127.0.0.1:7400"
      data_dir = "data"
      participants = ["127.0.0.1:7404"]      # who takes part in choreographies, besides the targets
      advertise = "orchestrator.local:7400"  # where they reach it, if it listens on 0.0.0.0
      peer_tls = { ca = "ca.pem" }           # whom to trust at their https:// addresses
      allow_origins = ["https://shop.example"] # whose pages in browsers may call

      [targets]
      "shop.inventory.v1.InventoryService" = "127.0.0.1:7401"

      [targets."shop.payment.v1.PaymentService"]
      address = "https://payment.example:443"
      tls = { ca = "ca.pem", client_certificate = "client.pem", client_key = "client.key" }
      timeout = "5s"
      metadata = { authorization = { file = "token", prefix = "Bearer " } }

      [[workflows]]
      file = "place-order.yaml"
      proto = ["proto"]

    PAVANE_TARGETS names targets as --target does, with commas between them. Flags win over the
    environment, and that over the file. SIGTERM and Ctrl-C end it in good order.
    "#);
}

#[test]
fn sidecars_are_explained() {
    insta::assert_snapshot!(help("participant"), @r#"
    Give a service a feed and a part in choreographies, beside it: a sidecar

    Usage: pavane participant [OPTIONS]

    Options:
          --name <NAME>            Name of the participant, and of its feed
          --listen <ADDRESS>       Where its feed is served [default: 127.0.0.1:7404] [env:
                                   PAVANE_LISTEN]
          --data-dir <DIR>         Folder for the data; made if there is none [default: data/NAME] [env:
                                   PAVANE_DATA_DIR]
          --target <ADDRESS>       Where the service is called: HOST:PORT
          --service <SERVICE>      Full name of a service there whose methods are its steps; may be
                                   given several times
          --allow-origin <ORIGIN>  Origin whose pages in browsers may call, such as
                                   https://shop.example; `*`: all; may be given several times [env:
                                   PAVANE_ALLOW_ORIGINS]
          --peer <NAME=ADDRESS>    Where another who takes part is reached, whatever the home says; may
                                   be given several times
      -h, --help                   Print help (see more with '--help')

    Examples:
      pavane participant --name shipping --target localhost:50051 \
        --service acme.shipping.v1.ShippingService
      pavane participant --config shipping.toml

    shipping.toml, whose paths are relative to it:
      listen = "127.0.0.1:7404"
      data_dir = "data/shipping"
      peer_tls = { ca = "ca.pem" }    # whom to trust of peers at https:// addresses

      [participant]
      name = "shipping"              # of the participant and of its feed
      target = "localhost:50051"     # where the service is: any gRPC server, in any language
      services = ["acme.shipping.v1.ShippingService"]

      [participant.peers]              # only if they are not where the home says
      payment = "10.0.0.7:7402"

    Then tell the orchestrator, and choreograph:
      pavane serve --participant localhost:7404 ...
      pavane start place-order --mode choreographed --input @order.json

    The service needs no change: it is called with an idempotency-key, at least once, and with the same
    key and idempotency-compensation: true to undo. If it is down, its steps are tried again. It may be
    stopped and started at any time; so may the sidecar. Flags win over the environment, and that over
    the file.
    "#);
}

#[test]
fn the_schema_is_explained() {
    insta::assert_snapshot!(help("schema"), @r"
    Print the JSON Schema of workflow definitions, for editors

    Usage: pavane schema [OPTIONS]

    Options:
      -h, --help  Print help (see more with '--help')

    Examples:
      pavane schema > workflow.schema.json
      # and as the first line of a definition, for editors that know YAML schemas:
      # yaml-language-server: $schema=workflow.schema.json
    ");
}

#[test]
fn completions_are_explained() {
    insta::assert_snapshot!(help("completions"), @r"
    Print the completions for a shell

    Usage: pavane completions [OPTIONS] <SHELL>

    Arguments:
      <SHELL>  Which shell [possible values: bash, elvish, fish, powershell, zsh]

    Options:
      -h, --help  Print help (see more with '--help')

    Examples:
      source <(pavane completions bash)
      pavane completions fish > ~/.config/fish/completions/pavane.fish
    ");
}

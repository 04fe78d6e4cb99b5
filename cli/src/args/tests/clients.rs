//! Help of the commands about workflows and executions.

use super::help;

#[test]
fn workflows_are_explained() {
    insta::assert_snapshot!(help("check"), @r"
    Check a workflow definition

    Usage: pavane check [OPTIONS] <FILE>

    Arguments:
      <FILE>  The definition, YAML or JSON

    Options:
          --proto <PATH>           Folder of .proto files, or one of them; may be given several times
          --import <DIR>           Folder that imports are relative to, besides those of --proto; may be
                                   given several times
          --descriptor-set <FILE>  Compiled descriptors, as `buf build -o` or `protoc -o` write them
          --reflect <ADDRESS>      Server to ask for the message types, by reflection, besides those
                                   that are given; may be given several times
          --against <ADDRESS>      Orchestrator to compare with: what a deploy there would change for
                                   callers, other workflows and executions in flight
      -h, --help                   Print help (see more with '--help')

    Examples:
      pavane check place-order.yaml --proto ./proto           needs no server
      pavane check place-order.yaml --reflect localhost:9000  asks the services what they speak
      pavane check place-order.yaml                           asks the orchestrator (--server)
      pavane check place-order.yaml --proto ./proto --against localhost:7400
                                                              also what a deploy there would break

    The exit code is 0 if the definition is sound, 2 if it is not, or if --against would refuse it.
    ");
    insta::assert_snapshot!(help("deploy"), @r"
    Check a workflow and serve it

    Usage: pavane deploy [OPTIONS] <FILE>

    Arguments:
      <FILE>  The definition, YAML or JSON

    Options:
          --proto <PATH>           Folder of .proto files, or one of them; may be given several times
          --import <DIR>           Folder that imports are relative to, besides those of --proto; may be
                                   given several times
          --descriptor-set <FILE>  Compiled descriptors, as `buf build -o` or `protoc -o` write them
          --reflect                Have the orchestrator ask its targets for services that these types
                                   lack
          --allow-breaking         Deploy although callers, other workflows or executions in flight are
                                   broken by it
      -h, --help                   Print help (see more with '--help')

    Examples:
      pavane deploy place-order.yaml                  message types by server reflection
      pavane deploy place-order.yaml --proto ./proto  message types from .proto files
      pavane deploy place-order.yaml --proto order.proto --reflect
                                                      the rest by server reflection

    What would break callers, other workflows or executions in flight is refused with a report;
    `pavane check --against` says so before.
    ");
    insta::assert_snapshot!(help("workflow"), @r"
    Show and delete deployed workflows

    Usage: pavane workflow [OPTIONS] <COMMAND>

    Commands:
      list    List the deployed workflows
      get     Show a deployed workflow
      delete  Stop serving a workflow; executions in flight go on to their end
      help    Print this message or the help of the given subcommand(s)

    Options:
      -h, --help  Print help (see more with '--help')

    Examples:
      pavane workflow list
      pavane workflow get place-order
    ");
    insta::assert_snapshot!(help("workflow list"), @r"
    List the deployed workflows

    Usage: pavane workflow list [OPTIONS]

    Options:
      -h, --help  Print help (see more with '--help')

    Example:
      pavane workflow list
    ");
    insta::assert_snapshot!(help("workflow get"), @r"
    Show a deployed workflow

    Usage: pavane workflow get [OPTIONS] <NAME>

    Arguments:
      <NAME>  Name of the workflow

    Options:
          --revision <REVISION>  Which revision, at least its first 8 digits [default: the one served
                                 now]
      -h, --help                 Print help (see more with '--help')

    Examples:
      pavane workflow get place-order
      pavane workflow get place-order --revision 7b0c91e2 --output json
    ");
    insta::assert_snapshot!(help("workflow delete"), @r"
    Stop serving a workflow; executions in flight go on to their end

    Usage: pavane workflow delete [OPTIONS] <NAME>

    Arguments:
      <NAME>  Name of the workflow

    Options:
      -h, --help  Print help (see more with '--help')

    Example:
      pavane workflow delete place-order
    ");
}

#[test]
fn executions_are_explained() {
    insta::assert_snapshot!(help("start"), @r#"
    Start an execution of a workflow

    Usage: pavane start [OPTIONS] <WORKFLOW>

    Arguments:
      <WORKFLOW>  Name of the workflow

    Options:
          --id <ID>       Id of the execution, so that the command can be repeated [default: made by the
                          server]
          --input <JSON>  The input message: JSON, @FILE, or - for stdin [default: {}]
          --wait          Wait for the outcome
          --mode <MODE>   How to run it [default: as the workflow says] [possible values: orchestrated,
                          choreographed]
      -h, --help          Print help (see more with '--help')

    Examples:
      pavane start place-order --id order-7 --input @order.json --wait
      echo '{"orderId": "order-8"}' | pavane start place-order --input -
      pavane start place-order --input @order.json --mode choreographed

    Starting the same id again with the same input starts nothing: it answers the same execution.
    With --wait the exit code is 0 if it succeeded, 1 if it failed, was canceled, or is suspended: then
    an operator is needed. A server that restarts meanwhile is waited for, 30 s at most.
    "#);
    insta::assert_snapshot!(help("get"), @r"
    Show what happened to an execution, and what it waits for

    Usage: pavane get [OPTIONS] <ID>

    Arguments:
      <ID>  Id of the execution

    Options:
      -h, --help  Print help (see more with '--help')

    Examples:
      pavane get order-1-0042
      pavane get order-1-0042 --output json
    ");
    insta::assert_snapshot!(help("list"), @r"
    List executions, the newest first

    Usage: pavane list [OPTIONS]

    Options:
          --state <STATE>        Only executions in this state; may be given several times [possible
                                 values: running, failing, suspended, succeeded, failed, canceled]
          --workflow <WORKFLOW>  Only executions of this workflow
          --stalled              Only executions that something keeps from going on, such as a
                                 participant that says nothing
          --limit <N>            Most executions to list [default: 20]
      -h, --help                 Print help (see more with '--help')

    Examples:
      pavane list                                  the newest 20 executions
      pavane list --state failed --state canceled  what did not go well
      pavane list --state suspended --limit 1000   what needs an operator
      pavane list --stalled                        what does not go on, and why
    ");
    insta::assert_snapshot!(help("trace"), @r"
    Trace an execution across feeds: what happened where, and because of what

    Usage: pavane trace [OPTIONS] <ID>

    Arguments:
      <ID>  Id of the execution

    Options:
      -h, --help  Print help (see more with '--help')

    Examples:
      pavane trace order-1-0042
      pavane trace order-1-0042 --output json
      pavane list --stalled                    which ones are worth it

    Of a choreographed execution it says who is to react to which event, since when, and whether their
    feed can be read. STALLED: for longer than was to be expected.
    ");
    insta::assert_snapshot!(help("watch"), @r#"
    Follow an execution live, up to its outcome

    Usage: pavane watch [OPTIONS] <ID>

    Arguments:
      <ID>  Id of the execution

    Options:
      -h, --help  Print help (see more with '--help')

    Examples:
      pavane watch order-1-0042
      pavane watch order-1-0042 --output json    an event a line, or {"incident": ...}

    An incident is something that keeps it from going on, such as a participant that says nothing.

    The exit code is 0 if it succeeded, 1 if it failed, was canceled, or is suspended: then an operator
    is needed. A server that restarts meanwhile is waited for, 30 s at most.
    "#);
    insta::assert_snapshot!(help("cancel"), @r"
    Cancel an execution: nothing more begins, and what was done is undone

    Usage: pavane cancel [OPTIONS] <ID>

    Arguments:
      <ID>  Id of the execution

    Options:
          --reason <REASON>  Why, for people; at most 1,024 bytes
      -h, --help             Print help (see more with '--help')

    Example:
      pavane cancel order-1-0042 --reason 'the customer changed their mind'
    ");
    insta::assert_snapshot!(help("retry"), @r"
    Try the failed compensations of a suspended execution again

    Usage: pavane retry [OPTIONS] <ID>

    Arguments:
      <ID>  Id of the execution

    Options:
      -h, --help  Print help (see more with '--help')

    Examples:
      pavane list --state suspended
      pavane retry order-1-0042
    ");
}

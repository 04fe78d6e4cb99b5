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
          --elements  Show each element of steps over lists, and each event of one
      -h, --help      Print help (see more with '--help')

    Examples:
      pavane get order-1-0042
      pavane get order-1-0042 --elements       each element of steps over lists
      pavane get order-1-0042 --output json
    ");
    insta::assert_snapshot!(help("list"), @r"
    List executions, the newest first

    Usage: pavane list [OPTIONS]

    Options:
          --limit <N>  Most executions to list [default: 20]
      -h, --help       Print help (see more with '--help')

    Filters:
          --state <STATE>       Only executions in this state; may be given several times [possible
                                values: running, failing, suspended, succeeded, failed, canceled]
          --workflow <NAME>     Only executions of this workflow
          --mode <MODE>         Only executions that are run like this [possible values: orchestrated,
                                choreographed]
          --since <TIME>        Only executions started at this time or later, or at most so long ago,
                                such as 2h
          --until <TIME>        Only executions started before this time, or longer ago than this
          --ended-since <TIME>  Only executions that ended at this time or later, or at most so long ago
          --ended-until <TIME>  Only executions that ended before this time, or longer ago than this
          --failed-step <STEP>  Only executions of which this step's failure was the cause
          --parent <ID>         Only executions that carry out a step of this execution
          --stalled             Only executions that something keeps from going on, such as a
                                participant that says nothing

    Examples:
      pavane list                                  the newest 20 executions
      pavane list --state failed --state canceled  what did not go well
      pavane list --state suspended --limit 1000   what needs an operator
      pavane list --failed-step charge --since 2h  what a step has failed lately
      pavane list --stalled                        what does not go on, and why
    ");
    insta::assert_snapshot!(help("trace"), @r"
    Trace an execution across feeds: what happened where, and because of what

    Usage: pavane trace [OPTIONS] <ID>

    Arguments:
      <ID>  Id of the execution

    Options:
          --elements  Show each event of an element of steps over lists
      -h, --help      Print help (see more with '--help')

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
          --elements  Show each event of an element of steps over lists
      -h, --help      Print help (see more with '--help')

    Examples:
      pavane watch order-1-0042
      pavane watch order-1-0042 --output json    an event a line, or {"incident": ...}

    An incident is something that keeps it from going on, such as a participant that says nothing.

    The exit code is 0 if it succeeded, 1 if it failed, was canceled, or is suspended: then an operator
    is needed. A server that restarts meanwhile is waited for, 30 s at most.
    "#);
    insta::assert_snapshot!(help("cancel"), @r"
    Cancel executions: nothing more begins, and what was done is undone

    Usage: pavane cancel [OPTIONS] [ID]

    Arguments:
      [ID]  Id of the execution

    Options:
          --reason <REASON>  Why, for people; at most 1,024 bytes
          --all              All executions that the filters choose
          --dry-run          Change nothing; say what would be done, and what would be refused
          --yes              Do not ask whether it is meant; required where there is no terminal
      -h, --help             Print help (see more with '--help')

    Filters:
          --state <STATE>       Only executions in this state; may be given several times [possible
                                values: running, failing, suspended, succeeded, failed, canceled]
          --workflow <NAME>     Only executions of this workflow
          --mode <MODE>         Only executions that are run like this [possible values: orchestrated,
                                choreographed]
          --since <TIME>        Only executions started at this time or later, or at most so long ago,
                                such as 2h
          --until <TIME>        Only executions started before this time, or longer ago than this
          --ended-since <TIME>  Only executions that ended at this time or later, or at most so long ago
          --ended-until <TIME>  Only executions that ended before this time, or longer ago than this
          --failed-step <STEP>  Only executions of which this step's failure was the cause
          --parent <ID>         Only executions that carry out a step of this execution
          --stalled             Only executions that something keeps from going on, such as a
                                participant that says nothing

    Examples:
      pavane cancel order-1-0042 --reason 'the customer changed their mind'
      pavane cancel --all --workflow place-order --since 2h --dry-run

    Of many, those are chosen that are running or suspended, unless --state says otherwise. Each is
    canceled by itself; the exit code is 1 if any was refused.
    ");
    insta::assert_snapshot!(help("skip"), @r"
    Settle a step by hand: it counts as skipped

    Usage: pavane skip [OPTIONS] --reason <REASON> [ID] [STEP]

    Arguments:
      [ID]    Id of the execution
      [STEP]  The step

    Options:
          --step <STEP>      With --all: the step
          --element <N>      Position of the element, of a step over a list
          --reason <REASON>  Why, for people; at most 1,024 bytes
          --all              All executions that the filters choose
          --dry-run          Change nothing; say what would be done, and what would be refused
          --yes              Do not ask whether it is meant; required where there is no terminal
      -h, --help             Print help (see more with '--help')

    Filters:
          --state <STATE>       Only executions in this state; may be given several times [possible
                                values: running, failing, suspended, succeeded, failed, canceled]
          --workflow <NAME>     Only executions of this workflow
          --mode <MODE>         Only executions that are run like this [possible values: orchestrated,
                                choreographed]
          --since <TIME>        Only executions started at this time or later, or at most so long ago,
                                such as 2h
          --until <TIME>        Only executions started before this time, or longer ago than this
          --ended-since <TIME>  Only executions that ended at this time or later, or at most so long ago
          --ended-until <TIME>  Only executions that ended before this time, or longer ago than this
          --failed-step <STEP>  Only executions of which this step's failure was the cause
          --parent <ID>         Only executions that carry out a step of this execution
          --stalled             Only executions that something keeps from going on, such as a
                                participant that says nothing

    Examples:
      pavane skip order-1-0042 notify --reason 'the customer has no phone'
      pavane skip --all --step notify --workflow place-order --reason 'the gateway is gone' --dry-run

    The step is not called any more. Steps that refer to its response are skipped with it; those that
    merely come after it run. Not possible once the execution is failing.
    ");
    insta::assert_snapshot!(help("complete"), @r#"
    Settle a step by hand: it counts as completed

    Usage: pavane complete [OPTIONS] --reason <REASON> [ID] [STEP]

    Arguments:
      [ID]    Id of the execution
      [STEP]  The step

    Options:
          --response <JSON>  What it counts as having been answered with: JSON, @FILE, or - for stdin
          --step <STEP>      With --all: the step
          --element <N>      Position of the element, of a step over a list
          --reason <REASON>  Why, for people; at most 1,024 bytes
          --all              All executions that the filters choose
          --dry-run          Change nothing; say what would be done, and what would be refused
          --yes              Do not ask whether it is meant; required where there is no terminal
      -h, --help             Print help (see more with '--help')

    Filters:
          --state <STATE>       Only executions in this state; may be given several times [possible
                                values: running, failing, suspended, succeeded, failed, canceled]
          --workflow <NAME>     Only executions of this workflow
          --mode <MODE>         Only executions that are run like this [possible values: orchestrated,
                                choreographed]
          --since <TIME>        Only executions started at this time or later, or at most so long ago,
                                such as 2h
          --until <TIME>        Only executions started before this time, or longer ago than this
          --ended-since <TIME>  Only executions that ended at this time or later, or at most so long ago
          --ended-until <TIME>  Only executions that ended before this time, or longer ago than this
          --failed-step <STEP>  Only executions of which this step's failure was the cause
          --parent <ID>         Only executions that carry out a step of this execution
          --stalled             Only executions that something keeps from going on, such as a
                                participant that says nothing

    Examples:
      pavane complete order-1-0042 charge --response '{"chargeId": "c-17"}' --reason 'charged by phone'
      pavane complete order-1-0042 look_up --element 3 --response @sku.json --reason 'looked it up'

    The response is checked against the type of the step's; without one it is empty. The step is not
    called any more, and what comes after it goes on with this response. If the execution fails later,
    the step is compensated. Not possible once the execution is failing.
    "#);
    insta::assert_snapshot!(help("compensated"), @r"
    Settle a step by hand: it counts as compensated

    Usage: pavane compensated [OPTIONS] --reason <REASON> [ID] [STEP]

    Arguments:
      [ID]    Id of the execution
      [STEP]  The step

    Options:
          --step <STEP>      With --all: the step
          --element <N>      Position of the element, of a step over a list
          --reason <REASON>  Why, for people; at most 1,024 bytes
          --all              All executions that the filters choose
          --dry-run          Change nothing; say what would be done, and what would be refused
          --yes              Do not ask whether it is meant; required where there is no terminal
      -h, --help             Print help (see more with '--help')

    Filters:
          --state <STATE>       Only executions in this state; may be given several times [possible
                                values: running, failing, suspended, succeeded, failed, canceled]
          --workflow <NAME>     Only executions of this workflow
          --mode <MODE>         Only executions that are run like this [possible values: orchestrated,
                                choreographed]
          --since <TIME>        Only executions started at this time or later, or at most so long ago,
                                such as 2h
          --until <TIME>        Only executions started before this time, or longer ago than this
          --ended-since <TIME>  Only executions that ended at this time or later, or at most so long ago
          --ended-until <TIME>  Only executions that ended before this time, or longer ago than this
          --failed-step <STEP>  Only executions of which this step's failure was the cause
          --parent <ID>         Only executions that carry out a step of this execution
          --stalled             Only executions that something keeps from going on, such as a
                                participant that says nothing

    Examples:
      pavane compensated order-1-0042 charge --reason 'refunded at the bank, ticket 4711'
      pavane compensated --all --step charge --state suspended --reason 'refunded at the bank' --dry-run

    Its compensation is not called any more, and what remains to be undone is. Only of a step with
    something to undo, in an execution that is failing.
    ");
    insta::assert_snapshot!(help("retry"), @r"
    Have suspended executions go on: try again what they wait for

    Usage: pavane retry [OPTIONS] [ID]

    Arguments:
      [ID]  Id of the execution

    Options:
          --all      All executions that the filters choose
          --dry-run  Change nothing; say what would be done, and what would be refused
          --yes      Do not ask whether it is meant; required where there is no terminal
      -h, --help     Print help (see more with '--help')

    Filters:
          --state <STATE>       Only executions in this state; may be given several times [possible
                                values: running, failing, suspended, succeeded, failed, canceled]
          --workflow <NAME>     Only executions of this workflow
          --mode <MODE>         Only executions that are run like this [possible values: orchestrated,
                                choreographed]
          --since <TIME>        Only executions started at this time or later, or at most so long ago,
                                such as 2h
          --until <TIME>        Only executions started before this time, or longer ago than this
          --ended-since <TIME>  Only executions that ended at this time or later, or at most so long ago
          --ended-until <TIME>  Only executions that ended before this time, or longer ago than this
          --failed-step <STEP>  Only executions of which this step's failure was the cause
          --parent <ID>         Only executions that carry out a step of this execution
          --stalled             Only executions that something keeps from going on, such as a
                                participant that says nothing

    Examples:
      pavane list --state suspended
      pavane retry order-1-0042
      pavane retry --all --workflow place-order --dry-run

    A compensation that failed for good is tried again. A call that is made at most once, and of which
    nobody knows what came, is made again: settle the step instead if it must not be, with `pavane
    complete` or `pavane skip`. Of many, those are chosen that are suspended; the exit code is 1 if any
    was refused.
    ");
}

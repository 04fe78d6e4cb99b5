//! Help of what draws.

use super::help;

#[test]
fn drawing_is_explained() {
    insta::assert_snapshot!(help("graph"), @r"
    Show a workflow as a graph, and how it is divided when nobody conducts it

    Usage: pavane graph [OPTIONS] <FILE>

    Arguments:
      <FILE>  The definition, YAML or JSON

    Options:
          --proto <PATH>
              Folder of .proto files, or one of them; may be given several times
          --import <DIR>
              Folder that imports are relative to, besides those of --proto; may be given several times
          --descriptor-set <FILE>
              Compiled descriptors, as `buf build -o` or `protoc -o` write them
          --project
              Divide it among participants
          --participant <NAME=SERVICE[,SERVICE]>
              Who owns which services, by full or by last name; may be given several times
          --format <FORMAT>
              Text for people, or a drawing for a program that draws [default: text] [possible values:
              text, mermaid, dot]
      -h, --help
              Print help (see more with '--help')

    Examples:
      pavane graph place-order.yaml --proto ./proto             the steps, and what they wait for
      pavane graph place-order.yaml --proto ./proto --project   who performs them, and who hears whom
      pavane graph place-order.yaml --proto ./proto --project \
        --participant shop=InventoryService,ShippingService --participant payment=PaymentService
      pavane graph place-order.yaml --proto ./proto --format dot | dot -Tsvg -o place-order.svg

    Without --participant, each service is a participant of its own.
    ");
}

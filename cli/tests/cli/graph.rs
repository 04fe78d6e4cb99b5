//! `pavane graph`: what it draws, and what it says of what cannot be drawn.

use crate::run::{Ended, pavane};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Runs `pavane graph` on the sample.
async fn graph(arguments: &[&str]) -> Ended {
    let file = format!("{FOLDER}/cli/workflows/place-order.yaml");
    let proto = format!("{FOLDER}/proto");
    let mut all = vec!["graph", &file, "--proto", &proto];
    all.extend(arguments);
    let mut ended = pavane(&all).await;
    ended.stdout = ended.stdout.replace(&file, "place-order.yaml");
    ended
}

#[tokio::test]
async fn a_workflow_is_drawn_without_a_server() {
    let check = async |arguments: &[&str], begins: &str| {
        let ended = graph(arguments).await;
        let (code, said) = (ended.code, ended.stderr.as_str());
        assert_eq!((code, said), (Some(0), ""), "{arguments:?}");
        assert!(ended.stdout.starts_with(begins), "{}", ended.stdout);
    };
    let title = "place-order   reserve -> charge -> ship   (3 steps, 3 compensations";
    check(&[], &format!("{title})\n")).await;
    let projected = format!("{title}, 3 participants)\n");
    check(&["--project"], &projected).await;
    check(&["--format", "dot"], "digraph \"place-order\" {\n").await;
    let mermaid = "%% place-order\nflowchart LR\n  home([\"orchestrator\"])\n";
    check(&["--project", "--format", "mermaid"], mermaid).await;
    check(&["--output", "json"], "{\n").await;
}

#[tokio::test]
async fn what_cannot_be_projected_is_shown_at_its_place() {
    let parties = ["--participant", "shop=InventoryService,ShippingService"];
    let arguments = [&["--project"][..], &parties].concat();
    let ended = graph(&arguments).await;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(2), ""));
    insta::assert_snapshot!(ended.stdout, @r"
    error: no participant owns `shop.payment.v1.PaymentService`, which step `charge` calls
      --> place-order.yaml:13:11
       |
    13 |     call: shop.payment.v1.PaymentService/ChargeCard
       |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ has no owner
       |
       = help: add the participant that owns it, or run the workflow orchestrated

    1 error
    ");
    let json = graph(&[&arguments[..], &["--output", "json"]].concat()).await;
    assert_eq!(json.code, Some(2));
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["diagnostics"][0]["reason"], "NO_PARTICIPANT");
    assert_eq!(json["diagnostics"][0]["path"], "steps[1].call");
}

#[tokio::test]
async fn a_wrong_flag_is_one_clear_line_and_a_hint() {
    let ended = graph(&["--project", "--participant", "bank=PaymntService"]).await;
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
    insta::assert_snapshot!(ended.stderr, @r"
    error: the workflow calls no service `PaymntService`
    hint: did you mean `PaymentService`?
    ");
    let file = format!("{FOLDER}/cli/workflows/place-order.yaml");
    let ended = pavane(&["graph", &file]).await;
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
    insta::assert_snapshot!(ended.stderr, @r"
    error: a graph is made without a server, and needs the message types
    hint: give --proto DIR or --descriptor-set FILE
    ");
}

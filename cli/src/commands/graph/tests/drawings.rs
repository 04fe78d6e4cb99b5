//! What programs that draw are given.

use super::*;

fn mermaid(definition: &str, parties: Option<&[&str]>) -> String {
    shown(definition, parties, |view| {
        mermaid::draw(&drawing::of(view))
    })
}

fn dot(definition: &str, parties: Option<&[&str]>) -> String {
    shown(definition, parties, |view| dot::draw(&drawing::of(view)))
}

#[test]
fn mermaid_draws_steps() {
    insta::assert_snapshot!(mermaid(SAMPLE, None), @r#"
    %% place-order
    flowchart LR
      s0["reserve<br/>InventoryService/ReserveStock<br/>undone by InventoryService/ReleaseStock"]
      s1["charge<br/>PaymentService/ChargeCard<br/>undone by PaymentService/RefundCharge"]
      s2["ship<br/>ShippingService/CreateShipment<br/>undone by ShippingService/CancelShipment"]
      s0 --> s1
      s1 -.->|"after"| s2
    "#);
    insta::assert_snapshot!(mermaid(DIAMOND, None), @r#"
    %% ship-gift
    flowchart LR
      s0["reserve<br/>InventoryService/ReserveStock<br/>undone by InventoryService/ReleaseStock"]
      s1{{"charge<br/>PaymentService/ChargeCard<br/>when reserve.total.minor_units #gt; 0 #amp;#amp; input.card_token != #quot;free#quot;<br/>undone by PaymentService/RefundCharge"}}
      s2["count<br/>InventoryService/ListItems"]
      s3["ship<br/>ShippingService/CreateShipment<br/>undone by ShippingService/CancelShipment"]
      s0 --> s1
      s0 -.->|"after"| s2
      s1 -.->|"after"| s3
      s2 -.->|"after"| s3
    "#);
}

#[test]
fn mermaid_draws_participants_and_what_they_hear() {
    insta::assert_snapshot!(mermaid(SAMPLE, Some(&[])), @r#"
    %% place-order
    flowchart LR
      home(["orchestrator"])
      subgraph p0 ["inventory"]
        s0["reserve<br/>InventoryService/ReserveStock<br/>undone by InventoryService/ReleaseStock"]
      end
      subgraph p1 ["payment"]
        s1["charge<br/>PaymentService/ChargeCard<br/>undone by PaymentService/RefundCharge"]
      end
      subgraph p2 ["shipping"]
        s2["ship<br/>ShippingService/CreateShipment<br/>undone by ShippingService/CancelShipment"]
      end
      home -->|"started"| s0
      s1 -.->|"settled"| s0
      s2 -.->|"settled"| s0
      s0 -->|"completed"| s1
      s2 -.->|"settled"| s1
      s0 -.->|"failed"| p2
      s1 -->|"completed"| s2
    "#);
    insta::assert_snapshot!(mermaid(DIAMOND, Some(&[])), @r#"
    %% ship-gift
    flowchart LR
      home(["orchestrator"])
      subgraph p0 ["inventory"]
        s0["reserve<br/>InventoryService/ReserveStock<br/>undone by InventoryService/ReleaseStock"]
        s2["count<br/>InventoryService/ListItems"]
      end
      subgraph p1 ["payment"]
        s1{{"charge<br/>PaymentService/ChargeCard<br/>when reserve.total.minor_units #gt; 0 #amp;#amp; input.card_token != #quot;free#quot;<br/>undone by PaymentService/RefundCharge"}}
      end
      subgraph p2 ["shipping"]
        s3["ship<br/>ShippingService/CreateShipment<br/>undone by ShippingService/CancelShipment"]
      end
      home -->|"started"| s0
      s0 --> s2
      s1 -.->|"settled"| s0
      s3 -.->|"settled"| s0
      s0 -->|"completed"| s1
      s2 -.->|"failed"| p1
      s3 -.->|"settled"| s1
      s0 -.->|"response"| s3
      s1 -->|"completed or skipped"| s3
      s2 -->|"completed"| s3
    "#);
}

#[test]
fn graphviz_draws_steps() {
    insta::assert_snapshot!(dot(SAMPLE, None), @r#"
    digraph "place-order" {
      rankdir=LR
      compound=true
      node [shape=box]
      s0 [label="reserve\nInventoryService/ReserveStock\nundone by InventoryService/ReleaseStock"]
      s1 [label="charge\nPaymentService/ChargeCard\nundone by PaymentService/RefundCharge"]
      s2 [label="ship\nShippingService/CreateShipment\nundone by ShippingService/CancelShipment"]
      s0 -> s1
      s1 -> s2 [label="after", style=dashed]
    }
    "#);
    insta::assert_snapshot!(dot(DIAMOND, None), @r#"
    digraph "ship-gift" {
      rankdir=LR
      compound=true
      node [shape=box]
      s0 [label="reserve\nInventoryService/ReserveStock\nundone by InventoryService/ReleaseStock"]
      s1 [label="charge\nPaymentService/ChargeCard\nwhen reserve.total.minor_units > 0 &amp;&amp; input.card_token != \"free\"\nundone by PaymentService/RefundCharge", shape=hexagon]
      s2 [label="count\nInventoryService/ListItems"]
      s3 [label="ship\nShippingService/CreateShipment\nundone by ShippingService/CancelShipment"]
      s0 -> s1
      s0 -> s2 [label="after", style=dashed]
      s1 -> s3 [label="after", style=dashed]
      s2 -> s3 [label="after", style=dashed]
    }
    "#);
}

#[test]
fn graphviz_draws_participants_and_what_they_hear() {
    insta::assert_snapshot!(dot(SAMPLE, Some(&[])), @r#"
    digraph "place-order" {
      rankdir=LR
      compound=true
      node [shape=box]
      home [label="orchestrator", shape=ellipse]
      subgraph cluster_0 {
        label="inventory"
        s0 [label="reserve\nInventoryService/ReserveStock\nundone by InventoryService/ReleaseStock"]
      }
      subgraph cluster_1 {
        label="payment"
        s1 [label="charge\nPaymentService/ChargeCard\nundone by PaymentService/RefundCharge"]
      }
      subgraph cluster_2 {
        label="shipping"
        s2 [label="ship\nShippingService/CreateShipment\nundone by ShippingService/CancelShipment"]
      }
      home -> s0 [label="started"]
      s1 -> s0 [label="settled", style=dashed]
      s2 -> s0 [label="settled", style=dashed]
      s0 -> s1 [label="completed"]
      s2 -> s1 [label="settled", style=dashed]
      s0 -> s2 [label="failed", style=dashed, lhead=cluster_2]
      s1 -> s2 [label="completed"]
    }
    "#);
    insta::assert_snapshot!(dot(DIAMOND, Some(&[])), @r#"
    digraph "ship-gift" {
      rankdir=LR
      compound=true
      node [shape=box]
      home [label="orchestrator", shape=ellipse]
      subgraph cluster_0 {
        label="inventory"
        s0 [label="reserve\nInventoryService/ReserveStock\nundone by InventoryService/ReleaseStock"]
        s2 [label="count\nInventoryService/ListItems"]
      }
      subgraph cluster_1 {
        label="payment"
        s1 [label="charge\nPaymentService/ChargeCard\nwhen reserve.total.minor_units > 0 &amp;&amp; input.card_token != \"free\"\nundone by PaymentService/RefundCharge", shape=hexagon]
      }
      subgraph cluster_2 {
        label="shipping"
        s3 [label="ship\nShippingService/CreateShipment\nundone by ShippingService/CancelShipment"]
      }
      home -> s0 [label="started"]
      s0 -> s2
      s1 -> s0 [label="settled", style=dashed]
      s3 -> s0 [label="settled", style=dashed]
      s0 -> s1 [label="completed"]
      s2 -> s1 [label="failed", style=dashed, lhead=cluster_1]
      s3 -> s1 [label="settled", style=dashed]
      s0 -> s3 [label="response", style=dashed]
      s1 -> s3 [label="completed or skipped"]
      s2 -> s3 [label="completed"]
    }
    "#);
}

//! What to try next: commands that work as they stand.

use super::Addresses;
use crate::render::Paint;

/// How the addresses of the demo come to be served when someone tries them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TryHow {
    /// They are, until Ctrl-C.
    Serving,
    /// By this command.
    After(String),
    /// Never again: others will be chosen.
    Elsewhere,
}

/// Commands that work as they stand while the demo serves. `known` is an order, if there is one.
pub(crate) fn try_it(
    addresses: &Addresses,
    how: TryHow,
    known: Option<&str>,
    paint: Paint,
) -> String {
    let Addresses {
        orchestrator,
        inventory,
        ..
    } = addresses;
    let title = paint.strong("Try it yourself");
    let title = match how {
        TryHow::Serving => format!("{title} (Ctrl-C to stop):"),
        TryHow::After(command) => format!("{title}: start `{command}`, then:"),
        TryHow::Elsewhere => {
            return format!("{title}: `pavane demo --serve` keeps everything running\n");
        }
    };
    let method = "shop.order.v1.OrderService/PlaceOrder";
    let mut lines = vec![
        format!("grpcurl -plaintext {orchestrator} list"),
        format!(
            "grpcurl -plaintext -d '{}' {orchestrator} {method}",
            example("mine-1")
        ),
        format!(
            "curl {orchestrator}/{method} -H 'content-type: application/json' -d '{}'",
            example("mine-2")
        ),
        format!("pavane feed tail inventory --server {inventory}"),
        format!("pavane list --server {orchestrator}"),
    ];
    for command in ["trace", "get"] {
        lines
            .extend(known.map(|known| format!("pavane {command} {known} --server {orchestrator}")));
    }
    format!("{title}\n  {}\n", lines.join("\n  "))
}

/// An order that succeeds, as JSON.
fn example(order_id: &str) -> String {
    format!(
        concat!(
            r#"{{"orderId": "{}", "lines": [{{"sku": "sku-3", "quantity": 2}}], "#,
            r#""cardToken": "tok-visa", "address": {{"recipient": "Ada Byron", "#,
            r#""street": "Pavane Street 1", "city": "Hamburg", "postalCode": "20095", "#,
            r#""country": "DE"}}}}"#,
        ),
        order_id,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses() -> Addresses {
        let address = |port: u16| format!("127.0.0.1:{port}");
        Addresses {
            orchestrator: address(7400),
            inventory: address(7401),
            payment: address(7402),
            shipping: address(7403),
        }
    }

    #[test]
    fn what_to_try_names_the_real_ports() {
        insta::assert_snapshot!(try_it(&addresses(), TryHow::Serving, Some("order-1-0001"), Paint::PLAIN), @r#"
        Try it yourself (Ctrl-C to stop):
          grpcurl -plaintext 127.0.0.1:7400 list
          grpcurl -plaintext -d '{"orderId": "mine-1", "lines": [{"sku": "sku-3", "quantity": 2}], "cardToken": "tok-visa", "address": {"recipient": "Ada Byron", "street": "Pavane Street 1", "city": "Hamburg", "postalCode": "20095", "country": "DE"}}' 127.0.0.1:7400 shop.order.v1.OrderService/PlaceOrder
          curl 127.0.0.1:7400/shop.order.v1.OrderService/PlaceOrder -H 'content-type: application/json' -d '{"orderId": "mine-2", "lines": [{"sku": "sku-3", "quantity": 2}], "cardToken": "tok-visa", "address": {"recipient": "Ada Byron", "street": "Pavane Street 1", "city": "Hamburg", "postalCode": "20095", "country": "DE"}}'
          pavane feed tail inventory --server 127.0.0.1:7401
          pavane list --server 127.0.0.1:7400
          pavane trace order-1-0001 --server 127.0.0.1:7400
          pavane get order-1-0001 --server 127.0.0.1:7400
        "#);
    }

    #[test]
    fn what_cannot_work_any_more_is_not_offered_as_if_it_did() {
        let told = |how| try_it(&addresses(), how, None, Paint::PLAIN);
        let after = told(TryHow::After("pavane demo --serve".to_owned()));
        let title = after.lines().next();
        assert_eq!(
            title,
            Some("Try it yourself: start `pavane demo --serve`, then:")
        );
        assert_eq!(
            told(TryHow::Elsewhere),
            "Try it yourself: `pavane demo --serve` keeps everything running\n"
        );
    }
}

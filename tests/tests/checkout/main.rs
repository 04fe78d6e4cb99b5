//! The checkout of `examples/`: over services that know nothing of it, deployed by reflection, in both
//! modes.

mod boutique;

use checkout_example::boutique::{Address, Money, PlaceOrderRequest, PlaceOrderResponse};
use tonic::Code;

use boutique::{Boutique, MODES, Standing};

/// 2 mugs of 8.99, 3 spoons of 0.333333333 and 1 tea of 6.50.
const CART: [(&str, i32); 3] = [("mug", 2), ("spoon", 3), ("tea", 1)];

fn order(user: &str, country: &str, card: &str) -> PlaceOrderRequest {
    PlaceOrderRequest {
        user_id: user.to_owned(),
        user_currency: "USD".to_owned(),
        address: Some(Address {
            street: "Ring 1".to_owned(),
            city: "Wien".to_owned(),
            country: country.to_owned(),
        }),
        email: format!("{user}@example.com"),
        card_number: card.to_owned(),
    }
}

fn dollars(units: i64, nanos: i32) -> Money {
    Money {
        currency_code: "USD".to_owned(),
        units,
        nanos,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_is_charged_exactly_sent_and_confirmed_in_both_modes() {
    let boutique = Boutique::open().await;
    let mut bought = Vec::new();
    for mode in MODES {
        boutique.fill_cart(mode, &CART).await;
        let answer = boutique.buy(mode, mode, order(mode, "AT", "4242")).await;
        let PlaceOrderResponse {
            order_id,
            tracking_id,
            shipping_cost,
            total,
            lines,
        } = answer.expect("it succeeds");
        assert_eq!((&*order_id, tracking_id), (mode, format!("p-{mode}")));
        // At 1.0837 dollars a euro, and cut off after a billionth, as the currency service does:
        // 2 * 9.742463000 + 3 * 0.361233332 + 7.044050000 + 6.502200000 = 34.114875996
        assert_eq!(shipping_cost, Some(dollars(6, 502_200_000)));
        assert_eq!(total, Some(dollars(34, 110_000_000)));
        let names: Vec<_> = lines.iter().map(|line| &*line.name).collect();
        assert_eq!(names, ["Mug", "Spoon", "Green tea, 100 g"]);
        assert_eq!(lines[1].price, Some(dollars(0, 361_233_332)));
        let standing = Standing {
            charged: total.clone(),
            is_sent: true,
            mails: 1,
            cart: 0,
        };
        assert_eq!(boutique.standing(mode, mode).await, standing, "{mode}");
        bought.push((total, lines));
    }
    assert_eq!(bought[0], bought[1], "both modes answer alike");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_fails_leaves_nothing_in_both_modes() {
    let boutique = Boutique::open().await;
    for mode in MODES {
        for (case, country, card) in [("nowhere", "AQ", "4242"), ("declined", "AT", "0000")] {
            let id = format!("{mode}-{case}");
            boutique.fill_cart(&id, &CART).await;
            let answer = boutique.buy(mode, &id, order(&id, country, card)).await;
            let status = answer.expect_err("it fails");
            assert_eq!(status.code(), Code::FailedPrecondition, "{id}: {status}");
            let standing = Standing {
                charged: None,
                is_sent: false,
                mails: 0,
                cart: CART.len(),
            };
            assert_eq!(boutique.standing(&id, &id).await, standing, "{id}");
        }
    }
}

//! Members that hear each other over TLS, each proving to each who it is; and one that cannot: nobody
//! hears it, everybody says why, and all goes on by itself once it can.

mod authority;
mod front;
mod members;

use std::fs;

use pavane::shop::order::v1::PlaceOrderRequest;
use pavane::workflow::v1::Execution;
use pavane::workflow::v1::get_participant_response::Peer;
use pavane_tests::process::Process;
use pavane_tests::shop::Role;
use pavane_tests::tail::Tail;
use pavane_tests::until;
use tokio_rustls::rustls::ServerConfig;
use tonic::Code;
use tonic_types::StatusExt;

use self::authority::Authority;
use self::members::{CASHIER, MEMBERS, Members};
use crate::steps::{client, completes, sound_orders, start_all, undoes, wait_all};
use crate::workflows::deploy;

/// Its shipping is expected within a second.
const SOON: &str = include_str!("place-order-soon.yaml");

/// The sample's workflow, conducted by nobody, with so long a time for its shipping.
fn place_order(timeout: &str) -> String {
    let text = SOON.replace("timeout: 1s", &format!("timeout: {timeout}"));
    format!("{text}\nmode: choreographed\n")
}

/// A shop with the workflow, all of whose members hear each other.
async fn open() -> Members {
    let members = Members::open().await;
    let deployed = deploy(&members.shop, &place_order("1s")).await;
    let parts = deployed.expect("all can be prepared").parts;
    let parts = parts.iter().map(|part| part.participant.as_str());
    assert_eq!(Vec::from_iter(parts), MEMBERS[1..]);
    members
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_is_placed_and_another_undone_with_each_hop_over_tls() {
    let members = open().await;
    let mut orders = sound_orders(2);
    let unserved = orders[1].address.as_mut().expect("it has one");
    unserved.country = "NZ".to_owned();
    let shop = &members.shop;
    start_all(shop, &orders).await;
    let [good, bad] = &orders[..] else {
        unreachable!("there are two")
    };
    wait_all(shop, &orders, |order| order == good).await;

    let mut shipping = Tail::start(shop.channel(Role::Shipping), "shipping").await;
    let events = shipping.until(1, |event| completes(event, "ship")).await;
    let shipped = events.iter().find(|event| completes(event, "ship"));
    assert_eq!(
        shipped.map(|event| &event.subject),
        Some(&good.order_id),
        "the good one is shipped"
    );
    let mut inventory = Tail::start(shop.channel(Role::Inventory), "inventory").await;
    let events = inventory.until(1, |event| undoes(event, "reserve")).await;
    let undone = events.iter().find(|event| undoes(event, "reserve"));
    assert_eq!(
        undone.map(|event| &event.subject),
        Some(&bad.order_id),
        "the other one is undone"
    );

    for member in &MEMBERS[1..] {
        let peers = members.describe(member).await.peers;
        assert_eq!(peers.len(), MEMBERS.len() - 1, "{member}: {peers:?}");
        for peer in peers {
            assert!(peer.reachable, "{member}: {peer:?}");
            assert_eq!(peer.target, members.address(&peer.name), "{member}");
        }
    }
    for member in MEMBERS {
        let others = MEMBERS.into_iter().filter(|other| *other != member);
        assert_eq!(members.callers(member), others.collect(), "{member}");
    }
    assert_eq!(members.callers("payment"), [CASHIER].into());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_that_cannot_prove_who_it_is_is_not_heard_until_it_can() {
    let members = open().await;
    let orders = sound_orders(2);
    let [first, second] = &orders[..] else {
        unreachable!("there are two")
    };

    // By a CA that nobody trusts, until it is in the file of all.
    let stranger = Authority::new(members.folder(), "stranger");
    let unknown = stranger.sign("127.0.0.1", "shipping-by-stranger");
    let file = members.authority.file().to_string_lossy().into_owned();
    let words = ["`127.0.0.1` comes from an unknown CA", &file];
    check_silence(&members, first, unknown.server(&members.authority), &words).await;
    let both = members.authority.pem() + &stranger.pem();
    fs::write(members.authority.file(), both).expect("there is room");
    check_over(&members, first).await;

    // For another name, until it presents what it did at first.
    let misnamed = members.authority.sign("elsewhere.example", "elsewhere");
    let words = ["is not for `127.0.0.1`, but for", "elsewhere.example"];
    check_silence(
        &members,
        second,
        misnamed.server(&members.authority),
        &words,
    )
    .await;
    members.present("shipping", members.good("shipping"));
    check_over(&members, second).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_who_are_refused_say_so_until_they_are_let_in() {
    let members = open().await;
    let stranger = Authority::new(members.folder(), "stranger");
    let its = members.authority.sign("127.0.0.1", "exclusive");
    members.present("shipping", its.server(&stranger));
    let words = "does not know the CA of the client certificate";
    for other in ["inventory", CASHIER] {
        let is_told = |peer: &Peer| !peer.reachable && peer.unreachable_reason.contains(words);
        let peer = until(|| shipping_of(&members, other), is_told).await;
        assert_eq!(peer.problem, "", "it may be heard again by itself");
    }
    members.present("shipping", members.good("shipping"));
    let orders = sound_orders(1);
    start_all(&members.shop, &orders).await;
    check_over(&members, &orders[0]).await;
}

/// The shipping presents this from now on: everybody says why it is not heard, in these words, and
/// nothing that an order waits for from it comes to pass.
async fn check_silence(
    members: &Members,
    order: &PlaceOrderRequest,
    config: ServerConfig,
    words: &[&str],
) {
    let says_why = |text: &str| words.iter().all(|word| text.contains(word));
    members.present("shipping", config);
    for other in ["inventory", CASHIER] {
        let is_told = |peer: &Peer| !peer.reachable && says_why(&peer.unreachable_reason);
        let peer = until(|| shipping_of(members, other), is_told).await;
        assert_eq!(peer.problem, "", "it may be heard again by itself");
    }

    let shop = &members.shop;
    let mut client = client(shop);
    client.start(order).await.expect("all have their parts");
    let mut shipping = Tail::start(shop.channel(Role::Shipping), "shipping").await;
    let ships = |event: &_| completes(event, "ship") && event.subject == order.order_id;
    shipping.until(1, ships).await;
    // The shipping hears the others, but what it says nobody hears.
    let get = || async {
        let execution = self::client(shop).get(&order.order_id).await;
        execution.expect("it is known")
    };
    let is_told = |execution: &Execution| {
        let mut incidents = execution.incidents.iter();
        incidents.any(|incident| says_why(&incident.message))
    };
    let execution = until(get, is_told).await;
    let [incident] = &execution.incidents[..] else {
        panic!("{execution:?}")
    };
    assert_eq!(incident.reason, "PARTICIPANT_UNREACHABLE", "{incident:?}");
    assert_eq!(
        (&*incident.step, &*incident.participant),
        ("ship", "shipping")
    );
    let [wait] = &execution.waits[..] else {
        panic!("{execution:?}")
    };
    assert_eq!(wait.target, members.address("shipping"));
    assert!(
        !wait.reachable && says_why(&wait.unreachable_reason),
        "{wait:?}"
    );

    let listed = pavane(members, &["list", "--stalled"]).await;
    assert!(listed.contains(&order.order_id), "{listed}");
    let traced = pavane(members, &["trace", &order.order_id]).await;
    assert!(traced.contains("STALLED") && says_why(&traced), "{traced}");

    let refused = deploy(shop, &place_order("3s")).await;
    let refused = refused.expect_err("shipping cannot be prepared");
    let reason = refused.get_details_error_info().map(|info| info.reason);
    assert_eq!(
        (refused.code(), reason.as_deref()),
        (Code::FailedPrecondition, Some("NO_PARTICIPANT")),
        "{refused:?}"
    );
    assert!(says_why(refused.message()), "{refused:?}");
}

/// The shipping is heard again: the order has its outcome, and so has a deploy.
async fn check_over(members: &Members, order: &PlaceOrderRequest) {
    let shop = &members.shop;
    wait_all(shop, std::slice::from_ref(order), |_| true).await;
    let execution = client(shop).get(&order.order_id).await;
    let execution = execution.expect("it is known");
    assert_eq!(
        (execution.waits, execution.incidents),
        (Vec::new(), Vec::new())
    );
    for other in ["inventory", CASHIER] {
        until(|| shipping_of(members, other), |peer| peer.reachable).await;
    }
    let deployed = deploy(shop, &place_order("1s")).await;
    assert_eq!(deployed.expect("all can be prepared").parts.len(), 3);
}

/// How it stands with the shipping, as another one says.
async fn shipping_of(members: &Members, other: &str) -> Peer {
    let peers = members.describe(other).await.peers;
    let mut peers = peers.into_iter();
    let peer = peers.find(|peer| peer.name == "shipping");
    peer.expect("it is listened to")
}

/// What the command prints.
async fn pavane(members: &Members, arguments: &[&str]) -> String {
    let server = members.shop.address(Role::Orchestrator);
    let arguments = arguments.iter().copied().chain(["--server", &server]);
    let ended = Process::start("pavane", arguments).ended().await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    ended.stdout
}

//! A participant that is away for a while: orders pile up before it, it is not knocked at more
//! often for that, and when it is back all of them are shipped, each once.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use pavane::feed::v1::GetFeedRequest;
use pavane::feed::v1::feed_service_client::FeedServiceClient;
use pavane::testing::v1::ListCallsRequest;
use pavane::testing::v1::fault_service_client::FaultServiceClient;
use pavane_tests::process::tell;
use pavane_tests::shop::{ROLES, Role, Setup, Shop};
use pavane_tests::tail::Tail;
use pavane_tests::until;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::steps::{client, completes, open_shop, sound_orders, start_all, wait_all};

const ORDERS: usize = if cfg!(debug_assertions) { 1_500 } else { 5_000 };
/// Who follows the feed of the shipping: the home, the inventory and the payment.
const FOLLOWERS: usize = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backlog_drains_without_gap_duplicate_or_storm() {
    let mut shop = open_shop(Setup::default()).await;
    let orders = sound_orders(ORDERS);
    let followers = followers(&shop).await;
    assert_eq!(followers[Role::Shipping as usize] as usize, FOLLOWERS);

    shop.kill(Role::Shipping).await;
    let knocks = Knocks::count(&shop.address(Role::Shipping)).await;
    let down = Instant::now();
    start_all(&shop, &orders).await;
    let mut charged = Tail::start(shop.channel(Role::Payment), "payment").await;
    charged
        .until(ORDERS, |event| completes(event, "charge"))
        .await;
    drop(charged);
    let down = down.elapsed();
    let knocked = knocks.stop().await;
    tell(&format!(
        "{ORDERS} orders wait; knocked {knocked} times in {:.1} s",
        down.as_secs_f64()
    ));
    // Each waits 0.05 s at the least before it knocks again, twice as long each time, up to 5 s; a
    // knock may be two connections.
    let most = FOLLOWERS * 2 * (9 + down.as_secs() as usize / 5);
    assert!(
        knocked <= most,
        "knocked {knocked} times, at most {most} are patient"
    );

    let back = Instant::now();
    shop.revive(Role::Shipping).await;
    wait_all(&shop, &orders, |_| true).await;
    tell(&format!(
        "all shipped after {:.1} s",
        back.elapsed().as_secs_f64()
    ));

    let mut client = client(&shop);
    for order in [&orders[0], &orders[ORDERS / 2], &orders[ORDERS - 1]] {
        let execution = client.get(&order.order_id).await.expect("it is known");
        assert_eq!(
            (execution.waits, execution.incidents),
            (Vec::new(), Vec::new())
        );
    }
    let mut tail = Tail::start(shop.channel(Role::Shipping), "shipping").await;
    let ships = |event: &_| completes(event, "ship");
    let shipped = tail
        .until(ORDERS, ships)
        .await
        .iter()
        .filter(|event| ships(event));
    let shipped: Vec<_> = shipped.map(|event| event.subject.clone()).collect();
    assert_eq!(shipped.len(), ORDERS);
    assert_eq!(
        BTreeSet::from_iter(shipped).len(),
        ORDERS,
        "an order was shipped twice"
    );
    drop(tail);
    assert_eq!(
        calls(&shop).await,
        vec![(1, 0, 1); ORDERS],
        "calls, compensations and effects"
    );
    // One subscription of each, as before.
    until(|| self::followers(&shop), |now| *now == followers).await;
}

/// How many follow the feed of each.
async fn followers(shop: &Shop) -> [u32; 4] {
    let mut followers = [0; 4];
    for role in ROLES {
        let mut client = FeedServiceClient::new(shop.channel(role));
        let request = GetFeedRequest {
            feed: role.name().to_owned(),
        };
        let answer = client.get_feed(request).await.expect("it is served");
        let feed = answer.into_inner().feed.expect("it is described");
        followers[role as usize] = feed.subscribers;
    }
    followers
}

/// The calls of the shipping, of each key: forward, compensations, effects.
async fn calls(shop: &Shop) -> Vec<(u32, u32, u32)> {
    let mut client = FaultServiceClient::new(shop.channel(Role::Shipping));
    let request = ListCallsRequest {
        page_size: 10_000,
        ..ListCallsRequest::default()
    };
    let answer = client.list_calls(request).await.expect("calls are counted");
    let calls = answer.into_inner().calls.into_iter();
    calls
        .map(|call| (call.calls, call.compensations, call.effects))
        .collect()
}

/// Somebody at the address of a server that is down, who counts who connects, and hangs up.
struct Knocks {
    heard: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Knocks {
    async fn count(address: &str) -> Self {
        let listener = TcpListener::bind(address)
            .await
            .expect("nobody listens there");
        let heard = Arc::<AtomicUsize>::default();
        let counter = Arc::clone(&heard);
        let task = tokio::spawn(async move {
            while listener.accept().await.is_ok() {
                counter.fetch_add(1, Ordering::Relaxed);
            }
        });
        Self { heard, task }
    }

    /// How many there were. The address is free when this returns.
    async fn stop(self) -> usize {
        self.task.abort();
        assert!(self.task.await.is_err_and(|error| error.is_cancelled()));
        self.heard.load(Ordering::Relaxed)
    }
}

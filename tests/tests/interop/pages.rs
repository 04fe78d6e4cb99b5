//! The pages of `docs/clients` go as they are written: what they say is installed, and their programs
//! print what is shown, beside a shop.

use pavane::workflow::v1::Mode;
use pavane_tests::errands::Client;
use pavane_tests::process::Process;
use pavane_tests::proxy::Proxy;
use pavane_tests::shop::{Role, Shop};
use pavane_tests::{cpp, java, made, orders};

use crate::page::{Environment, Page, steady};

const ORCHESTRATOR: &str = "localhost:7400";
const INVENTORY: &str = "localhost:7401";
const SEED: u64 = 30;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_for_python_goes_as_it_is_written() {
    goes_as_it_is_written("python", "first_order.py", "follow.py").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_for_grpc_js_goes_as_it_is_written() {
    goes_as_it_is_written("node", "first_order.mts", "follow.mts").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_for_connect_goes_as_it_is_written() {
    goes_as_it_is_written("connect", "first_order.mts", "follow.mts").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_for_cpp_goes_as_it_is_written() {
    let packages = made::or_skip(cpp::packages(), "the page for C++");
    if let Some(environment) = packages.map(|packages| packages.environment()) {
        goes_with(environment, "cpp", "./first_order", "./follow").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_for_java_goes_as_it_is_written() {
    if let Some(packages) = made::or_skip(java::packages(), "the page for Java") {
        let mut environment = packages.environment();
        environment.push(("CLASSPATH", java::archives(&packages)));
        goes_with(environment, "java", "FirstOrder", "Follow").await;
    }
}

async fn goes_as_it_is_written(name: &'static str, first: &str, follow: &str) {
    goes_with(Vec::new(), name, first, follow).await;
}

/// Its first program places an order and hears of it; another follows a feed, and is cut off.
async fn goes_with(environment: Environment, name: &'static str, first: &str, follow: &str) {
    let Some(page) = Page::open(name, environment, &format!("the page for {name}")) else {
        return;
    };
    let shop = Shop::start().await;
    shop.stock_up(orders::catalog()).await;

    let orchestrator = shop.address(Role::Orchestrator);
    let inventory = shop.address(Role::Inventory);
    let addresses = [
        (ORCHESTRATOR, orchestrator.as_str()),
        (INVENTORY, &inventory),
    ];
    let (command, shown) = page.command(first, &addresses);
    let ended = Process::spawn(first, command).ended().await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(steady(&ended.stdout), steady(shown), "{}", ended.stdout);

    let proxy = Proxy::start(inventory).await;
    let (command, _) = page.command(follow, &[(INVENTORY, &proxy.address())]);
    let mut program = Process::spawn(follow, command);
    let mut client = Client::new(shop.channel(Role::Orchestrator), Mode::Orchestrated);
    let mut expected = Vec::new();
    let mut order_id = format!("{name}-1");
    for number in 1..=4 {
        expected.push(format!(
            "{number} shop.inventory.v1.StockReserved {order_id}"
        ));
        let lines = program.printed(|lines| lines.len() >= number).await;
        assert_eq!(lines, expected);
        proxy.cut();
        let order = orders::sound(orders::order(SEED, number));
        client.start(&order).await.expect("it is deployed");
        order_id = order.order_id;
    }
}

//! The scenario, by the clients in other languages.

use pavane_tests::node::Node;
use pavane_tests::python::Python;

use crate::scenario;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn python_goes_through_the_scenario() {
    let Some(python) = Python::find("python_goes_through_the_scenario") else {
        return;
    };
    let program = python.command("tests/interop/python/client.py");
    scenario::check("Python, grpcio", program).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asynchronous_python_goes_through_the_scenario() {
    let Some(python) = Python::find("asynchronous_python_goes_through_the_scenario") else {
        return;
    };
    let program = python.command("tests/interop/python/client_asyncio.py");
    scenario::check("Python, grpcio with asyncio", program).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn grpc_js_goes_through_the_scenario() {
    by_node("grpc_js_goes_through_the_scenario", "grpc-js").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connect_with_json_goes_through_the_scenario() {
    by_node(
        "connect_with_json_goes_through_the_scenario",
        "connect-json",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connect_with_protobuf_goes_through_the_scenario() {
    by_node(
        "connect_with_protobuf_goes_through_the_scenario",
        "connect-proto",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn grpc_web_goes_through_the_scenario() {
    by_node("grpc_web_goes_through_the_scenario", "grpc-web").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connect_by_fetch_goes_through_the_scenario() {
    by_node(
        "connect_by_fetch_goes_through_the_scenario",
        "fetch-connect",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn grpc_web_by_fetch_goes_through_the_scenario() {
    by_node(
        "grpc_web_by_fetch_goes_through_the_scenario",
        "fetch-grpc-web",
    )
    .await;
}

/// The programs in TypeScript differ in what carries their calls.
async fn by_node(test: &str, wire: &str) {
    let Some(node) = Node::find(test) else {
        return;
    };
    let mut program = node.command("main");
    program.arg(wire);
    scenario::check(&format!("Node, {wire}"), program).await;
}

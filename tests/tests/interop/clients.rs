//! The scenario, by the clients in other languages.

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

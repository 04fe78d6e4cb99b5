//! The scenario, by the clients in languages that are compiled against Debian's packages.

use pavane_tests::cpp::Cpp;
use pavane_tests::java::Java;

use crate::scenario;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cpp_goes_through_the_scenario() {
    let Some(cpp) = Cpp::find("cpp_goes_through_the_scenario") else {
        return;
    };
    scenario::check("C++, grpc++", cpp.command()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn java_goes_through_the_scenario() {
    let Some(java) = Java::find("java_goes_through_the_scenario") else {
        return;
    };
    scenario::check("Java, grpc-java", java.command()).await;
}

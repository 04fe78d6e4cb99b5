//! Executions that have ended are forgotten when the configuration says so, and not before.

use std::time::Duration;

use pavane::workflow::v1::ListExecutionsRequest;
use pavane_orchestrator::Retention;
use tonic::{Code, Status};

use super::ids;
use crate::support::{CHAIN, Company, Running, World, check, reason, within};

/// Starts anew, to remember no more than this.
async fn restart(world: &mut World, retention: Retention) {
    world.orchestrator.stop().await;
    let mut options = world.options();
    options.retention = retention;
    world.orchestrator = Running::start(options).await.unwrap();
}

/// Asks again and again until it is forgotten. For what no event tells of.
async fn forgotten(orchestrator: &Running, id: &str) -> Status {
    let looking = async {
        loop {
            if let Err(status) = orchestrator.get(id).await {
                return status;
            }
        }
    };
    within(looking).await
}

#[tokio::test]
async fn of_those_that_have_ended_only_the_newest_are_remembered() {
    let mut world = World::with(CHAIN).await;
    let orchestrator = &world.orchestrator;
    let gate = world.fake.hold("First");
    orchestrator.start_chain("living", "parcel").await.unwrap();
    world.fake.called("First", 1).await;
    for id in ["old", "older", "newest"] {
        orchestrator.run(id, "parcel").await.unwrap();
    }
    gate.open();
    orchestrator.wait("living").await.unwrap();
    world.fake.fail("First", crate::steering::come_back_later());
    let orchestrator = &world.orchestrator;
    orchestrator.start_chain("waiting", "parcel").await.unwrap();
    orchestrator
        .until("waiting", crate::steering::is_backing_off)
        .await;

    let keep = Retention {
        finished_count: Some(1),
        ..Retention::default()
    };
    restart(&mut world, keep).await;
    let orchestrator = &world.orchestrator;
    for id in ["old", "older", "living"] {
        let status = forgotten(orchestrator, id).await;
        let message = check::<()>(Err(status), Code::NotFound, "EXECUTION_FORGOTTEN");
        let expected = format!("execution `{id}` ended so long ago that it has been forgotten");
        assert_eq!(message, expected);
    }
    let list = orchestrator.list(ListExecutionsRequest::default()).await;
    assert_eq!(ids(&list.unwrap().executions), ["waiting", "newest"]);
    // Its id is not used again.
    let again = orchestrator.start_chain("old", "parcel").await;
    check(again, Code::AlreadyExists, "EXECUTION_EXISTS");
    let unknown = orchestrator.get("nonesuch").await.unwrap_err();
    assert_eq!(reason(&unknown), "UNKNOWN_EXECUTION");
}

#[tokio::test]
async fn they_are_remembered_for_as_long_as_was_said() {
    let mut world = World::with(CHAIN).await;
    world.orchestrator.run("x-1", "parcel").await.unwrap();
    world.orchestrator.run("x-2", "parcel").await.unwrap();
    let keep = Retention {
        finished_for: Some(Duration::from_secs(3600)),
        // What exceeds this is seen to go: then it was looked.
        finished_count: Some(1),
    };
    restart(&mut world, keep).await;
    forgotten(&world.orchestrator, "x-1").await;
    world.orchestrator.get("x-2").await.unwrap();

    let keep = Retention {
        finished_for: Some(Duration::ZERO),
        ..Retention::default()
    };
    restart(&mut world, keep).await;
    forgotten(&world.orchestrator, "x-2").await;
}

#[tokio::test]
async fn those_that_nobody_conducted_are_forgotten_as_well() {
    let mut company = Company::with(&[CHAIN]).await;
    let orchestrator = company.orchestrator();
    orchestrator.choreograph("danced", "parcel").await.unwrap();
    orchestrator.wait("danced").await.unwrap();
    let keep = Retention {
        finished_for: Some(Duration::ZERO),
        ..Retention::default()
    };
    restart(&mut company.world, keep).await;
    let status = forgotten(company.orchestrator(), "danced").await;
    assert_eq!(reason(&status), "EXECUTION_FORGOTTEN");
}

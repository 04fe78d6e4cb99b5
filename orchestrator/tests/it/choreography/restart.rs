//! What a restart of the home, or of a participant, keeps.

use std::time::Duration;

use pavane::workflow::v1::ExecutionState;
use tonic::Status;

use super::story;
use crate::restart::Doomed;
use crate::support::{CHAIN, Company, Running, within};

#[tokio::test]
async fn an_execution_goes_on_while_its_home_is_away() {
    let mut company = Company::with(&[CHAIN]).await;
    let gate = company.fake().hold("Second");
    company
        .orchestrator()
        .choreograph("x-1", "parcel")
        .await
        .unwrap();
    company.fake().called("Second", 1).await;

    company.world.orchestrator.stop().await;
    gate.open();
    company.fake().called("Third", 1).await;
    let options = company.options();
    company.world.orchestrator = Running::start(options).await.unwrap();

    let execution = company.orchestrator().wait("x-1").await.unwrap();
    assert_eq!(execution.state(), ExecutionState::Succeeded);
    assert_eq!(execution.events.len(), 5);
    assert_eq!(company.fake().names(), ["First", "Second", "Third"]);
}

#[tokio::test]
async fn a_home_starts_though_participants_are_away() {
    let mut company = Company::with(&[CHAIN]).await;
    let _gate = company.fake().hold("Second");
    company
        .orchestrator()
        .choreograph("x-1", "parcel")
        .await
        .unwrap();
    company.fake().called("Second", 1).await;
    company.world.orchestrator.stop().await;
    for link in 0..3 {
        company.go_down(link).await;
    }

    let options = company.options();
    company.world.orchestrator = Running::start(options).await.unwrap();
    let execution = company.orchestrator().get("x-1").await.unwrap();
    assert_eq!(execution.state(), ExecutionState::Running);
    company
        .orchestrator()
        .cancel("x-1", "no more")
        .await
        .unwrap();
    for link in 0..3 {
        company.come_up(link).await;
    }

    let execution = company.orchestrator().wait("x-1").await.unwrap();
    assert_eq!(execution.state(), ExecutionState::Canceled);
    assert_eq!(company.fake().calls_of("undo First").len(), 1);
}

#[tokio::test]
async fn what_has_ended_is_shown_without_its_participants() {
    let mut company = Company::with(&[CHAIN]).await;
    company.fake().fail("Second", Status::not_found("no"));
    company
        .orchestrator()
        .choreograph("x-1", "parcel")
        .await
        .unwrap();
    let before = company.orchestrator().wait("x-1").await.unwrap();
    for link in 0..3 {
        company.go_down(link).await;
    }
    company.restart().await;

    let after = company.orchestrator().get("x-1").await.unwrap();

    assert_eq!(after, before);
    let expected = [
        "started",
        "one: first/completed",
        "two: second/failed",
        "three: third/abandoned",
        "one: first/compensated",
        "outcome",
    ];
    let mut said = story(&after);
    // These two do not wait for each other.
    said[3..5].sort();
    let mut expected = expected.map(str::to_owned);
    expected[3..5].sort();
    assert_eq!(said, expected);
}

#[tokio::test]
async fn a_deadline_passes_though_the_home_was_away() {
    let chain = CHAIN.replace("name: chain", "name: chain\ndeadline: 0.2s");
    let mut company = Company::with(&[&chain]).await;
    company.go_down(0).await;
    company
        .orchestrator()
        .choreograph("x-1", "parcel")
        .await
        .unwrap();
    company.world.orchestrator.stop().await;
    company.come_up(0).await;
    let options = company.options();
    company.world.orchestrator = within(Running::start(options)).await.unwrap();

    let execution = company.orchestrator().wait("x-1").await.unwrap();

    assert_eq!(execution.state(), ExecutionState::Failed);
    let message = execution.failure.unwrap().message;
    let limit = format!("{:?}", Duration::from_millis(200));
    assert!(message.contains(&limit), "{message}");
}

#[tokio::test]
async fn a_killed_home_goes_on_from_what_was_recorded() {
    let mut company = Company::with(&[CHAIN]).await;
    company.world.orchestrator.stop().await;
    let doomed = Doomed::start_with(company.options()).await;
    let ended = company.fake().hold("Third");
    ended.open();
    doomed
        .orchestrator
        .choreograph("ended", "parcel")
        .await
        .unwrap();
    doomed.orchestrator.wait("ended").await.unwrap();
    let gates = [company.fake().hold("Second"), company.fake().hold("Third")];
    for id in ["one", "other"] {
        doomed.orchestrator.choreograph(id, "parcel").await.unwrap();
    }
    company.fake().called("Second", 3).await;

    doomed.kill().await;
    gates.into_iter().for_each(|gate| gate.open());
    company.fake().called("Third", 3).await;
    let options = company.options();
    company.world.orchestrator = Running::start(options).await.unwrap();

    for id in ["ended", "one", "other"] {
        let execution = company.orchestrator().wait(id).await.unwrap();
        assert_eq!(execution.state(), ExecutionState::Succeeded, "{id}");
        assert_eq!(execution.events.len(), 5, "{id}");
    }
    // Nobody was asked for anything twice.
    assert_eq!(company.fake().calls().len(), 9);
}

/// Stops everything, and has all participants somewhere else; the options of an orchestrator that is
/// somewhere else as well.
async fn moved(company: &mut Company) -> pavane_orchestrator::Options {
    company.world.orchestrator.stop().await;
    for link in 0..3 {
        company.go_down(link).await;
        company.performers[link].move_away();
    }
    for link in 0..3 {
        company.come_up(link).await;
    }
    let mut options = company.options();
    options.listen.set_port(0);
    options
}

#[tokio::test]
async fn all_learn_where_the_others_are_by_now() {
    let mut company = Company::with(&[CHAIN]).await;
    let _gate = company.fake().hold("Second");
    let orchestrator = company.orchestrator();
    orchestrator.choreograph("x-1", "parcel").await.unwrap();
    company.fake().called("Second", 1).await;

    let options = moved(&mut company).await;
    company.world.orchestrator = Running::start(options).await.unwrap();
    let orchestrator = company.orchestrator();
    orchestrator.choreograph("x-2", "parcel").await.unwrap();

    for id in ["x-1", "x-2"] {
        let execution = orchestrator.wait(id).await.unwrap();
        assert_eq!(execution.state(), ExecutionState::Succeeded, "{id}");
    }
}

#[tokio::test]
async fn one_who_is_away_learns_it_when_it_is_back() {
    let mut company = Company::with(&[CHAIN]).await;
    let options = moved(&mut company).await;
    company.go_down(1).await;
    company.world.orchestrator = Running::start(options).await.unwrap();
    let orchestrator = company.orchestrator();
    orchestrator.choreograph("x-1", "parcel").await.unwrap();
    company.come_up(1).await;
    let execution = company.orchestrator().wait("x-1").await.unwrap();
    assert_eq!(execution.state(), ExecutionState::Succeeded);
}

/// Another participant by the name of the second, at its address, that knows nothing of `x-1`, whose
/// second step it is to perform.
async fn replaced(company: &mut Company) {
    let _gate = company.fake().hold("Second");
    let orchestrator = company.orchestrator();
    orchestrator.choreograph("x-1", "parcel").await.unwrap();
    company.fake().called("Second", 1).await;
    company.go_down(1).await;
    company.performers[1].forget_everything();
    company.come_up(1).await;
}

#[tokio::test]
async fn an_execution_goes_on_though_a_participant_has_lost_it() {
    let mut company = Company::with(&[CHAIN]).await;
    replaced(&mut company).await;
    let orchestrator = company.orchestrator();
    orchestrator.deploy(CHAIN).await.unwrap();

    let execution = orchestrator.wait("x-1").await.unwrap();

    assert_eq!(execution.state(), ExecutionState::Succeeded);
    assert_eq!(company.fake().calls_of("First").len(), 1);
    assert_eq!(company.fake().calls_of("Third").len(), 1);
}

#[tokio::test]
async fn an_execution_is_canceled_though_a_participant_has_lost_it() {
    let mut company = Company::with(&[CHAIN]).await;
    replaced(&mut company).await;
    let orchestrator = company.orchestrator();
    orchestrator.cancel("x-1", "no more").await.unwrap();
    orchestrator.deploy(CHAIN).await.unwrap();

    let execution = orchestrator.wait("x-1").await.unwrap();

    assert_eq!(execution.state(), ExecutionState::Canceled);
    // It may have been called, by one who cannot be asked any more.
    assert_eq!(company.fake().calls_of("undo Second").len(), 1);
    assert_eq!(company.fake().calls_of("undo First").len(), 1);
}

#[tokio::test]
async fn what_a_lost_feed_had_said_counts_and_is_undone() {
    let mut company = Company::with(&[CHAIN]).await;
    let gate = company.fake().hold("Third");
    let orchestrator = company.orchestrator();
    orchestrator.choreograph("x-1", "parcel").await.unwrap();
    company.fake().called("Third", 1).await;
    company.go_down(0).await;
    company.performers[0].forget_everything();
    company.come_up(0).await;
    let orchestrator = company.orchestrator();
    orchestrator.deploy(CHAIN).await.unwrap();
    company.fake().fail("Third", Status::not_found("no"));
    orchestrator.choreograph("x-2", "parcel").await.unwrap();
    orchestrator.wait("x-2").await.unwrap();
    assert_eq!(company.fake().calls_of("First").len(), 2, "one for each");

    orchestrator.cancel("x-1", "no more").await.unwrap();
    gate.open();

    let execution = orchestrator.wait("x-1").await.unwrap();
    assert_eq!(execution.state(), ExecutionState::Canceled);
    for link in ["undo First", "undo Second", "undo Third"] {
        let calls = company.fake().calls_of(link);
        let of_it = calls.iter().filter(|call| call.key.starts_with("x-1/"));
        assert_eq!(of_it.count(), 1, "{link}");
    }
}

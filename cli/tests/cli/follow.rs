//! `pavane watch` and `pavane start --wait` where following is not plain: an execution that waits
//! for an operator, and a server that goes away.

use crate::fake::{self, Fake};
use crate::run::pavane;

/// Ids and names of the fake server's executions, on a command line that follows one.
fn follow<'a>(command: &'a str, id: &'a str, server: &'a str) -> Vec<&'a str> {
    let mut arguments = match command {
        "watch" => vec!["watch", id],
        _ => vec!["start", "place-order", "--id", id, "--wait"],
    };
    arguments.extend(["--server", server]);
    arguments
}

#[tokio::test]
async fn a_suspended_execution_is_not_waited_for() {
    let fake = Fake::start().await;
    for command in ["watch", "start"] {
        let ended = pavane(&follow(command, fake::SUSPENDED, &fake.address)).await;
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(1), ""));
        let mut last = ended.stdout.lines().rev();
        assert_eq!(
            last.next(),
            Some("hint: mend the service, then: pavane retry suspended")
        );
        let needed = last.next().unwrap();
        assert!(
            needed.contains("an operator is needed for reserve"),
            "{needed}"
        );
    }
}

#[tokio::test]
async fn a_lost_connection_is_made_again_and_nothing_is_told_twice() {
    let fake = Fake::start().await;
    let ended = pavane(&follow("watch", fake::INTERRUPTED, &fake.address)).await;
    assert_eq!(ended.code, Some(1));
    insta::assert_snapshot!(ended.stdout, @r"
    interrupted   failed   place-order @7b0c91e2   orchestrated   4.2 ms
         +0.0 ms   started
         +0.9 ms   reserve     completed     inventory
         +3.1 ms   charge      failed        payment     FAILED_PRECONDITION: card is declined
         +4.2 ms   failed                                FAILED_PRECONDITION: card is declined
    ");
    insta::assert_snapshot!(ended.stderr.replace(&fake.address, "ADDRESS"), @r"
    lost the connection to ADDRESS (the server is shutting down); trying again for 30 s
    connected to ADDRESS again
    ");

    let fake = Fake::start().await;
    let ended = pavane(&follow("start", fake::INTERRUPTED, &fake.address)).await;
    assert_eq!(ended.code, Some(1));
    assert!(
        ended.stdout.starts_with("interrupted   failed"),
        "{}",
        ended.stdout
    );
    assert_eq!(ended.stderr.lines().count(), 2, "{}", ended.stderr);
}

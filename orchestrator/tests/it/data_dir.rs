//! A data directory that cannot be used: one clear error, and nothing is touched.

use std::fs;

use pavane_orchestrator::{Options, Orchestrator};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::support::{CHAIN, World};

#[tokio::test]
async fn a_directory_in_use_is_refused_and_its_user_named() {
    let world = World::with(CHAIN).await;

    let refused = Orchestrator::start(world.options(), CancellationToken::new()).await;

    let error = refused.err().unwrap().to_string();
    let expected = format!(
        "{} is in use by another process (pid {})",
        world.folder.path().display(),
        std::process::id()
    );
    assert_eq!(error, expected);
    assert_eq!(
        world.orchestrator.run("x-1", "parcel").await.unwrap(),
        "parcel"
    );
}

#[tokio::test]
async fn a_directory_of_a_newer_format_is_left_alone() {
    let folder = TempDir::new().unwrap();
    let format = folder.path().join("FORMAT");
    fs::write(&format, "pavane-feed 99\n").unwrap();
    let options = Options::new(([127, 0, 0, 1], 0).into(), folder.path());

    let refused = Orchestrator::start(options, CancellationToken::new()).await;

    let error = refused.err().unwrap().to_string();
    assert!(
        error.contains("has format 99, but this program reads formats up to 1"),
        "{error}"
    );
    assert_eq!(fs::read_to_string(format).unwrap(), "pavane-feed 99\n");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn an_address_in_use_is_refused() {
    let world = World::with(CHAIN).await;
    let folder = TempDir::new().unwrap();
    let options = Options::new(world.orchestrator.address(), folder.path());

    let refused = Orchestrator::start(options, CancellationToken::new()).await;

    let error = refused.err().unwrap().to_string();
    assert!(
        error.contains(&world.orchestrator.address().to_string()),
        "{error}"
    );
    assert!(error.contains("in use"), "{error}");
}

//! The scenario (`../SCENARIO.md`) by `pavane-client`, and by generated stubs for what it does not show.

mod golden;
mod scenario;
mod transcript;
mod wishes;

use std::error::Error;

use pavane_client::Client;
use serde_json::json;

use scenario::Scenario;
use transcript::say;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let scenario = Scenario {
        orchestrator: Client::connect(&wishes::variable("INTEROP_ORCHESTRATOR")).await?,
        payment: Client::connect(&wishes::variable("INTEROP_PAYMENT")).await?,
        inventory: Client::connect(&wishes::variable("INTEROP_FEED")).await?,
    };
    scenario.deploy().await?;
    scenario.start_and_wait().await?;
    scenario.watch().await?;
    scenario.place().await?;
    scenario.start_wrongly().await?;
    scenario.run_out_of_time().await?;
    scenario.cancel().await?;
    scenario.follow().await?;
    say("vectors", json!(golden::check()?));
    Ok(())
}

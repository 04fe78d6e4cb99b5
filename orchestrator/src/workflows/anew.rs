//! After a start: those who take part in what was prepared by an earlier process are told anew where all
//! are. Addresses may be others by now, of participants and of the orchestrator itself.
//!
//! It must hold up nothing: executions live and start meanwhile, and wait for whoever is away.

use std::sync::Arc;
use std::time::Duration;

use pavane_flow::plan::Plan;
use tracing::{info, warn};

use super::Workflows;
use crate::Error;
use crate::choreography::Whom;

/// How long those are left alone who could not be prepared: longer each time.
const SOONEST: Duration = Duration::from_millis(500);
const SELDOMEST: Duration = Duration::from_secs(30);

impl Workflows {
    /// Prepares these revisions again, as far as anybody needs them, until all are.
    pub(crate) async fn prepare_anew(&self, before: Vec<Arc<Plan>>) {
        let mut left: Vec<(Arc<Plan>, String)> = before
            .into_iter()
            .map(|plan| (plan, String::new()))
            .collect();
        let mut pause = SOONEST;
        loop {
            let mut still_left = Vec::new();
            for (plan, said) in left {
                let Err(problem) = self.prepare_one_anew(&plan).await else {
                    continue;
                };
                let problem = problem.to_string();
                if problem != said {
                    warn!(
                        workflow = %plan.name, revision = %plan.revision, problem,
                        "prepared before the start, and not yet again"
                    );
                }
                still_left.push((plan, problem));
            }
            if still_left.is_empty() {
                return;
            }
            left = still_left;
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(SELDOMEST);
        }
    }

    /// Errors: [`Error::NotChoreographed`]; what is kept cannot be read or written.
    async fn prepare_one_anew(&self, plan: &Plan) -> Result<(), Error> {
        if self.same_revision(plan).is_none() && !self.0.choreography.has_living(plan) {
            return Ok(());
        }
        let refused = |why| Error::NotChoreographed {
            workflow: plan.name.to_string(),
            why,
        };
        // Whoever is away must not hold up deploys.
        let sounded_out = self.0.choreography.sound_out(plan, Whom::Known).await;
        sounded_out.map_err(refused)?;
        let _guard = self.0.deploying.lock().await;
        let record = match self.get(&plan.name, &plan.revision.0) {
            Ok(record) => record,
            // The deploy did not come to its end.
            Err(Error::UnknownRevision { .. }) => return Ok(()),
            Err(error) => return Err(error),
        };
        let (_, pool) = self.compile_revision(&plan.name, &plan.revision.0)?;
        let prepared = self
            .parts(plan, record.workflow.as_ref(), &pool, Whom::Known)
            .await;
        if let Err(why) = prepared {
            return Err(refused(why));
        }
        self.note(plan, record, &prepared).await?;
        info!(workflow = %plan.name, revision = %plan.revision, "prepared again");
        Ok(())
    }
}

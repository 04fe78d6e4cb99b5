//! Who takes part: every server that may perform steps is asked once, all at the same time.
//!
//! Most servers are no participants, and say so by not knowing the method. One that does not answer
//! costs no more than the patience that is given, and is a problem only if nobody else performs its
//! steps.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use futures_util::future::join_all;
use pavane::workflow::v1::participant_service_client::ParticipantServiceClient;
use pavane::workflow::v1::{GetParticipantRequest, GetParticipantResponse, Member};
use pavane_calls::{Calls, Target};
use pavane_flow::choreography::projection::{Owners, Projection};
use pavane_flow::plan::Plan;
use tonic::{Code, Status};

use super::Unprepared;

/// Those who answered, and what became of the others.
#[derive(Debug, Default)]
pub(super) struct Discovered {
    /// The participants, by name.
    members: BTreeMap<String, Member>,
    /// Who could not be asked, and why.
    silent: Vec<String>,
}

/// Asks these servers whether they are participants.
///
/// Errors: two of them have one name.
pub(super) async fn discover(
    calls: &Calls,
    targets: &[Target],
    patience: Duration,
) -> Result<Discovered, Unprepared> {
    let asking = targets.iter().map(|target| async move {
        let answer = ask(calls, target, patience).await;
        answer.map_err(|problem| format!("{target}: {problem}"))
    });
    let mut discovered = Discovered::default();
    for answer in join_all(asking).await {
        match answer {
            Ok(None) => {}
            Ok(Some(member)) => discovered.add(member)?,
            Err(problem) => discovered.silent.push(problem),
        }
    }
    Ok(discovered)
}

/// The revisions that a participant is prepared for, as it says itself. `None`: it says
/// nothing.
pub(super) async fn parts_of(
    calls: &Calls,
    target: &str,
    patience: Duration,
) -> Option<HashSet<String>> {
    let target = calls.target_at(target).ok()?;
    let answer = get_participant(calls, &target, patience).await.ok()?;
    let parts = answer.parts.into_iter();
    Some(parts.map(|part| part.revision).collect())
}

/// The participant at this address; `None` if there is a server, but no participant.
async fn ask(calls: &Calls, target: &Target, patience: Duration) -> Result<Option<Member>, String> {
    match get_participant(calls, target, patience).await {
        Ok(answer) => {
            let member = answer.participant.ok_or("it does not say who it is")?;
            let target = target.to_string();
            Ok(Some(Member { target, ..member }))
        }
        Err(status) if status.code() == Code::Unimplemented => Ok(None),
        Err(status) => Err(status.message().to_owned()),
    }
}

async fn get_participant(
    calls: &Calls,
    target: &Target,
    patience: Duration,
) -> Result<GetParticipantResponse, Status> {
    let mut client = ParticipantServiceClient::new(calls.way(target).await?);
    let request = GetParticipantRequest {};
    let answer = tokio::time::timeout(patience, client.get_participant(request)).await;
    let late = |_| Status::deadline_exceeded(format!("no answer within {patience:?}"));
    Ok(answer.map_err(late)??.into_inner())
}

impl Discovered {
    fn add(&mut self, member: Member) -> Result<(), Unprepared> {
        let Some(known) = self.members.get(&member.name) else {
            self.members.insert(member.name.clone(), member);
            return Ok(());
        };
        // One participant may be reached by several addresses.
        if known.incarnation == member.incarnation {
            return Ok(());
        }
        Err(Unprepared::NameTakenTwice {
            name: member.name,
            one: known.target.clone(),
            other: member.target,
        })
    }

    /// The plan divided among them, and those who have a part.
    pub(super) fn divide(
        &self,
        plan: &Plan,
        home: &str,
    ) -> Result<(Projection, Vec<Member>), Unprepared> {
        let owners = Owners::new(
            self.members
                .values()
                .map(|member| (&member.name, &member.services)),
        );
        let projection = Projection::new(plan, &owners, home).map_err(|problems| {
            let silent = self.silent.clone();
            Unprepared::NotProjectable { problems, silent }
        })?;
        let members = projection
            .participants()
            .map(|part| self.members[&*part.name].clone())
            .collect();
        Ok((projection, members))
    }
}

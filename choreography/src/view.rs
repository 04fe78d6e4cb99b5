//! How a participant stands, as GetParticipant shows it. Reads what others change, under their locks;
//! changes nothing.

use std::collections::BTreeMap;

use pavane::workflow::v1::get_participant_response::{Part, Peer, UnknownRevision};
use pavane::workflow::v1::{GetParticipantResponse, Member as Identity};
use pavane_flow::choreography::member::Member;
use pavane_flow::event::decode_started_encoded;

use crate::parts::Prepared;
use crate::peers;
use crate::runtime::Shared;

pub(crate) fn describe(identity: &Identity, shared: &Shared) -> GetParticipantResponse {
    let member = shared.member.lock();
    let mut parts: Vec<Part> = shared.prepared.lock().values().map(part).collect();
    parts.sort_by(|a, b| (&a.workflow, &a.revision).cmp(&(&b.workflow, &b.revision)));
    let peers = shared.peers.lock();
    GetParticipantResponse {
        participant: Some(identity.clone()),
        parts,
        peers: peers
            .0
            .values()
            .map(|heard| peer(heard, member.cursor(&heard.place.name)))
            .collect(),
        executions: member.executions().len() as u64,
        unknown_revisions: unknown_revisions(&member),
    }
}

fn part(prepared: &Prepared) -> Part {
    let plan = &prepared.part.plan;
    Part {
        workflow: plan.name.to_string(),
        revision: plan.revision.to_string(),
        steps: prepared.steps(),
        home: prepared.part.home.to_string(),
    }
}

fn peer(peer: &peers::Peer, cursor: Option<&str>) -> Peer {
    let standing = peer.standing.lock().clone();
    let (since, reason) = standing.unreachable.unzip();
    Peer {
        name: peer.place.name.clone(),
        target: peer.place.target.clone(),
        feed: peer.place.feed.clone(),
        reachable: since.is_none() && standing.problem.is_none(),
        unreachable_since_time: since.map(Into::into),
        unreachable_reason: reason.unwrap_or_default(),
        cursor: cursor.unwrap_or_default().to_owned(),
        last_heard_time: standing.last_heard.map(Into::into),
        problem: standing.problem.unwrap_or_default(),
    }
}

fn unknown_revisions(member: &Member) -> Vec<UnknownRevision> {
    if member.unknown_revisions().is_empty() {
        return Vec::new();
    }
    let mut counts: BTreeMap<(String, String), u64> = BTreeMap::new();
    for execution in member.executions() {
        let mut heard = member.heard(execution).iter();
        let Some(started) = heard.find_map(|event| decode_started_encoded(event.encoded()).ok())
        else {
            continue;
        };
        if member.part(&started.revision).is_none() {
            *counts
                .entry((started.workflow, started.revision))
                .or_default() += 1;
        }
    }
    let unknown = counts.into_iter();
    unknown
        .map(|((workflow, revision), executions)| UnknownRevision {
            workflow,
            revision,
            executions,
        })
        .collect()
}

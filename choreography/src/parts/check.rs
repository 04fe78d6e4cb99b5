//! From a request to a part: it compiles, to the revision that it says, and whoever is asked can do
//! what it is asked for.

use std::collections::HashSet;
use std::sync::Arc;

use pavane::workflow::v1::{Member, PrepareWorkflowRequest};
use pavane_flow::choreography::member::Part;
use pavane_flow::choreography::projection::{Owners, Projection};
use pavane_flow::descriptors;
use pavane_flow::driver::Role;
use pavane_flow::language::{self, Definition};
use pavane_flow::plan::Plan;

use super::Prepared;
use crate::Error;

/// Longest name of a member, in bytes.
const MAX_NAME_BYTES: usize = 64;

/// The part of the member `identity`. Takes as long as compiling does.
///
/// Errors: those of a request that cannot be done as it is.
pub(crate) fn check(
    identity: &Member,
    request: &PrepareWorkflowRequest,
) -> Result<Prepared, Error> {
    let home = request
        .home
        .as_ref()
        .ok_or(Error::Missing { field: "home" })?;
    let members = &request.participants;
    if request.revision.is_empty() {
        return Err(Error::Missing { field: "revision" });
    }
    check_members(home, members)?;
    let plan = Arc::new(compile(request)?);
    for member in members.iter().chain([home]) {
        if member.name == identity.name {
            check_identity(identity, member)?;
        }
    }
    let owners = Owners::new(
        members
            .iter()
            .map(|member| (&member.name, &member.services)),
    );
    let projection = Projection::new(&plan, &owners, &home.name).map_err(|mut problems| {
        let problem = problems.swap_remove(0);
        Error::NotProjectable {
            workflow: plan.name.to_string(),
            problem,
            more: problems.len(),
        }
    })?;
    let (part, role) = if identity.name == home.name {
        (projection.home(), Role::Home)
    } else {
        let part = projection.participant(&identity.name);
        let part = part.ok_or_else(|| not_a_member(identity, &plan, request))?;
        (part, Role::Participant(Arc::clone(&part.steps)))
    };
    let known = |name: &str| {
        members
            .iter()
            .chain([home])
            .any(|member| member.name == name)
    };
    debug_assert!(part.hears.iter().all(|hears| known(&hears.peer)));
    Ok(Prepared {
        hears: part.hears.clone(),
        part: Part {
            role,
            home: home.name.as_str().into(),
            participants: projection
                .participants()
                .map(|part| part.name.to_string())
                .collect(),
            plan,
        },
    })
}

fn compile(request: &PrepareWorkflowRequest) -> Result<Plan, Error> {
    let workflow = request
        .workflow
        .clone()
        .ok_or(Error::Missing { field: "workflow" })?;
    let files = request.descriptors.clone().ok_or(Error::Missing {
        field: "descriptors",
    })?;
    let pool = descriptors::pool(files.file).map_err(|error| Error::InvalidDescriptors {
        found: error.to_string(),
    })?;
    let name = workflow.name.clone();
    let compiled = language::compile(&Definition::from(workflow), &pool);
    let Some(plan) = compiled.plan else {
        return Err(Error::InvalidDefinition {
            workflow: name,
            diagnostics: compiled.diagnostics,
        });
    };
    if *plan.revision.0 != *request.revision {
        return Err(Error::OtherRevision {
            workflow: name,
            found: plan.revision.to_string(),
            expected: request.revision.clone(),
        });
    }
    Ok(plan)
}

/// Whether these can be members: each name is kept, and shown.
fn check_members(home: &Member, participants: &[Member]) -> Result<(), Error> {
    let mut names = HashSet::new();
    for member in participants.iter().chain([home]) {
        let name = &member.name;
        let is_name = (1..=MAX_NAME_BYTES).contains(&name.len())
            && name
                .bytes()
                .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.'));
        let problem = if !is_name {
            "has no name of 1 to 64 lower-case letters, digits, `-`, `_` and `.`"
        } else if !names.insert(name) && *name != home.name {
            "is there twice"
        } else {
            continue;
        };
        return Err(Error::InvalidMember {
            name: name.chars().take(MAX_NAME_BYTES).collect(),
            problem,
        });
    }
    if !home.services.is_empty() {
        return Err(Error::InvalidMember {
            name: home.name.clone(),
            problem: "is the home, which performs no service",
        });
    }
    Ok(())
}

/// Whether a member that has our name is us, and whether we own what it says that we own.
fn check_identity(identity: &Member, member: &Member) -> Result<(), Error> {
    if member.feed != identity.feed || member.incarnation != identity.incarnation {
        return Err(Error::OtherIncarnation {
            name: identity.name.clone(),
            feed: identity.feed.clone(),
            found: identity.incarnation.clone(),
            expected: member.incarnation.clone(),
        });
    }
    let mut services = member.services.iter();
    match services.find(|service| !identity.services.contains(service)) {
        None => Ok(()),
        Some(service) => Err(Error::NotOwned {
            name: identity.name.clone(),
            service: service.clone(),
            owned: identity.services.clone(),
        }),
    }
}

fn not_a_member(identity: &Member, plan: &Plan, request: &PrepareWorkflowRequest) -> Error {
    Error::NotAMember {
        name: identity.name.clone(),
        workflow: plan.name.to_string(),
        members: request
            .participants
            .iter()
            .map(|member| member.name.clone())
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Error, Member, check_members};

    fn check(home: &str, names: &[&str], services: &[&str]) -> String {
        let member = |name: &&str| Member {
            name: (*name).to_owned(),
            ..Member::default()
        };
        let home = Member {
            services: services.iter().map(|name| (*name).to_owned()).collect(),
            ..member(&home)
        };
        let members: Vec<_> = names.iter().map(member).collect();
        let outcome = check_members(&home, &members);
        outcome.map_or_else(|error: Error| error.to_string(), |()| "fine".to_owned())
    }

    #[test]
    fn members_have_names_of_their_own() {
        assert_eq!(check("home", &["a", "b-1_2.c"], &[]), "fine");
        let no_name = "has no name of 1 to 64 lower-case letters, digits, `-`, `_` and `.`";
        assert_eq!(check("", &["a"], &[]), format!("member `` {no_name}"));
        let path = format!("member `../../etc` {no_name}");
        assert_eq!(check("home", &["../../etc"], &[]), path);
        let long = "n".repeat(65);
        let expected = format!("member `{}` {no_name}", "n".repeat(64));
        assert_eq!(check("home", &[&long], &[]), expected);
        assert_eq!(check("home", &["a", "a"], &[]), "member `a` is there twice");
        let performs = "member `home` is the home, which performs no service";
        assert_eq!(check("home", &["a"], &["x.Y"]), performs);
    }
}

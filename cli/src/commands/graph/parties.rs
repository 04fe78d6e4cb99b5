//! Who owns which services, as said on the command line or by their names.

use std::collections::BTreeMap;
use std::str::FromStr;

use pavane_flow::choreography::projection::Owners;
use pavane_flow::plan::Plan;

use crate::error::Error;

/// Name of the home, where executions are started and end.
pub(super) const HOME: &str = "orchestrator";

/// A participant as it is given: `shop=InventoryService,PaymentService`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Party {
    name: String,
    services: Vec<String>,
}

impl FromStr for Party {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let expected = "expected NAME=SERVICE[,SERVICE], such as payment=PaymentService";
        let (name, services) = text.split_once('=').ok_or(expected)?;
        let is_name_char =
            |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
        if name.is_empty() || name.len() > 64 || !name.chars().all(is_name_char) {
            let allowed = "a name has 1 to 64 of a-z, 0-9, `-`, `_` and `.`";
            return Err(format!("{allowed}, found `{name}`"));
        }
        let services: Vec<String> = services.split(',').map(|s| s.trim().to_owned()).collect();
        if services.iter().any(String::is_empty) {
            return Err(expected.to_owned());
        }
        Ok(Self {
            name: name.to_owned(),
            services,
        })
    }
}

/// The owners that were given; if none were, each service owns itself.
pub(super) fn owners(plan: &Plan, given: &[Party]) -> Result<Owners, Error> {
    let services = services(plan);
    if given.is_empty() {
        return Ok(Owners::new(by_themselves(&services)));
    }
    let mut members = Vec::new();
    for party in given {
        let found = party.services.iter().map(|name| resolve(name, &services));
        members.push((&party.name, found.collect::<Result<Vec<_>, _>>()?));
    }
    Ok(Owners::new(members))
}

/// All services that a plan calls, in the order of the definition.
fn services(plan: &Plan) -> Vec<&str> {
    let mut services = Vec::new();
    for call in plan.steps.iter().flat_map(|step| step.calls()) {
        let service = &*call.method.service;
        if !services.contains(&service) {
            services.push(service);
        }
    }
    services
}

/// A service by its full name, or by the last part of it.
fn resolve<'a>(name: &str, services: &[&'a str]) -> Result<&'a str, Error> {
    let named = |service: &&&str| **service == name || last(service) == name;
    let found: Vec<&&str> = services.iter().filter(named).collect();
    match found.as_slice() {
        [service] => Ok(service),
        [] => {
            let candidates = services.iter().map(|service| match name.contains('.') {
                true => service,
                false => last(service),
            });
            let hint = match pavane::nearest(name, candidates) {
                Some(nearest) => format!("did you mean `{nearest}`?"),
                None => format!("it calls {}", services.join(", ")),
            };
            let message = format!("the workflow calls no service `{name}`");
            Err(Error::usage(message).with_hint(hint))
        }
        _ => Err(Error::usage(format!(
            "the workflow calls several services `{name}`: give the full name"
        ))),
    }
}

/// A participant for each service, named after it.
fn by_themselves<'a>(services: &[&'a str]) -> Vec<(String, [&'a str; 1])> {
    let mut named: BTreeMap<String, usize> = BTreeMap::new();
    for service in services {
        *named.entry(name_after(service)).or_default() += 1;
    }
    let members = services.iter().map(|service| {
        let name = name_after(service);
        let is_shared = named[&name] > 1;
        (if is_shared { full(service) } else { name }, [*service])
    });
    members.collect()
}

/// `shop.inventory.v1.InventoryService` as `inventory`.
fn name_after(service: &str) -> String {
    let name = last(service);
    let stem = name
        .strip_suffix("Service")
        .filter(|stem| !stem.is_empty())
        .unwrap_or(name);
    let mut words = String::new();
    for c in stem.chars() {
        if c.is_ascii_uppercase() && words.ends_with(|c: char| c.is_ascii_lowercase()) {
            words.push('-');
        }
        words.push(c.to_ascii_lowercase());
    }
    words
}

/// `a.v1.Payments` as `a.v1.payments`.
fn full(service: &str) -> String {
    service.to_ascii_lowercase()
}

/// The name without its package.
pub(super) fn last(service: &str) -> &str {
    service.rsplit('.').next().unwrap_or(service)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_gives_its_participant_a_name() {
        let services = [
            "shop.inventory.v1.InventoryService",
            "acme.v1.OrderFulfilment",
            "a.v1.Service",
            "b.v1.Payments",
            "c.v1.PaymentsService",
        ];
        let members = by_themselves(&services);
        let names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
        let expected = [
            "inventory",
            "order-fulfilment",
            "service",
            "b.v1.payments",
            "c.v1.paymentsservice",
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn a_participant_is_a_name_and_services() {
        let party: Party = "shop=a.v1.A, B".parse().expect("it is one");
        assert_eq!(party.name, "shop");
        assert_eq!(party.services, ["a.v1.A", "B"]);
        for wrong in ["shop", "=A", "Shop=A", "shop=", "shop=A,,B"] {
            assert!(wrong.parse::<Party>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_service_is_found_by_its_last_name_if_there_is_one() {
        let services = ["a.v1.Stock", "a.v1.Cards", "b.v1.Cards"];
        assert_eq!(resolve("Stock", &services).ok(), Some("a.v1.Stock"));
        assert_eq!(resolve("b.v1.Cards", &services).ok(), Some("b.v1.Cards"));
        let said = |name| resolve(name, &services).expect_err("not found").to_string();
        assert_eq!(said("Stok"), "the workflow calls no service `Stok`");
        assert_eq!(
            said("Cards"),
            "the workflow calls several services `Cards`: give the full name"
        );
    }
}

//! Looks whether the service is there, and serves what it is said to serve. Only ever tells: a service
//! that is not there yet is called when it is, and one that does not serve reflection cannot be asked.

use std::time::Duration;

use pavane_calls::Target;

use crate::connection::Connection;
use crate::descriptors::reflection;
use crate::error::Error;

/// Pause between two looks at a service that is not there.
const PAUSE: Duration = Duration::from_secs(5);

/// Looks until the service is there, then at what it serves.
pub(super) async fn probe(target: Target, services: Vec<String>) {
    let connection = match Connection::to(&target) {
        Ok(connection) => connection,
        Err(error) => return tracing::warn!(%error, "the service cannot be looked at"),
    };
    let mut was_told = false;
    let served = loop {
        match reflection::services(&connection).await {
            Err(error @ Error::Unreachable { .. }) => {
                if !was_told {
                    was_told = true;
                    tracing::warn!(%error, "the service is not there; its steps wait and are tried again");
                }
            }
            served => break served,
        }
        tokio::time::sleep(PAUSE).await;
    };
    if was_told {
        tracing::info!(%target, "the service is there");
    }
    match served {
        Ok(served) => {
            for problem in problems(&services, &served) {
                tracing::warn!(%target, "{problem}");
            }
        }
        Err(Error::Failed {
            reason: "NO_REFLECTION",
            ..
        }) => {}
        Err(error) => tracing::debug!(%error, "the service cannot be asked what it serves"),
    }
}

/// What it is said to serve, and does not.
fn problems(services: &[String], served: &[String]) -> Vec<String> {
    let missing = services.iter().filter(|name| !served.contains(name));
    let problem = |name: &String| {
        let nearest = pavane::nearest(name, served.iter().map(String::as_str));
        let hint = nearest.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        format!("the service does not serve `{name}`: its steps will fail{hint}")
    };
    missing.map(problem).collect()
}

#[cfg(test)]
mod tests {
    use super::problems;

    #[test]
    fn a_service_that_is_not_served_is_told_with_the_nearest() {
        let served = ["acme.shipping.v1.ShippingService", "grpc.health.v1.Health"];
        let served = served.map(str::to_owned);
        let check = |service: &str, expected: &[&str]| {
            assert_eq!(problems(&[service.to_owned()], &served), expected);
        };
        check("acme.shipping.v1.ShippingService", &[]);
        check(
            "acme.shipping.v1.ShipingService",
            &[
                "the service does not serve `acme.shipping.v1.ShipingService`: its steps will fail; \
                 did you mean `acme.shipping.v1.ShippingService`?",
            ],
        );
    }
}

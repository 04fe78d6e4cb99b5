//! Which service is called where: what the flags say, then the environment, then the file.

use std::collections::BTreeMap;

use pavane_orchestrator::Targets;

use crate::commands::address;
use crate::config::File;
use crate::error::Error;

/// The variable of the environment that names targets.
pub(super) const VARIABLE: &str = "PAVANE_TARGETS";

/// All of them put together. An address of a flag or of the environment stands for itself: what the
/// file says of the service, such as a token, is not for whoever is called there.
pub(super) fn all(file: &File, environment: &str, flags: &[String]) -> Result<Targets, Error> {
    let mut targets = Targets::default();
    for (service, entry) in &file.targets {
        targets.set(service, entry.target());
    }
    let in_environment = environment.split(',').map(str::trim);
    let in_environment = in_environment.filter(|pair| !pair.is_empty());
    add(&mut targets, VARIABLE, in_environment)?;
    add(&mut targets, "--target", flags.iter().map(String::as_str))?;
    Ok(targets)
}

/// Adds what was said in one place. `origin` is which, for messages.
fn add<'a>(
    targets: &mut Targets,
    origin: &str,
    pairs: impl Iterator<Item = &'a str>,
) -> Result<(), Error> {
    let example = "shop.payment.v1.PaymentService=127.0.0.1:7402";
    let mut named = BTreeMap::new();
    for pair in pairs {
        let (service, address) = address::pair(origin, "SERVICE", pair, example)?;
        if let Some(other) = named.insert(service, address)
            && other != address
        {
            let message = format!("{origin} gives {service} two addresses: {other} and {address}");
            return Err(Error::usage(message));
        }
        let origin = format!("{origin}, {service}");
        targets.set(service, address::target(&origin, address)?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_win_over_the_environment_and_that_over_the_file() {
        let text = "[targets]\n'a' = 'f:1'\n'b' = 'f:1'\n'c' = { address = 'f:1', calls = 7 }";
        let file: File = toml::from_str(text).expect("is sound");
        let flags = ["a=g:1".to_owned(), "d=g:1".to_owned()];
        let targets = all(&file, "b=e:1, a=e:1,c=f:1", &flags).expect("they are sound");
        let found: Vec<_> = targets
            .iter()
            .map(|(service, target)| format!("{service}={target}"))
            .collect();
        assert_eq!(found, ["a=g:1", "b=e:1", "c=f:1", "d=g:1"]);
        let calls = targets.get("c").expect("is named").calls;
        assert_eq!(calls, None, "nothing of the file is left");
    }

    #[test]
    fn mistakes_in_the_environment_are_told() {
        let file = File::default();
        let mistake = all(&file, "a=e:1,b", &[]).expect_err("no address");
        let expected = "PAVANE_TARGETS `b` is not SERVICE=ADDRESS";
        assert_eq!(mistake.to_string(), expected);
    }
}

//! Where services are called: addresses as operators write them, parsed once.

use std::collections::BTreeMap;

use http::Uri;

/// An address that cannot be called.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid target `{target}`: {problem}; expected host:port or http://host:port")]
pub struct InvalidTarget {
    /// As it was given.
    pub target: String,
    /// What is wrong with it.
    pub problem: &'static str,
}

/// Where one service is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target(Uri);

impl Target {
    /// Reads `http://host:port`, or `host:port` for short. Errors: [`InvalidTarget`].
    pub fn parse(text: &str) -> Result<Self, InvalidTarget> {
        let invalid = |problem| InvalidTarget {
            target: text.to_owned(),
            problem,
        };
        let full = if text.contains("://") {
            text.to_owned()
        } else {
            format!("http://{text}")
        };
        let uri: Uri = full.parse().map_err(|_| invalid("it is not a URI"))?;
        if uri.scheme_str() != Some("http") {
            return Err(invalid("only `http://` targets can be called so far"));
        }
        if uri
            .authority()
            .is_none_or(|authority| authority.port().is_none())
        {
            return Err(invalid("it names no port"));
        }
        if uri.path() != "/" || uri.query().is_some() {
            return Err(invalid("it has a path, which gRPC services do not have"));
        }
        Ok(Self(uri))
    }

    /// As a URI with scheme and port.
    pub fn uri(&self) -> &Uri {
        &self.0
    }
}

impl std::fmt::Display for Target {
    /// `host:port`
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(
            self.0
                .authority()
                .map_or("", |authority| authority.as_str()),
        )
    }
}

/// Which service is called where, by the service's full name.
#[derive(Clone, Debug, Default)]
pub struct Targets(BTreeMap<String, Target>);

impl Targets {
    /// Says where a service is called. The last word counts.
    pub fn set(&mut self, service: impl Into<String>, target: Target) {
        self.0.insert(service.into(), target);
    }

    /// Where a service is called, if anything is said about it.
    pub fn get(&self, service: &str) -> Option<&Target> {
        self.0.get(service)
    }

    /// All services and their targets, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Target)> {
        self.0
            .iter()
            .map(|(service, target)| (service.as_str(), target))
    }
}

#[cfg(test)]
mod tests {
    use super::Target;

    #[test]
    fn a_target_is_an_authority_with_a_port() {
        let read = |text| Target::parse(text).map(|target| target.to_string());
        assert_eq!(read("localhost:7401").expect("valid"), "localhost:7401");
        assert_eq!(read("http://[::1]:7401").expect("valid"), "[::1]:7401");
        for wrong in [
            "",
            "localhost",
            "https://localhost:1",
            "http://h:1/path",
            "ftp://h:1",
            "a b",
        ] {
            let error = read(wrong).expect_err(wrong).to_string();
            assert!(error.contains(&format!("`{wrong}`")), "{error}");
        }
    }
}

//! Targets as they are written, and mistakes in them as they are shown.

use std::path::Path;
use std::time::Duration;

use pavane_calls::{BreakerOptions, Identity, Target, Tls};

use crate::config::File;

fn parse(text: &str) -> Result<Target, String> {
    let file = File::parse(text, Path::new("/etc/pavane"))?;
    Ok(file.targets["a.v1.A"].target())
}

#[test]
fn an_address_is_all_that_is_needed() {
    let target = parse("[targets]\n'a.v1.A' = 'localhost:1'").expect("is sound");
    assert_eq!(target, Target::parse("localhost:1").expect("is one"));
    let target = parse("[targets]\n'a.v1.A' = 'https://localhost:1'").expect("is sound");
    assert_eq!(target.tls(), Some(&Tls::default()));
}

#[test]
fn a_table_says_how_to_call_and_its_paths_are_relative_to_the_file() {
    let text = r#"
        [targets."a.v1.A"]
        address = "a.example:443"
        tls = { ca = "ca.pem", client_certificate = "c.pem", client_key = "/k.pem", domain = "b.example" }
        timeout = "1.5s"
        calls = 100
        queue = 0
        breaker = { failures = 3, pause = "20s" }
        metadata = { authorization = { file = "token", prefix = "Bearer " }, x-tenant = "acme" }
    "#;
    let target = parse(text).expect("is sound");
    assert_eq!(target.to_string(), "https://a.example:443");
    let tls = Tls {
        ca: Some("/etc/pavane/ca.pem".into()),
        identity: Some(Identity {
            certificate: "/etc/pavane/c.pem".into(),
            key: "/k.pem".into(),
        }),
        domain: Some("b.example".to_owned()),
    };
    assert_eq!(target.tls(), Some(&tls));
    assert_eq!(target.timeout, Some(Duration::from_millis(1_500)));
    assert_eq!((target.calls, target.queue), (Some(100), Some(0)));
    let breaker = BreakerOptions {
        failures: 3,
        pause: Duration::from_secs(20),
        max_pause: Duration::from_secs(20),
    };
    assert_eq!(target.breaker, Some(breaker));
    let origins: Vec<_> = target.metadata.origins().collect();
    let expected = [
        ("authorization", "from /etc/pavane/token".to_owned()),
        ("x-tenant", "from the configuration".to_owned()),
    ];
    assert_eq!(origins, expected);
}

/// The last lines of what is said of a target with this in it.
fn check(line: &str, expected: &str) {
    let text = format!("[targets.'a.v1.A']\naddress = 'a:1'\n{line}\n");
    let mistake = parse(&text).expect_err(line);
    let (place, rest) = mistake.split_once('\n').expect("a place, and more");
    assert!(place.starts_with("TOML parse error at line "), "{place}");
    let said: Vec<_> = rest.lines().filter(|line| !line.contains('|')).collect();
    assert_eq!(said.join("\n"), expected, "{mistake}");
}

#[test]
fn mistakes_say_what_is_wrong_and_what_was_meant() {
    check(
        "tiemout = '5s'",
        "unknown field `tiemout`, expected one of `address`, `tls`, `timeout`, `calls`, `queue`, `breaker`, `metadata`\n\
         did you mean `timeout`?",
    );
    check(
        "timeout = '5 parsecs'",
        "`5 parsecs` is no duration; expected a number and `ms`, `s`, `m` or `h`, such as \"5s\"",
    );
    check("timeout = '0s'", "`timeout` is 0; expected more");
    check(
        "calls = 0",
        "`calls` is 0: nothing could be called; expected 1 or more",
    );
    check(
        "tls = { client_key = 'k.pem' }",
        "`client_key` is given without `client_certificate`",
    );
    check(
        "tls = { ca_file = 'k.pem' }",
        "unknown field `ca_file`, expected one of `ca`, `client_certificate`, `client_key`, `domain`",
    );
    check(
        "metadata = { te = 'x' }",
        "metadata `te` is set by Pavane or by gRPC itself",
    );
    check(
        "metadata = { token = { } }",
        "expected either `file` or `env`",
    );
}

#[test]
fn a_mistake_is_shown_at_its_line() {
    let text =
        "[targets]\n'b.v1.B' = 'b:1'\n\n[targets.'a.v1.A']\naddress = 'http://a:1'\ntls = { }\n";
    insta::assert_snapshot!(parse(text).expect_err("tls in the clear"), @r"
    TOML parse error at line 4, column 1
      |
    4 | [targets.'a.v1.A']
      | ^^^^^^^^^^^^^^^^^^
    `tls` is given for http://a:1, which is called in the clear; write https://
    ");
    let text = "[targets]\n'a.v1.A' = 'nowhere'\n";
    insta::assert_snapshot!(parse(text).expect_err("no port"), @r"
    TOML parse error at line 2, column 12
      |
    2 | 'a.v1.A' = 'nowhere'
      |            ^^^^^^^^^
    invalid target `nowhere`: it names no port; expected host:port, http://host:port or https://host:port
    ");
}

#[test]
fn secrets_are_not_shown() {
    let text = "[targets.'a.v1.A']\naddress = 'a:1'\nmetadata = { authorization = 's3cr3t' }";
    let file = File::parse(text, Path::new("")).expect("is sound");
    assert!(!format!("{file:?}").contains("s3cr3t"));
}

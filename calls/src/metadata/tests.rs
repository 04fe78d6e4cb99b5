//! Where values come from, what is refused, and that nothing shows them.

use super::*;

fn check(name: &str, prefix: &str, source: ValueSource, expected: Result<&str, &str>) {
    let mut metadata = Metadata::default();
    let added = metadata.add(name, prefix, source);
    let ready = added.and_then(|()| Ready::new(metadata));
    let found = ready.map(|ready| {
        let mut headers = HeaderMap::new();
        ready.add_to(&mut headers);
        headers[name].to_str().expect("it is text").to_owned()
    });
    let found = found.map_err(|error| error.to_string());
    assert_eq!(found, expected.map(str::to_owned).map_err(str::to_owned));
}

#[test]
fn values_come_from_the_configuration_the_environment_and_files() {
    let literal = |text: &str| ValueSource::Literal(text.to_owned());
    check("x-tenant", "", literal("acme"), Ok("acme"));
    check("authorization", "Bearer ", literal("s3"), Ok("Bearer s3"));
    let name = env!("CARGO_PKG_NAME");
    let variable = ValueSource::Variable("CARGO_PKG_NAME".to_owned());
    check("x-name", "", variable, Ok(name));

    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("token");
    std::fs::write(&path, "s3cr3t\n").expect("it can be written");
    check("token", "", ValueSource::File(path), Ok("s3cr3t"));
}

#[test]
fn what_cannot_be_sent_is_refused_without_showing_it() {
    let literal = |text: &str| ValueSource::Literal(text.to_owned());
    let refused = |name: &str, source, expected| check(name, "", source, Err(expected));
    refused(
        "idempotency-key",
        literal("mine"),
        "metadata `idempotency-key` is set by Pavane or by gRPC itself",
    );
    refused(
        "X-Tenant",
        literal("a"),
        "metadata `X-Tenant` has upper-case letters, which gRPC does not send",
    );
    refused(
        "a b",
        literal("a"),
        "metadata `a b` is no name that can be sent",
    );
    refused(
        "authorization",
        literal("s3cr3t\n"),
        "the value of metadata `authorization` (from the configuration) cannot be sent: \
         it has characters that no header can have",
    );
    refused(
        "authorization",
        literal(""),
        "the value of metadata `authorization` (from the configuration) cannot be sent: it is empty",
    );
    refused(
        "authorization",
        ValueSource::Variable("PAVANE_NEVER_SET".to_owned()),
        "metadata `authorization` comes from the variable PAVANE_NEVER_SET of the environment, \
         which is not set",
    );
    refused(
        "authorization",
        ValueSource::File("missing/token".into()),
        "cannot read the value of metadata in missing/token: No such file or directory (os error 2)",
    );
}

#[test]
fn a_file_that_changes_is_read_again_and_one_that_is_away_is_not_missed() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("token");
    let write = |text: &str| std::fs::write(&path, text).expect("it can be written");
    write("one");
    let mut metadata = Metadata::default();
    let source = ValueSource::File(path.clone());
    metadata.add("token", "", source).expect("it is sound");
    let ready = Ready::new(metadata).expect("it can be read");
    let check = |expected: &str| {
        ready.read_again();
        assert_eq!(ready.values.load()[0].1, expected);
    };
    check("one");
    write("two");
    check("two");
    write("");
    check("two");
    std::fs::remove_file(&path).expect("it is there");
    check("two");
    write("three");
    check("three");
}

#[test]
fn values_are_not_shown() {
    let mut metadata = Metadata::default();
    let source = ValueSource::Literal("s3cr3t".to_owned());
    metadata.add("authorization", "", source).expect("is sound");
    let shown = format!("{metadata:?} {:?}", Ready::new(metadata.clone()));
    assert!(shown.contains("authorization"), "{shown}");
    assert!(!shown.contains("s3cr3t"), "{shown}");
}

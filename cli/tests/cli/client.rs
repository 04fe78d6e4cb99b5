//! The client commands against a server that answers what the tests say: what is printed where,
//! and the exit code.

mod operating;

use crate::fake::{self, Fake};
use crate::run::pavane;

#[tokio::test]
async fn a_server_that_cannot_be_reached_is_named_with_a_hint() {
    let address = fake::closed_address();
    let ended = pavane(&["get", "order-1", "--server", &address]).await;
    assert_eq!(ended.code, Some(1));
    assert_eq!(ended.stdout, "");
    let shown = ended.stderr.replace(&address, "ADDRESS");
    insta::assert_snapshot!(shown, @r"
    error: cannot reach ADDRESS: connection refused
    hint: start a server with `pavane serve` or `pavane demo --serve`, or name another with --server
    ");

    let json = pavane(&["get", "order-1", "--server", &address, "--output", "json"]).await;
    assert_eq!(json.code, Some(1));
    insta::assert_snapshot!(json.stderr.replace(&address, "ADDRESS"), @r#"
    {
      "error": {
        "code": "UNAVAILABLE",
        "message": "cannot reach ADDRESS: connection refused",
        "metadata": {},
        "reason": "UNREACHABLE"
      }
    }
    "#);
}

#[tokio::test]
async fn an_execution_is_shown_as_a_timeline() {
    let fake = Fake::start().await;
    let ended = pavane(&["get", "order-1", "--server", &fake.address]).await;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    insta::assert_snapshot!(ended.stdout, @r"
    order-1   failed   place-order @7b0c91e2   orchestrated   4.2 ms
      +0.0 ms   started
      +0.9 ms   reserve   completed   inventory
      +3.1 ms   charge    failed      payment     FAILED_PRECONDITION: card is declined
      +4.2 ms   failed                            FAILED_PRECONDITION: card is declined
    ");
}

#[tokio::test]
async fn an_execution_is_json_for_programs() {
    let fake = Fake::start().await;
    let ended = pavane(&[
        "get",
        "order-1",
        "--server",
        &fake.address,
        "--output",
        "json",
    ])
    .await;
    let json: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(json["state"], "EXECUTION_STATE_FAILED");
    assert_eq!(json["events"][1]["data"]["step"], "reserve");
    assert_eq!(json["failure"]["details"][0]["reason"], "CARD_DECLINED");
}

#[tokio::test]
async fn a_refusal_shows_its_details() {
    let fake = Fake::start().await;
    let ended = pavane(&["get", "order-7", "--server", &fake.address]).await;
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""));
    insta::assert_snapshot!(ended.stderr, @r"
    error: there is no execution `order-7`; did you mean `order-1`?
      reason         UNKNOWN_EXECUTION (NOT_FOUND)
      execution_id   order-7
    ");

    let json = pavane(&[
        "get",
        "order-7",
        "--server",
        &fake.address,
        "--output",
        "json",
    ])
    .await;
    insta::assert_snapshot!(json.stderr, @r#"
    {
      "error": {
        "code": "NOT_FOUND",
        "message": "there is no execution `order-7`; did you mean `order-1`?",
        "metadata": {
          "execution_id": "order-7"
        },
        "reason": "UNKNOWN_EXECUTION"
      }
    }
    "#);
}

#[tokio::test]
async fn waiting_for_a_failure_is_a_failure() {
    let fake = Fake::start().await;
    let server = fake.address.as_str();
    let input = r#"{"orderId": "order-1", "lines": [{"sku": "sku-3", "quantity": 2}]}"#;
    let start = [
        "start",
        "place-order",
        "--id",
        "order-1",
        "--input",
        input,
        "--server",
        server,
    ];
    let started = pavane(&start).await;
    assert_eq!(started.code, Some(0), "{}", started.stderr);
    let waited = pavane(&[&start[..], &["--wait"]].concat()).await;
    assert_eq!((waited.code, waited.stderr.as_str()), (Some(1), ""));
    assert!(waited.stdout.contains("card is declined"));
}

#[tokio::test]
async fn wrong_input_is_refused_before_anything_is_sent() {
    let address = fake::closed_address();
    let check = async |arguments: &[&str], expected: &str| {
        let ended = pavane(&[arguments, &["--server", &address]].concat()).await;
        assert_eq!(ended.code, Some(2), "{}", ended.stderr);
        assert_eq!(ended.stderr.lines().next(), Some(expected));
    };
    check(
        &["start", "w", "--input", "[]"],
        "error: --input must be a JSON object, this is an array",
    )
    .await;
    check(
        &["start", "w", "--input", "@missing.json"],
        "error: cannot read missing.json for --input: No such file or directory (os error 2)",
    )
    .await;
    check(
        &["deploy", "missing.yaml"],
        "error: cannot read missing.yaml: No such file or directory (os error 2)",
    )
    .await;
    check(
        &["start", "w", "--mode", "danced"],
        "error: invalid value 'danced' for '--mode <MODE>'",
    )
    .await;
    check(&["lst"], "error: unrecognized subcommand 'lst'").await;
}

#[tokio::test]
async fn wrong_usage_is_json_too_if_that_was_asked_for() {
    let ended = pavane(&["get", "--output=json"]).await;
    assert_eq!(ended.code, Some(2));
    let json: serde_json::Value = serde_json::from_str(&ended.stderr).unwrap();
    assert_eq!(json["error"]["reason"], "USAGE");
}

#[tokio::test]
async fn executions_are_listed_page_by_page_up_to_the_limit() {
    let fake = Fake::start().await;
    let list = ["list", "--server", &fake.address, "--limit"];
    let all = pavane(&[&list[..], &["100"]].concat()).await;
    assert_eq!(all.stdout.lines().count(), 1 + fake::EXECUTIONS);
    assert_eq!(all.stderr, "");
    let some = pavane(&[&list[..], &["3"]].concat()).await;
    assert_eq!(some.stdout.lines().count(), 1 + 3);
    assert_eq!(some.stderr, "there are more; show them with --limit 30\n");
    let none = pavane(&[&list[..], &["0"]].concat()).await;
    assert_eq!((none.code, none.stdout.as_str()), (Some(0), ""));
    assert_eq!(
        none.stderr,
        "none were asked for; show some with --limit 20\n"
    );
}

#[tokio::test]
async fn an_execution_is_watched_to_its_outcome() {
    let fake = Fake::start().await;
    let ended = pavane(&["watch", "order-1", "--server", &fake.address]).await;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(1), ""));
    insta::assert_snapshot!(ended.stdout, @r"
    order-1   failed   place-order @7b0c91e2   orchestrated   4.2 ms
         +0.0 ms   started
         +0.9 ms   reserve     completed     inventory
         +3.1 ms   charge      failed        payment     FAILED_PRECONDITION: card is declined
         +4.2 ms   failed                                FAILED_PRECONDITION: card is declined
    ");

    let json = pavane(&[
        "watch",
        "order-1",
        "--server",
        &fake.address,
        "--output",
        "json",
    ])
    .await;
    let lines = json
        .stdout
        .lines()
        .map(serde_json::from_str::<serde_json::Value>);
    assert_eq!(lines.map(Result::unwrap).count(), 4);
}

#[tokio::test]
async fn mistakes_that_a_server_finds_are_shown_at_their_place() {
    let fake = Fake::start().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.yaml");
    std::fs::write(&file, "name: a\namount: reserve.totel\n").unwrap();
    let file = file.to_str().unwrap();
    for command in ["check", "deploy"] {
        let ended = pavane(&[command, file, "--server", &fake.address]).await;
        assert_eq!(
            (ended.code, ended.stderr.as_str()),
            (Some(2), ""),
            "{command}"
        );
        insta::allow_duplicates! {
            insta::assert_snapshot!(ended.stdout.replace(file, "a.yaml"), @r"
            error: `ReserveStockResponse` has no field `totel`
             --> a.yaml:2:17
              |
            2 | amount: reserve.totel
              |                 ^^^^^ unknown field
              |
              = help: a field with a similar name exists: `total`

            1 error
            ");
        }
    }
}

#[tokio::test]
async fn a_sound_workflow_is_deployed() {
    let fake = Fake::start().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.yaml");
    std::fs::write(&file, "name: sound\n").unwrap();
    let file = file.to_str().unwrap();
    let deploy = ["deploy", file, "--server", &fake.address];
    let ended = pavane(&deploy).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    insta::assert_snapshot!(ended.stdout, @r"
    deployed sound, revision 7b0c91e2, serving shop.order.v1.OrderService/PlaceOrder
      can be choreographed   inventory: reserve, count; payment: charge
    ");
    let json = pavane(&[&deploy[..], &["--output", "json"]].concat()).await;
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["workflow"]["name"], "sound");
}

#[tokio::test]
async fn the_configuration_file_names_the_server_and_a_flag_wins() {
    let fake = Fake::start().await;
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("pavane.toml");
    std::fs::write(&config, format!("server = '{}'", fake.address)).unwrap();
    let config = config.to_str().unwrap();
    let ended = pavane(&["get", "order-1", "--config", config]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let address = fake::closed_address();
    let ended = pavane(&["get", "order-1", "--config", config, "--server", &address]).await;
    assert!(ended.stderr.contains(&address), "{}", ended.stderr);
}

#[tokio::test]
async fn colours_are_used_only_when_asked_for() {
    let fake = Fake::start().await;
    let get = ["get", "order-1", "--server", &fake.address];
    assert!(!pavane(&get).await.stdout.contains('\u{1b}'));
    let always = pavane(&[&get[..], &["--color", "always"]].concat()).await;
    assert!(always.stdout.contains('\u{1b}'));
}

#[tokio::test]
async fn completions_know_the_commands() {
    let ended = pavane(&["completions", "bash"]).await;
    assert_eq!(ended.code, Some(0));
    assert!(ended.stdout.contains("workflow"));
}

#[tokio::test]
async fn the_schema_is_printed() {
    let ended = pavane(&["schema"]).await;
    assert_eq!(ended.code, Some(0));
    let schema: serde_json::Value = serde_json::from_str(&ended.stdout).expect("it is JSON");
    assert_eq!(schema["$ref"], "#/definitions/Workflow");
}

#[tokio::test]
async fn a_definition_is_checked_without_a_server() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let (proto, sound) = (
        format!("{folder}/proto"),
        format!("{folder}/cli/workflows/place-order.yaml"),
    );
    let ended = pavane(&["check", &sound, "--proto", &proto]).await;
    assert_eq!(
        (ended.code, ended.stderr.as_str()),
        (Some(0), ""),
        "{}",
        ended.stdout
    );
    assert!(
        ended.stdout.contains(": sound, revision "),
        "{}",
        ended.stdout
    );

    let text = std::fs::read_to_string(&sound)
        .unwrap()
        .replace("reserve.total,", "reserve.totel,");
    let data = tempfile::tempdir().unwrap();
    let wrong = data.path().join("wrong.yaml");
    std::fs::write(&wrong, text).unwrap();
    let wrong = wrong.to_str().unwrap();
    let ended = pavane(&["check", wrong, "--proto", &proto]).await;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(2), ""));
    insta::assert_snapshot!(ended.stdout.replace(wrong, "wrong.yaml"), @r"
    error: `ReserveStockResponse` has no field `totel`
      --> wrong.yaml:14:58
       |
    14 |     request: { order_id: input.order_id, amount: reserve.totel, card_token: input.card_token }
       |                                                          ^^^^^ unknown field
       |
       = help: a field with a similar name exists: `total` (shop.common.v1.Money)

    1 error
    ");

    let folder = format!("{proto}/shop");
    let inside = pavane(&["check", &sound, "--proto", &folder]).await;
    assert_eq!(inside.code, Some(2));
    let hint = "hint: imports are looked for in the folders of --proto and --import: name the one that they are relative to, such as a parent of ";
    let hint = format!("{hint}{folder}");
    assert_eq!(inside.stderr.lines().last(), Some(hint.as_str()));

    let json = pavane(&["check", wrong, "--proto", &proto, "--output", "json"]).await;
    assert_eq!(json.code, Some(2));
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["diagnostics"][0]["reason"], "UNKNOWN_FIELD");
}

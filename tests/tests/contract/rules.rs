//! The rules of the contract mean here what they mean to protovalidate, whose authors' library judges
//! random messages beside ours.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pavane::validation::{messages_with_rules, violations};
use pavane_contract::broken;
use pavane_tests::python::Python;
use pavane_tests::seed;
use prost::Message;
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::piped::piped;

const TEST: &str = "protovalidate_says_the_same";

/// Random messages of each type.
const MESSAGES: usize = 60;

/// Most violations that are told one by one.
const TOLD: usize = 20;

#[tokio::test]
async fn protovalidate_says_the_same() {
    let Some(python) = Python::find(TEST) else {
        return;
    };
    let mut random = StdRng::seed_from_u64(seed::get("contract"));
    let mut messages = Vec::new();
    for name in messages_with_rules() {
        let message = pavane::descriptor_pool().get_message_by_name(name);
        let message = message.expect("what has rules is in the contract");
        messages.push((*name, broken::sound(&message).encode_to_vec()));
        let all = broken::all(&message);
        messages.extend(all.iter().map(|broken| (*name, broken.encoded())));
        let some = (0..MESSAGES).map(|_| broken::random(&message, &mut random));
        messages.extend(some.map(|random| (*name, random.encode_to_vec())));
    }
    let lines = messages.iter().map(|(name, encoded)| {
        let encoded = STANDARD.encode(encoded);
        format!("{name} {encoded}\n")
    });

    let judged = piped(
        python.command("tests/interop/contract/judge.py"),
        lines.collect(),
    )
    .await;

    let (mut sound, mut unsound) = (0, 0);
    assert_eq!(judged.lines().count(), messages.len());
    for ((name, encoded), theirs) in messages.iter().zip(judged.lines()) {
        let ours = violations(name, encoded).expect("it was a message");
        let mut ours: Vec<_> = ours.iter().map(|(path, _)| path.to_owned()).collect();
        ours.sort_unstable();
        let theirs: Vec<String> = serde_json::from_str(theirs).expect("a list of paths");
        let shown = STANDARD.encode(encoded);
        if ours.len() < TOLD {
            assert_eq!(ours, theirs, "{name} {shown}");
        } else {
            assert!(theirs.len() >= TOLD, "{name} {shown}");
        }
        match theirs.is_empty() {
            true => sound += 1,
            false => unsound += 1,
        }
    }
    assert!(sound > 100 && unsound > 100, "{sound} sound, {unsound} not");
}

//! The seed of a random test: drawn, printed, and taken from `PAVANE_SEED` to replay.

/// The seed to use. Tells on stderr how to replay the test with it.
pub fn get(test: &str) -> u64 {
    let seed = match std::env::var("PAVANE_SEED") {
        Ok(text) => text.parse().expect("PAVANE_SEED is a whole number"),
        Err(_) => rand::random_range(1..1_000_000),
    };
    crate::process::tell(&format!(
        "seed {seed}; replay: PAVANE_SEED={seed} cargo test -p pavane-tests --test {test}"
    ));
    seed
}

//! A closed loop of callers, and what it measured.

use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tonic::Status;

/// What one round measured.
#[derive(Clone, Debug, Default)]
pub(super) struct Round {
    pub(super) per_second: f64,
    pub(super) p50: Duration,
    pub(super) p99: Duration,
}

/// Has `in_flight` callers call one after another for as long as `length`. The first failure ends
/// the round.
pub(super) async fn run<C, F>(in_flight: u16, length: Duration, call: C) -> Result<Round, Status>
where
    C: Fn() -> F + Clone + Send + 'static,
    F: Future<Output = Result<(), Status>> + Send,
{
    let begin = Instant::now();
    let mut callers = JoinSet::new();
    for _ in 0..in_flight {
        let call = call.clone();
        callers.spawn(async move {
            let mut latencies = Vec::new();
            while begin.elapsed() < length {
                let sent = Instant::now();
                call().await?;
                latencies.push(sent.elapsed());
            }
            Ok::<_, Status>(latencies)
        });
    }
    let mut latencies = Vec::new();
    for caller in callers.join_all().await {
        latencies.extend(caller?);
    }
    let elapsed = begin.elapsed();
    latencies.sort_unstable();
    Ok(Round {
        per_second: latencies.len() as f64 / elapsed.as_secs_f64(),
        p50: percentile(&latencies, 50),
        p99: percentile(&latencies, 99),
    })
}

/// The median of several rounds, figure by figure.
pub(super) fn median(rounds: &[Round]) -> Round {
    fn middle<T: Clone + Default>(
        mut values: Vec<T>,
        less: impl Fn(&T, &T) -> std::cmp::Ordering,
    ) -> T {
        values.sort_by(less);
        values.get(values.len() / 2).cloned().unwrap_or_default()
    }
    Round {
        per_second: middle(
            rounds.iter().map(|round| round.per_second).collect(),
            f64::total_cmp,
        ),
        p50: middle(
            rounds.iter().map(|round| round.p50).collect(),
            Duration::cmp,
        ),
        p99: middle(
            rounds.iter().map(|round| round.p99).collect(),
            Duration::cmp,
        ),
    }
}

fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let last = sorted.len().saturating_sub(1);
    sorted
        .get(last * percent / 100)
        .copied()
        .unwrap_or_default()
}

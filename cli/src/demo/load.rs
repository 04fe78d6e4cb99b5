//! Places orders through the front door, so many at a time, and takes the time of each.

use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use pavane::shop::order::v1::order_service_client::OrderServiceClient;
use pavane::shop::order::v1::{PlaceOrderRequest, PlaceOrderResponse};
use tonic::metadata::MetadataValue;
use tonic::{Code, Request, Status};

use crate::connection::Connection;

/// Longest wait for the outcome of one order.
const TIMEOUT: Duration = Duration::from_secs(60);

/// What became of one call.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) order_id: String,
    pub(crate) latency: Duration,
    pub(crate) result: Result<PlaceOrderResponse, Status>,
}

impl Answer {
    /// Whether it was success; `None` if the caller cannot know.
    pub(crate) fn outcome(&self) -> Option<bool> {
        match &self.result {
            Ok(_) => Some(true),
            Err(status) => match status.code() {
                Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled | Code::Unknown => {
                    None
                }
                _ => Some(false),
            },
        }
    }
}

/// All answers of a run.
#[derive(Debug)]
pub(crate) struct Answers {
    pub(crate) answers: Vec<Answer>,
    pub(crate) elapsed: Duration,
}

impl Answers {
    /// Orders answered a second.
    pub(crate) fn throughput(&self) -> f64 {
        let seconds = self.elapsed.as_secs_f64();
        if seconds > 0.0 {
            self.answers.len() as f64 / seconds
        } else {
            0.0
        }
    }

    /// The latency that so many percent of the answers did not exceed; zero without answers.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let mut latencies: Vec<_> = self.answers.iter().map(|answer| answer.latency).collect();
        latencies.sort();
        let rank = (latencies.len() * percent).div_ceil(100).max(1);
        latencies.get(rank - 1).copied().unwrap_or_default()
    }
}

/// Places the orders, to be run in this mode, `concurrency` at a time. An order's id is its execution's too, so that a
/// repetition would place it once.
pub(crate) async fn place(
    front_door: &Connection,
    orders: Vec<PlaceOrderRequest>,
    mode: &'static str,
    concurrency: usize,
    progress: &ProgressBar,
) -> Answers {
    let client = OrderServiceClient::new(front_door.channel());
    let begin = Instant::now();
    let answers = stream::iter(orders).map(|order| {
        let mut client = client.clone();
        async move {
            let order_id = order.order_id.clone();
            let mut request = Request::new(order);
            let execution = MetadataValue::try_from(&order_id).expect("our ids are ASCII");
            request
                .metadata_mut()
                .insert(pavane::metadata::EXECUTION_ID, execution);
            let mode = MetadataValue::from_static(mode);
            request.metadata_mut().insert(pavane::metadata::MODE, mode);
            request.set_timeout(TIMEOUT);
            let begin = Instant::now();
            let result = client
                .place_order(request)
                .await
                .map(tonic::Response::into_inner);
            Answer {
                order_id,
                latency: begin.elapsed(),
                result,
            }
        }
    });
    let answers = answers
        .buffer_unordered(concurrency)
        .inspect(|_| progress.inc(1));
    let answers = answers.collect().await;
    Answers {
        answers,
        elapsed: begin.elapsed(),
    }
}

/// A bar on stderr, if that is a terminal and somebody is to see it.
pub(crate) fn progress(mode: &'static str, orders: usize, shown: bool) -> ProgressBar {
    let target = if shown {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let style = ProgressStyle::with_template(
        "{prefix}  [{bar:42}] {human_pos}/{human_len} orders   {rate}",
    );
    let rate = |state: &ProgressState, text: &mut dyn std::fmt::Write| {
        // Without a rate the bar is still of use.
        let _ = write!(text, "{:.0}/s", state.per_sec());
    };
    let style = style
        .expect("the template is sound")
        .with_key("rate", rate)
        .progress_chars("=> ");
    ProgressBar::with_draw_target(Some(orders as u64), target)
        .with_style(style)
        .with_prefix(mode)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(latencies: impl IntoIterator<Item = u64>) -> Answers {
        let answer = |millis| Answer {
            order_id: String::new(),
            latency: Duration::from_millis(millis),
            result: Err(Status::aborted("")),
        };
        let answers = latencies.into_iter().map(answer).collect();
        Answers {
            answers,
            elapsed: Duration::from_secs(2),
        }
    }

    #[test]
    fn a_percentile_is_a_latency_that_was_measured() {
        let hundred = answers((1..=100).rev());
        assert_eq!(hundred.percentile(50), Duration::from_millis(50));
        assert_eq!(hundred.percentile(99), Duration::from_millis(99));
        assert_eq!(answers([7]).percentile(50), Duration::from_millis(7));
        assert_eq!(answers([]).percentile(99), Duration::ZERO);
        assert_eq!(hundred.throughput(), 50.0);
    }
}

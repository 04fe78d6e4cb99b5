//! When a target is left alone for a while: a circuit breaker as a value, which is given the time and
//! what became of calls, and says whether another one may be made.
//!
//! Closed, it lets all calls through. After so many failures in a row it opens: nothing is sent for a
//! pause. Then one call tries; each that goes well makes room for one more, until all may go again,
//! and the first that fails opens it anew, for twice as long. Calls that were under way at the same
//! time and fail together tell of one cause, and count as one failure.

use std::time::{Duration, Instant};

/// When a target is left alone, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BreakerOptions {
    /// Failures in a row after which nothing is sent for a while; 0: never. Default: 5.
    pub failures: u32,
    /// How long nothing is sent at first; then each time twice as long. Default: 500 ms.
    pub pause: Duration,
    /// Longest time that nothing is sent. Default: 10 s.
    pub max_pause: Duration,
}

impl Default for BreakerOptions {
    fn default() -> Self {
        Self {
            failures: 5,
            pause: Duration::from_millis(500),
            max_pause: Duration::from_secs(10),
        }
    }
}

/// Calls that are to go well at a time before all may go again, if the target takes as many.
const FULL: usize = 64;

/// Whether a target may be called.
#[derive(Debug)]
pub(crate) struct Breaker {
    options: BreakerOptions,
    state: State,
    /// How many calls go well at a time before it is closed.
    full: usize,
    /// Changes with each failure that counts: what was under way by then does not count again.
    era: u64,
}

/// How a breaker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// All calls go.
    Closed {
        /// How many have failed in a row.
        failures: u32,
    },
    /// No call goes.
    Open {
        /// When one may try.
        until: Instant,
        pause: Duration,
    },
    /// A few calls try.
    Trying {
        /// How many may be under way.
        room: usize,
        under_way: usize,
        /// When the last of them began.
        last: Instant,
        pause: Duration,
    },
}

/// A call that may be made. It is to be [told](Breaker::tell) what became of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Admitted {
    era: u64,
}

/// What a call says of its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    /// It is there.
    Life,
    /// It is not.
    Failure,
    /// Nothing either way: the time was over, or the caller went away.
    None,
}

impl Breaker {
    /// `calls`: how many the target takes at a time.
    pub(crate) fn new(options: BreakerOptions, calls: usize) -> Self {
        Self {
            options,
            state: State::Closed { failures: 0 },
            full: calls.min(FULL),
            era: 0,
        }
    }

    pub(crate) fn state(&self) -> State {
        self.state
    }

    /// Whether a call may be made now. If not: when it makes sense to ask again.
    pub(crate) fn admit(&mut self, now: Instant) -> Result<Admitted, Instant> {
        match &mut self.state {
            State::Closed { .. } => {}
            State::Open { until, .. } if now < *until => return Err(*until),
            State::Open { pause, .. } => {
                self.state = State::Trying {
                    room: 1,
                    under_way: 1,
                    last: now,
                    pause: *pause,
                };
            }
            State::Trying {
                room,
                under_way,
                last,
                pause,
            } => {
                // One that takes long must not keep all others from trying.
                if *under_way >= *room && now < *last + *pause {
                    return Err(now + self.options.pause);
                }
                *under_way += 1;
                *last = now;
            }
        }
        Ok(Admitted { era: self.era })
    }

    /// Takes in what became of a call.
    pub(crate) fn tell(&mut self, now: Instant, admitted: Admitted, sign: Sign) {
        let of_this_era = admitted.era == self.era;
        match (&mut self.state, sign) {
            // Whenever it was made: the target is there.
            (State::Closed { failures }, Sign::Life) => *failures = 0,
            (State::Closed { failures }, Sign::Failure) if of_this_era => {
                *failures += 1;
                self.era += 1;
                if *failures == self.options.failures {
                    self.open(now, self.options.pause);
                }
            }
            (State::Trying { pause, .. }, Sign::Failure) if of_this_era => {
                let pause = pause.saturating_mul(2).min(self.options.max_pause);
                self.open(now, pause);
            }
            (
                State::Trying {
                    room, under_way, ..
                },
                sign,
            ) if of_this_era => {
                *under_way = under_way.saturating_sub(1);
                *room += usize::from(sign == Sign::Life);
                if *room > self.full {
                    self.state = State::Closed { failures: 0 };
                }
            }
            (State::Closed { .. } | State::Open { .. } | State::Trying { .. }, _) => {}
        }
    }

    fn open(&mut self, now: Instant, pause: Duration) {
        self.era += 1;
        let until = now + pause;
        self.state = State::Open { until, pause };
    }
}

#[cfg(test)]
mod tests;

//! When calls that were held back are to come again: one after the other, so that they are no crowd.

use std::time::{Duration, Instant};

/// Longest way into the future for which places are given; then they are given anew.
const HORIZON: Duration = Duration::from_secs(60);

/// Gives each who is sent away a time of its own to come back.
#[derive(Debug)]
pub(crate) struct Pacer {
    step: Duration,
    next: Option<Instant>,
}

impl Pacer {
    /// `rate`: how many are to come back in a second, at most.
    pub(crate) fn new(rate: usize) -> Self {
        let rate = u32::try_from(rate).unwrap_or(u32::MAX).max(1);
        Self {
            step: Duration::from_secs(1) / rate,
            next: None,
        }
    }

    /// The next time that is not before `earliest`.
    pub(crate) fn place(&mut self, earliest: Instant) -> Instant {
        let place = self.next.map_or(earliest, |next| next.max(earliest));
        let place = if place > earliest + HORIZON {
            earliest
        } else {
            place
        };
        self.next = Some(place + self.step);
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_are_sent_away_come_back_one_after_the_other() {
        let mut pacer = Pacer::new(10);
        let now = Instant::now();
        let after = |place: Instant| place.duration_since(now).as_millis();
        let second = now + Duration::from_secs(1);
        assert_eq!(after(pacer.place(second)), 1_000);
        assert_eq!(after(pacer.place(second)), 1_100);
        assert_eq!(
            after(pacer.place(now)),
            1_200,
            "the places are taken in turn"
        );
        let later = now + Duration::from_secs(5);
        assert_eq!(after(pacer.place(later)), 5_000);
    }

    #[test]
    fn no_place_is_further_away_than_a_minute() {
        let mut pacer = Pacer::new(1);
        let now = Instant::now();
        let furthest = (0..1_000).map(|_| pacer.place(now)).max();
        let furthest = furthest.expect("there are some").duration_since(now);
        assert_eq!(furthest, HORIZON);
    }
}

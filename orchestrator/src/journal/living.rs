//! What the index of living executions says of each: where it starts, and whether it rests. So a
//! start of the process need not read the events of those that wait for a time.

use pavane_feed::Sequence;
use pavane_flow::Timestamp;

use crate::Error;

/// How an execution lives that has not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Living {
    /// Where it starts in the journal.
    pub(crate) start: Sequence,
    /// `None`: there may be something to do.
    pub(crate) resting: Option<Resting>,
}

/// That nothing happens to an execution by itself before a time comes, an event, or an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Resting {
    /// When it is to be woken. `None`: time alone does not wake it.
    pub(crate) until: Option<Timestamp>,
    /// Whether it awaits an event, so that someone has to look out for that.
    pub(crate) awaits_event: bool,
}

/// Where time alone does not wake it.
const NEVER: i64 = i64::MAX;

impl Living {
    /// The start as 8 bytes; if it rests, 8 bytes of nanoseconds since the epoch, the greatest number
    /// for never, and a byte that is 1 if it awaits an event. Numbers with the highest byte first.
    pub(super) fn encode(self) -> Vec<u8> {
        let mut bytes = self.start.get().to_be_bytes().to_vec();
        if let Some(resting) = self.resting {
            let until = resting.until.map_or(NEVER, Timestamp::as_nanos);
            bytes.extend(until.to_be_bytes());
            bytes.push(resting.awaits_event.into());
        }
        bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let wrong = || {
            let found = bytes.len();
            Error::CorruptJournal(format!(
                "an entry of a living execution has {found} bytes, expected 8 or 17"
            ))
        };
        let (start, rest) = bytes.split_first_chunk().ok_or_else(wrong)?;
        let resting = match rest.split_first_chunk() {
            None if rest.is_empty() => None,
            Some((until, &[awaits_event])) => {
                let until = i64::from_be_bytes(*until);
                Some(Resting {
                    until: (until != NEVER).then(|| Timestamp::from_nanos(until)),
                    awaits_event: awaits_event != 0,
                })
            }
            None | Some(_) => return Err(wrong()),
        };
        Ok(Self {
            start: Sequence::new(u64::from_be_bytes(*start)),
            resting,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_an_execution_lives_is_read_as_it_was_written() {
        let resting = |until: Option<i64>, awaits_event| Resting {
            until: until.map(Timestamp::from_nanos),
            awaits_event,
        };
        let all = [
            None,
            Some(resting(None, true)),
            Some(resting(Some(-7), false)),
            Some(resting(Some(1_790_000_000_000_000_000), true)),
        ];
        for resting in all {
            let start = Sequence::new(4_711);
            let living = Living { start, resting };
            assert_eq!(Living::decode(&living.encode()).unwrap(), living);
        }
        for length in [0, 7, 9, 16, 18] {
            let error = Living::decode(&vec![0; length]).unwrap_err().to_string();
            assert!(error.contains(&format!("has {length} bytes")), "{error}");
        }
    }
}

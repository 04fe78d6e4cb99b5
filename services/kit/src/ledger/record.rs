//! What is remembered of one idempotency key, and what to do with a call that brings it. Pure: it
//! decides, the ledger performs; it must never answer a call twice from two effects.

use bytes::Bytes;
use prost_types::Timestamp;

use crate::call::{Call, Role};

/// All that is known of a key.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Record {
    /// Forward calls that arrived.
    #[prost(uint32, tag = "1")]
    pub(crate) calls: u32,
    /// Compensations that arrived.
    #[prost(uint32, tag = "2")]
    pub(crate) compensations: u32,
    /// Forward calls that were performed: 0 or 1.
    #[prost(uint32, tag = "3")]
    pub(crate) effects: u32,
    /// The forward call that was performed.
    #[prost(message, optional, tag = "4")]
    pub(crate) forward: Option<Performed>,
    /// The compensation that was answered: performed, or nothing to undo.
    #[prost(message, optional, tag = "5")]
    pub(crate) compensation: Option<Performed>,
    /// When a forward call last arrived.
    #[prost(message, optional, tag = "6")]
    pub(crate) last_call_time: Option<Timestamp>,
}

/// A call that was performed, and its answer.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Performed {
    /// `package.Service/Method`.
    #[prost(string, tag = "1")]
    pub(crate) method: String,
    /// Of the request; empty if it was not fingerprinted.
    #[prost(bytes = "bytes", tag = "2")]
    pub(crate) fingerprint: Bytes,
    /// The encoded response.
    #[prost(bytes = "bytes", tag = "3")]
    pub(crate) response: Bytes,
    /// Whether the event of the choreography's step that it was is in the feed.
    #[prost(bool, tag = "4")]
    pub(crate) announced: bool,
}

/// What to do with a call.
#[derive(Debug, PartialEq)]
pub(crate) enum Decision {
    /// Run the handler and remember its response.
    Perform,
    /// Run nothing, answer with this.
    Repeat(Bytes),
    /// Run nothing, remember the tombstone, answer that there was nothing to undo.
    Bury,
    /// Refuse: the compensation came first, or has been performed since.
    Compensated,
    /// Refuse: the key belongs to another call.
    Reused {
        /// The method that was called with this key before.
        method: String,
    },
}

impl Record {
    /// Counts a call that arrived.
    pub(crate) fn count(&mut self, call: &Call, now: Timestamp) {
        match call.role() {
            Role::Forward => {
                self.calls = self.calls.saturating_add(1);
                self.last_call_time = Some(now);
            }
            Role::Compensation => self.compensations = self.compensations.saturating_add(1),
        }
    }

    /// What to do with a call that arrived. Changes nothing.
    pub(crate) fn decide(&self, call: &Call) -> Decision {
        let before = match call.role() {
            Role::Forward => &self.forward,
            Role::Compensation => &self.compensation,
        };
        match before {
            Some(before) if !before.is_same_call(call) => Decision::Reused {
                method: before.method.clone(),
            },
            // A success repeated after the undoing would tell of an effect that no longer stands.
            _ if call.role() == Role::Forward && self.compensation.is_some() => {
                Decision::Compensated
            }
            Some(before) => Decision::Repeat(before.response.clone()),
            None if call.role() == Role::Forward || self.forward.is_some() => Decision::Perform,
            None => Decision::Bury,
        }
    }

    /// Remembers the answer of a call that was performed, or that had nothing to undo.
    pub(crate) fn answer(&mut self, call: &Call, response: Bytes) {
        let performed = Performed {
            method: call.method().to_owned(),
            fingerprint: Bytes::copy_from_slice(call.fingerprint()),
            response,
            announced: false,
        };
        match call.role() {
            Role::Forward => {
                self.effects = self.effects.saturating_add(1);
                self.forward = Some(performed);
            }
            Role::Compensation => self.compensation = Some(performed),
        }
    }

    /// What was performed in the call's role.
    pub(crate) fn performed_mut(&mut self, call: &Call) -> Option<&mut Performed> {
        match call.role() {
            Role::Forward => self.forward.as_mut(),
            Role::Compensation => self.compensation.as_mut(),
        }
    }

    /// Whether the compensation came first, so that the forward call is refused for ever.
    pub(crate) fn is_tombstone(&self) -> bool {
        self.compensation.is_some() && self.forward.is_none()
    }
}

impl Performed {
    fn is_same_call(&self, call: &Call) -> bool {
        let fingerprint = call.fingerprint();
        let comparable = !self.fingerprint.is_empty() && !fingerprint.is_empty();
        self.method == call.method() && (!comparable || self.fingerprint == fingerprint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tonic::metadata::MetadataMap;

    fn call(role: Role, method: &'static str) -> Call {
        let mut metadata = MetadataMap::new();
        metadata.insert("idempotency-key", "x/y".parse().unwrap());
        if role == Role::Compensation {
            metadata.insert("idempotency-compensation", "true".parse().unwrap());
        }
        Call::without_fingerprint(method, &metadata).unwrap()
    }

    proptest! {
        /// Whatever comes, in whatever order, and whether or not handlers succeed.
        #[test]
        fn a_key_has_at_most_one_effect_and_at_most_one_undoing(
            arrivals in prop::collection::vec((any::<bool>(), any::<bool>()), 0..20),
        ) {
            let mut record = Record::default();
            let (mut effects, mut undone, mut closed) = (0, 0, false);
            for (forward, succeeds) in arrivals {
                let role = if forward { Role::Forward } else { Role::Compensation };
                let call = call(role, "s/m");
                record.count(&call, Timestamp::default());
                match (record.decide(&call), forward) {
                    (Decision::Perform, true) => {
                        prop_assert!(!closed, "performed after a compensation");
                        if succeeds {
                            effects += 1;
                            record.answer(&call, Bytes::from_static(b"done"));
                        }
                    }
                    (Decision::Perform, false) => {
                        prop_assert_eq!(effects, 1, "undid what was never done");
                        if succeeds {
                            (undone, closed) = (undone + 1, true);
                            record.answer(&call, Bytes::from_static(b"undone"));
                        }
                    }
                    (Decision::Bury, false) => {
                        prop_assert_eq!(effects, 0, "buried an effect");
                        closed = true;
                        record.answer(&call, Bytes::new());
                    }
                    (Decision::Repeat(_), _) => {}
                    (Decision::Compensated, true) => prop_assert!(closed),
                    (decision, _) => prop_assert!(false, "unexpected {:?}", decision),
                }
            }
            prop_assert!(effects <= 1 && undone <= effects);
            prop_assert_eq!(record.effects, effects);
            prop_assert_eq!(record.is_tombstone(), closed && effects == 0);
        }
    }

    #[test]
    fn a_key_belongs_to_one_method() {
        let mut record = Record::default();
        record.answer(&call(Role::Forward, "s/m"), Bytes::new());
        let decision = record.decide(&call(Role::Forward, "s/other"));
        assert_eq!(
            decision,
            Decision::Reused {
                method: "s/m".to_owned()
            }
        );
        // Its compensation is another method by nature.
        assert_eq!(
            record.decide(&call(Role::Compensation, "s/undo")),
            Decision::Perform
        );
    }
}

//! When a record was appended to its partition, and by whose clock.

use jiff::Timestamp;

/// The time when a record was appended. If the broker supplies it, no local clock is involved, so that reading the
/// record again leads to the same decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// The time by the broker's clock: the topic has `message.timestamp.type=LogAppendTime`.
    ByBroker(Timestamp),
    /// The time by its producer's clock, which may be wrong (`CreateTime`).
    ByProducer {
        /// The time that the producer claims.
        claim: Timestamp,
        /// When the record was read, by the reader's clock.
        read_at: Timestamp,
    },
}

impl Appended {
    /// Returns the append time of the record of an event with this time, as far as it is credible. A producer's claim
    /// is limited to a plausible range: a record can't be appended before its event happens or after it is read.
    pub fn of(self, event: Option<Timestamp>) -> Timestamp {
        match self {
            Self::ByBroker(appended) => appended,
            Self::ByProducer { claim, read_at } => event.map_or(claim, |event| event.max(claim)).min(read_at),
        }
    }
}

impl From<Timestamp> for Appended {
    fn from(appended: Timestamp) -> Self {
        Self::ByBroker(appended)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_held_between_the_event_and_the_reading() {
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        let of =
            |event: Option<i64>, claim| Appended::ByProducer { claim: at(claim), read_at: at(100) }.of(event.map(at));
        assert_eq!(of(Some(90), 95), at(95));
        assert_eq!(of(Some(90), 5), at(90), "a clock that was never set");
        assert_eq!(of(Some(90), 7_300), at(100), "a clock that is fast");
        assert_eq!(of(Some(7_300), 7_300), at(100));
        assert_eq!(of(None, 95), at(95));
        assert_eq!(Appended::from(at(7_300)).of(Some(at(90))), at(7_300));
    }
}

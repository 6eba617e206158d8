//! When a record was appended to its partition, and who says so.

use jiff::Timestamp;

/// When a record was appended. No local clock decides where the broker says it, so that a second reading decides the
/// same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// The broker's clock says so: the topic has `message.timestamp.type=LogAppendTime`.
    ByBroker(Timestamp),
    /// Its producer claims so, by a clock that may be wrong (`CreateTime`).
    ByProducer {
        /// What it claims.
        claim: Timestamp,
        /// When the record was read, by the reader's clock.
        read_at: Timestamp,
    },
}

impl Appended {
    /// The append time of the record of an event of this time, as far as it can be believed. A claim can't be: nothing is
    /// appended before it happens, nor after it is read.
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

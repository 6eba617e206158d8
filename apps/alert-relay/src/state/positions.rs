//! Tracks which offsets of `alerts.fired` are completed and can be committed.
use std::collections::{BTreeMap, btree_map::Entry};

/// Per partition, the next offset to read and the earlier offsets that some receiver has not accepted yet.
#[derive(Debug, Default)]
pub(crate) struct Positions(BTreeMap<i32, Position>);

#[derive(Debug, Default)]
struct Position {
    next: i64,
    open: BTreeMap<i64, usize>,
    committed: Option<i64>,
}

impl Positions {
    /// Restores the offsets that were committed.
    pub(crate) fn restore(&mut self, committed: &BTreeMap<i32, i64>) {
        for (partition, offset) in committed {
            self.0.entry(*partition).or_default().committed = Some(*offset);
        }
    }

    /// Returns whether the record's offset is committed, so an earlier run has delivered it.
    pub(crate) fn is_committed(&self, partition: i32, offset: i64) -> bool {
        self.0.get(&partition).and_then(|position| position.committed).is_some_and(|next| offset < next)
    }

    /// Records that a record was read which `receivers` receivers have to accept.
    pub(crate) fn read(&mut self, partition: i32, offset: i64, receivers: usize) {
        let position = self.0.entry(partition).or_default();
        position.next = position.next.max(offset + 1);
        if receivers > 0 {
            position.open.insert(offset, receivers);
        }
    }

    /// Records that one receiver has completed a record.
    pub(crate) fn done(&mut self, partition: i32, offset: i64) {
        let Some(position) = self.0.get_mut(&partition) else { return };
        if let Entry::Occupied(mut open) = position.open.entry(offset) {
            *open.get_mut() -= 1;
            if *open.get() == 0 {
                open.remove();
            }
        }
    }

    /// Returns the next offset per partition where more can be committed than is committed already.
    pub(crate) fn committable(&self) -> BTreeMap<i32, i64> {
        let next = |position: &Position| position.open.keys().next().copied().unwrap_or(position.next);
        let moved = |(partition, position): (&i32, &Position)| {
            let next = next(position);
            (next > position.committed.unwrap_or(0)).then_some((*partition, next))
        };
        self.0.iter().filter_map(moved).collect()
    }

    /// Records that the broker has committed these offsets.
    pub(crate) fn committed(&mut self, offsets: &BTreeMap<i32, i64>) {
        self.restore(offsets);
    }

    /// Returns the next offset to read per partition.
    pub(crate) fn next(&self) -> BTreeMap<i32, i64> {
        self.0.iter().filter(|(_, position)| position.next > 0).map(|(p, position)| (*p, position.next)).collect()
    }

    /// Returns how many records are still waiting for a receiver.
    pub(crate) fn open(&self) -> usize {
        self.0.values().map(|position| position.open.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_committed_past_a_record_that_a_receiver_has_not_accepted() {
        let mut positions = Positions::default();
        for offset in 0..3 {
            positions.read(0, offset, 2);
        }
        positions.read(1, 7, 0);
        assert_eq!(positions.committable(), BTreeMap::from([(1, 8)]));
        for offset in [0, 2, 2, 0] {
            positions.done(0, offset);
        }
        assert_eq!(positions.committable(), BTreeMap::from([(0, 1), (1, 8)]));
        positions.committed(&positions.committable());
        assert!(positions.committable().is_empty());
        assert!(positions.is_committed(0, 0) && !positions.is_committed(0, 1));
        positions.done(0, 1);
        assert_eq!(positions.open(), 1);
        positions.done(0, 1);
        assert_eq!((positions.committable(), positions.open()), (BTreeMap::from([(0, 3)]), 0));
    }
}

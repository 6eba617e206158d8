//! Offsets without a record: holes, which were never to be read, and losses, which retention took.

use std::collections::BTreeMap;
use std::time::Instant;

use tidewatch_kafka::KafkaError;
use tidewatch_kafka::topics::METRICS_RAW;

use super::Partitions;
use crate::metrics::Metrics;
use crate::owned::Owned;

impl Partitions {
    /// The client says that everything of a partition is read.
    pub(crate) fn reach_end(&mut self, partition: i32, position: Option<i64>, now: Instant) {
        let Some(owned) = self.owned.get_mut(&partition) else { return };
        self.tools.metrics.hole_offsets.inc_by(owned.reach_end(position, now));
    }

    /// What is to be read next of some partition is not there. Counts what retention took, and returns where to read on;
    /// an error says that a partition has to be taken over anew.
    pub(crate) fn go_on_within(&mut self, ends: &BTreeMap<i32, (i64, i64)>) -> Result<Vec<(i32, i64)>, KafkaError> {
        let mut starts = Vec::new();
        for (id, owned) in &mut self.owned {
            let Some(&(low, high)) = ends.get(id) else { continue };
            let position = owned.position();
            if high < position {
                return Err(ends_early(*id, high, position));
            }
            if position < low {
                skip_lost(&self.tools.metrics, owned, low);
                starts.push((*id, low));
            }
        }
        if starts.is_empty() {
            // Which of them stands still, the client doesn't say.
            let running = self.owned.iter().filter(|(_, owned)| !owned.is_paused());
            starts.extend(running.map(|(id, owned)| (*id, owned.position())));
        }
        Ok(starts)
    }
}

/// Goes on at `low`, the oldest offset that is kept: what is before it is gone.
pub(super) fn skip_lost(metrics: &Metrics, owned: &mut Owned, low: i64) {
    let (partition, position) = (owned.detector().number(), owned.position());
    // The others had been read once and were only to be read again.
    let unread = owned.skip_lost(low);
    metrics.gap_records.inc_by(unread);
    tracing::error!(partition, position, low, unread, "records are missing: retention has deleted them");
}

/// The input ends before what was read of it.
pub(super) fn ends_early(partition: i32, high: i64, position: i64) -> KafkaError {
    KafkaError::Topic {
        topic: METRICS_RAW.name.to_owned(),
        problem: format!("partition {partition} ends at {high}, but was read up to {position}"),
    }
}

//! Offsets without a record: holes, which never held a readable record, and losses, which retention deleted.

use std::collections::BTreeMap;
use std::time::Instant;

use tidewatch_kafka::KafkaError;
use tidewatch_kafka::topics::METRICS_RAW;

use super::Partitions;
use crate::metrics::Metrics;
use crate::owned::Owned;

impl Partitions {
    /// Handles the client's report that everything in a partition was read.
    pub(crate) fn reach_end(&mut self, partition: i32, position: Option<i64>, now: Instant) {
        let Some(owned) = self.owned.get_mut(&partition) else { return };
        self.tools.metrics.hole_offsets.inc_by(owned.reach_end(position, now));
    }

    /// Handles a partition whose next offset doesn't exist. Counts the records that retention deleted, and returns
    /// where to continue reading. Returns an error if a partition has to be taken over again.
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
            // The client doesn't report which partition is stuck.
            let running = self.owned.iter().filter(|(_, owned)| !owned.is_paused());
            starts.extend(running.map(|(id, owned)| (*id, owned.position())));
        }
        Ok(starts)
    }
}

/// Continues at `low`, the oldest offset that still exists.
pub(super) fn skip_lost(metrics: &Metrics, owned: &mut Owned, low: i64) {
    let (partition, position) = (owned.detector().number(), owned.position());
    // The other deleted records had already been read once, and were only to be replayed.
    let unread = owned.skip_lost(low);
    metrics.gap_records.inc_by(unread);
    tracing::error!(
        partition,
        position,
        low,
        unread,
        "records are missing: retention deleted them before they were read"
    );
}

/// Returns the error for an input that ends before the position already read.
pub(super) fn ends_early(partition: i32, high: i64, position: i64) -> KafkaError {
    KafkaError::Topic {
        topic: METRICS_RAW.name.to_owned(),
        problem: format!("partition {partition} ends at {high}, but was read up to {position}"),
    }
}

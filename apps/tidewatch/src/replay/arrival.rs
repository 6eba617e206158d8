//! The outcome of the replayed events in a running stream-processor, according to its own counts.

use std::collections::BTreeMap;
use std::time::Duration;

use tidewatch_client::{HttpUrl, Processor};
use tidewatch_contract::http::processor::PartitionStatus;
use tokio::time::Instant;

use crate::http;

/// Time limit for the processor to read the last event.
const LIMIT: Duration = Duration::from_secs(15);
const POLL: Duration = Duration::from_millis(250);

/// The counts of the processor before the replay.
pub(super) struct Arrival {
    processor: Option<Processor>,
    before: BTreeMap<i32, PartitionStatus>,
}

/// The processor's counts for the partitions that were written to, since the replay started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    /// Whether the processor has read the last replayed event.
    pub all: bool,
    /// Events too old for the windows that were still open.
    pub late: u64,
    /// Events that became dead letters.
    pub dead_lettered: u64,
}

impl Arrival {
    /// Records the counts of the processor at this admin URL, if one is running there.
    pub(super) async fn watch(processor: Option<HttpUrl>) -> Self {
        let processor = processor.and_then(|url| Processor::new(url, http::LIMIT).ok());
        let mut arrival = Self { processor, before: BTreeMap::new() };
        arrival.before = arrival.now().await.unwrap_or_default();
        arrival
    }

    /// Waits until the processor has read up to these offsets, and returns what it has counted on their partitions
    /// since [`watch`](Self::watch). `None` if no processor responds.
    pub(super) async fn of(&self, last_offsets: &BTreeMap<i32, i64>) -> Option<Seen> {
        let deadline = Instant::now() + LIMIT;
        loop {
            let seen = seen(&self.before, &self.now().await?, last_offsets);
            if seen.all || Instant::now() > deadline {
                return Some(seen);
            }
            tokio::time::sleep(POLL).await;
        }
    }

    async fn now(&self) -> Option<BTreeMap<i32, PartitionStatus>> {
        let status = self.processor.as_ref()?.status().await.ok()?;
        Some(status.partitions.into_iter().map(|partition| (partition.partition, partition)).collect())
    }
}

fn seen(
    before: &BTreeMap<i32, PartitionStatus>,
    now: &BTreeMap<i32, PartitionStatus>,
    last_offsets: &BTreeMap<i32, i64>,
) -> Seen {
    let mut seen = Seen { all: true, late: 0, dead_lettered: 0 };
    for (number, last) in last_offsets {
        let Some(partition) = now.get(number) else {
            seen.all = false;
            continue;
        };
        let (late, dead_lettered) = before.get(number).map_or((0, 0), |then| (then.late, then.dead_lettered));
        seen.all &= partition.position > *last;
        seen.late += partition.late.saturating_sub(late);
        seen.dead_lettered += partition.dead_lettered.saturating_sub(dead_lettered);
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partitions(all: &[(i32, i64, u64, u64)]) -> BTreeMap<i32, PartitionStatus> {
        let of = |&(partition, position, late, dead_lettered)| PartitionStatus {
            partition,
            position,
            late,
            dead_lettered,
            ..PartitionStatus::default()
        };
        all.iter().map(|row| (row.0, of(row))).collect()
    }

    #[test]
    fn only_new_records_of_written_partitions_count() {
        let before = partitions(&[(0, 10, 5, 1), (1, 10, 7, 0)]);
        let now = partitions(&[(0, 20, 8, 1), (1, 30, 99, 9), (2, 3, 2, 0)]);
        let last = BTreeMap::from([(0, 19), (2, 2)]);
        assert_eq!(seen(&before, &now, &last), Seen { all: true, late: 5, dead_lettered: 0 });
    }

    #[test]
    fn an_unread_offset_or_an_unowned_partition_is_not_complete() {
        let now = partitions(&[(0, 19, 0, 0)]);
        assert!(!seen(&BTreeMap::new(), &now, &BTreeMap::from([(0, 19)])).all);
        assert!(!seen(&BTreeMap::new(), &now, &BTreeMap::from([(3, 1)])).all);
    }
}

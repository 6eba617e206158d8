//! What a running stream-processor made of the replayed events, by its own counts.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use tokio::time::Instant;

use crate::http;

/// How long the processor may take to read the last event.
const LIMIT: Duration = Duration::from_secs(15);
const POLL: Duration = Duration::from_millis(250);

/// A look at the processor before the replay.
pub(super) struct Arrival {
    client: Option<(reqwest::Client, String)>,
    before: BTreeMap<i32, Partition>,
}

/// What became of the partitions that were written to, while they were.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    /// Whether the processor has read the last replayed event.
    pub all: bool,
    /// Events older than what was judged already.
    pub late: u64,
    /// Events that could not be judged.
    pub dead_lettered: u64,
}

#[derive(Deserialize)]
struct Status {
    partitions: Vec<Partition>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
struct Partition {
    partition: i32,
    position: i64,
    late: u64,
    dead_lettered: u64,
}

impl Arrival {
    /// Notes the processor's counts, if one runs at this admin URL.
    pub(super) async fn watch(processor: Option<&str>) -> Self {
        let client = processor.and_then(|url| Some((http::client().ok()?, format!("{url}/status"))));
        let mut arrival = Self { client, before: BTreeMap::new() };
        arrival.before = arrival.now().await.unwrap_or_default();
        arrival
    }

    /// Waits until the processor has read up to these offsets, and gives what it counted on their partitions since.
    /// `None` where no processor answers.
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

    async fn now(&self) -> Option<BTreeMap<i32, Partition>> {
        let (client, url) = self.client.as_ref()?;
        let status: Status = http::get(client, "stream-processor", url).await.ok()?;
        Some(status.partitions.into_iter().map(|partition| (partition.partition, partition)).collect())
    }
}

fn seen(before: &BTreeMap<i32, Partition>, now: &BTreeMap<i32, Partition>, last_offsets: &BTreeMap<i32, i64>) -> Seen {
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

    fn partitions(all: &[(i32, i64, u64, u64)]) -> BTreeMap<i32, Partition> {
        let of = |&(partition, position, late, dead_lettered)| Partition { partition, position, late, dead_lettered };
        all.iter().map(|row| (row.0, of(row))).collect()
    }

    #[test]
    fn only_partitions_that_were_written_to_count_and_only_what_is_new() {
        let before = partitions(&[(0, 10, 5, 1), (1, 10, 7, 0)]);
        let now = partitions(&[(0, 20, 8, 1), (1, 30, 99, 9), (2, 3, 2, 0)]);
        let last = BTreeMap::from([(0, 19), (2, 2)]);
        assert_eq!(seen(&before, &now, &last), Seen { all: true, late: 5, dead_lettered: 0 });
    }

    #[test]
    fn an_offset_not_yet_read_or_a_partition_nobody_owns_is_not_all() {
        let now = partitions(&[(0, 19, 0, 0)]);
        assert!(!seen(&BTreeMap::new(), &now, &BTreeMap::from([(0, 19)])).all);
        assert!(!seen(&BTreeMap::new(), &now, &BTreeMap::from([(3, 1)])).all);
    }
}

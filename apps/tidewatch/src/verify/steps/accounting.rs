//! Nothing is lost: every event that the simulator produced is acknowledged and in the topic, and every offset of the
//! topic that was read is in a window, late, a dead letter or a hole.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tidewatch_contract::http::processor::{PartitionStatus, STATUS};

use super::super::outcome::{Failure, Note, Verdict};
use super::super::stack::{Counts, Stack};
use super::{every, some};

/// Short enough to meet moments at which nothing is in flight.
const POLL: Duration = Duration::from_millis(50);

/// Repeats until the counts were equal at least once for each service and each partition, since events in flight are
/// only in one of the two counts.
pub(in super::super) async fn check(stack: Arc<Stack>, note: Note) -> Verdict {
    let expected = "position - start = windowed + late + dead letters + holes in every partition, at lag 0; produced = \
                    acknowledged = what the topic grew by";
    let mut open: Option<BTreeMap<String, String>> = None;
    every(POLL, &note, async || {
        let wrong = |seen: String| Failure::new(expected, seen, stack.curl("processor", STATUS));
        let asked = async { anyhow::Ok((stack.counts_at_first().await?, stack.counts().await?)) };
        let (first, now) = asked.await.map_err(|error| wrong(format!("{error:#}")))?;
        let mut unequal = judge(first, &now);
        if let Some(open) = &open {
            unequal.retain(|what, _| open.contains_key(what));
        }
        let open = open.insert(unequal);
        if open.is_empty() {
            return Ok(format!("{} events, all accounted for", accounted(&now)));
        }
        Err(wrong(some(&open.iter().map(|(what, why)| format!("{what}: {why}")).collect::<Vec<_>>())))
    })
    .await
}

fn accounted(now: &Counts) -> u64 {
    now.processor.partitions.iter().map(|at| at.windowed + at.late + at.dead_lettered).sum()
}

/// Returns the services and partitions whose counts differ, with the difference, compared with the first counts.
fn judge(first: &Counts, now: &Counts) -> BTreeMap<String, String> {
    let mut unequal = BTreeMap::new();
    let before = |name: &str| first.services.iter().find(|service| service.service == name);
    let (mut produced_before, mut acknowledged) = (0, 0);
    for service in &now.services {
        let (produced, dropped) = before(&service.service).map_or((0, 0), |old| (old.produced, old.dropped));
        produced_before += produced;
        acknowledged += service.acknowledged;
        if service.dropped > dropped {
            unequal.insert(service.service.clone(), format!("{} were dropped", service.dropped - dropped));
        } else if service.produced > service.acknowledged + dropped {
            let text = format!("{} produced, {} acknowledged", service.produced, service.acknowledged);
            unequal.insert(service.service.clone(), text);
        }
    }
    let high = |counts: &Counts| counts.processor.partitions.iter().map(|at| at.high).sum::<i64>();
    let grown = u64::try_from(high(now) - high(first)).unwrap_or_default();
    // Events that were produced before the first look may have been in the topic already.
    let sent = acknowledged.saturating_sub(produced_before);
    if !now.services.is_empty() && grown < sent {
        unequal.insert("metrics.raw".to_owned(), format!("grew by {grown}, but {sent} were acknowledged"));
    }
    for at in &now.processor.partitions {
        let read = u64::try_from(at.position - at.start).unwrap_or_default();
        let why = if at.gap > 0 {
            format!("retention deleted {} before they were read", at.gap)
        } else if read != at.windowed + at.late + at.dead_lettered + at.holes {
            let PartitionStatus { windowed, late, dead_lettered, holes, .. } = at;
            format!("{read} read, {windowed} windowed + {late} late + {dead_lettered} dead letters + {holes} holes")
        } else if at.lag > 0 {
            format!("a lag of {}", at.lag)
        } else {
            continue;
        };
        unequal.insert(format!("partition {}", at.partition), why);
    }
    unequal
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn counts(produced: u64, acknowledged: u64, windowed: u64, high: i64) -> Counts {
        let services = json!([{
            "service": "pay", "regions": ["eu"], "produced": produced, "acknowledged": acknowledged, "dropped": 1,
        }]);
        let processor = json!({
            "partitions": [{
                "partition": 3, "start": 10, "position": high, "high": high, "lag": 0, "watermark": null,
                "windowed": windowed, "late": 2, "dead_lettered": 3,
            }],
            "totals": {"produced": 0, "processed": 0, "dead_lettered": 0, "lag": 0},
            "groups": [],
        });
        Counts {
            services: serde_json::from_value(services).unwrap(),
            processor: serde_json::from_value(processor).unwrap(),
        }
    }

    fn wrong(now: &Counts) -> Vec<String> {
        let first = counts(100, 99, 90, 105);
        judge(&first, now).into_iter().map(|(what, why)| format!("{what}: {why}")).collect()
    }

    #[test]
    fn equal_counts_pass() {
        assert_eq!(wrong(&counts(200, 199, 190, 205)), [""; 0]);
    }

    #[test]
    fn holes_are_accounted_for() {
        let mut now = counts(200, 199, 190, 207);
        assert_eq!(wrong(&now), ["partition 3: 197 read, 190 windowed + 2 late + 3 dead letters + 0 holes"]);
        now.processor.partitions[0].holes = 2;
        assert_eq!(wrong(&now), [""; 0]);
    }

    #[test]
    fn everything_that_is_missing_is_named() {
        assert_eq!(wrong(&counts(200, 198, 190, 205)), ["pay: 200 produced, 198 acknowledged"]);
        assert_eq!(
            wrong(&counts(200, 199, 189, 205)),
            ["partition 3: 195 read, 189 windowed + 2 late + 3 dead letters + 0 holes"]
        );
        assert_eq!(wrong(&counts(200, 199, 180, 195)), ["metrics.raw: grew by 90, but 99 were acknowledged"]);
        let mut now = counts(200, 199, 190, 205);
        now.services[0].dropped = 4;
        now.processor.partitions[0].lag = 7;
        assert_eq!(wrong(&now), ["partition 3: a lag of 7", "pay: 3 were dropped"]);
        now.processor.partitions[0].gap = 5;
        assert_eq!(wrong(&now)[0], "partition 3: retention deleted 5 before they were read");
    }
}

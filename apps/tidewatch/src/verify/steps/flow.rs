//! Events flow: from the simulator through Kafka to the stream-processor, the metrics-bridge and the console.

use std::collections::BTreeMap;
use std::sync::Arc;

use tidewatch_contract::http::{admin, console, processor, simulator};

use super::super::outcome::{Failure, Note, Verdict};
use super::super::stack::Counts;
use super::super::stack::Stack;
use super::until;

/// A smaller lag doesn't count: these are records that were written since the processor asked.
const NO_LAG: u64 = 200;
const BRIDGE_COUNTER: &str = "workload_requests_total{";

/// The state of all parts at about the same time. `None` if a part is not in the target.
#[derive(Debug, Clone, Default)]
struct Sample {
    counts: Counts,
    /// Requests that the bridge has counted.
    bridge: Option<f64>,
    /// Requests per second that the console shows, by service.
    console: Option<BTreeMap<String, f64>>,
}

/// Repeats until everything has progressed since the first look.
pub(in super::super) async fn check(stack: Arc<Stack>, note: Note) -> Verdict {
    let mut first = None;
    until(&note, async || {
        let sample = match sample(&stack).await {
            Ok(sample) => sample,
            Err(error) => {
                return Err(Failure::new(
                    "the processor and its peers report their progress",
                    format!("{error:#}"),
                    stack.curl("processor", processor::STATUS),
                ));
            }
        };
        let first = first.get_or_insert_with(|| sample.clone());
        judge(first, &sample)
            .map_err(|(expected, seen, (name, path))| Failure::new(expected, seen, stack.curl(name, path)))
    })
    .await
}

async fn sample(stack: &Stack) -> anyhow::Result<Sample> {
    let counts = stack.counts().await?;
    let bridge = match &stack.bridge {
        Some(bridge) => Some(sum(&bridge.metrics().await?)),
        None => None,
    };
    let console = match &stack.console {
        Some(console) => {
            let services = console.status().await?.services;
            Some(services.into_iter().map(|(name, service)| (name, service.rate)).collect())
        }
        None => None,
    };
    Ok(Sample { counts, bridge, console })
}

/// Returns the number of requests in the bridge's metrics.
fn sum(exposition: &str) -> f64 {
    let samples = exposition.lines().filter(|line| line.starts_with(BRIDGE_COUNTER));
    samples.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
}

type Wrong = (&'static str, String, (&'static str, &'static str));

/// Returns the first part without progress, in the order in which events flow: it is the cause of the others.
fn judge(first: &Sample, now: &Sample) -> Result<String, Wrong> {
    let sent = |sample: &Sample| {
        let services = &sample.counts.services;
        let acknowledged: u64 = services.iter().map(|service| service.acknowledged).sum();
        (services.iter().map(|service| service.produced).sum::<u64>(), acknowledged)
    };
    let (sent_before, sent_after) = (sent(first), sent(now));
    if !now.counts.services.is_empty() && sent_after.1 <= sent_before.1 {
        let seen = if sent_after.0 <= sent_before.0 {
            "the simulator sends nothing"
        } else {
            "the simulator sends, but Kafka acknowledges nothing: it is unreachable or refuses the events"
        };
        return Err((
            "the simulator's events are acknowledged by Kafka",
            seen.to_owned(),
            ("simulator", simulator::SERVICES),
        ));
    }
    let (first_status, now_status) = (&first.counts.processor, &now.counts.processor);
    let (before, after) = (&first_status.totals, &now_status.totals);
    let processor = ("processor", processor::STATUS);
    if now_status.partitions.is_empty() {
        return Err((
            "the stream-processor owns the partitions of metrics.raw",
            "it owns none: another member of its group has them, or Kafka is unreachable".to_owned(),
            processor,
        ));
    }
    if after.produced <= before.produced {
        let seen = match sent_after.1.saturating_sub(sent_before.1) {
            count @ 1.. => format!(
                "Kafka acknowledged {count} events to the simulator meanwhile, but none arrived in the metrics.raw \
                 that the stream-processor reads: it reads from another broker (--brokers, BROKERS)"
            ),
            0 => "no event arrives in metrics.raw: nothing is sent, or it is sent to another broker".to_owned(),
        };
        return Err(("events arrive in the metrics.raw that the stream-processor reads", seen, processor));
    }
    if after.processed <= before.processed {
        return Err((
            "the stream-processor evaluates the events that arrive",
            format!("{} events arrived, and it counted none in a window", after.produced - before.produced),
            processor,
        ));
    }
    if after.lag > NO_LAG {
        return Err((
            "the stream-processor keeps up: a lag near 0",
            format!("it is {} events behind", after.lag),
            processor,
        ));
    }
    for partition in &now_status.partitions {
        let Some(old) = first_status.partitions.iter().find(|old| old.partition == partition.partition) else {
            continue;
        };
        if partition.position > old.position && partition.watermark <= old.watermark {
            return Err((
                "the watermark of every partition with traffic moves",
                format!(
                    "that of partition {} stays at {}",
                    partition.partition,
                    partition.watermark.map_or_else(|| "nothing".to_owned(), |at| at.to_string())
                ),
                processor,
            ));
        }
    }
    if let (Some(before), Some(after)) = (first.bridge, now.bridge)
        && after <= before
    {
        return Err((
            "the metrics-bridge counts the same events",
            format!("it stays at {after} requests"),
            ("bridge", admin::METRICS),
        ));
    }
    if let Some(rates) = &now.console {
        let missing: Vec<&str> = now
            .counts
            .services
            .iter()
            .map(|known| known.service.as_str())
            .filter(|name| rates.get(*name).is_none_or(|rate| *rate <= 0.0))
            .collect();
        if !missing.is_empty() {
            return Err((
                "the console shows requests of every service",
                format!("it shows none of {}", missing.join(", ")),
                ("console", console::STATUS),
            ));
        }
    }
    Ok(format!(
        "{} events arrived and {} were evaluated, lag {}",
        after.produced - before.produced,
        after.processed - before.processed,
        after.lag
    ))
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};
    use serde_json::json;

    use super::*;

    /// Returns a sample after `n` events have passed through everything.
    fn sample(n: u64) -> Sample {
        let simulator = json!([{"service": "pay", "regions": ["eu"], "produced": n, "acknowledged": n, "dropped": 0}]);
        let watermark =
            Timestamp::from_second(1_800_000_000).unwrap() + SignedDuration::from_millis(i64::try_from(n).unwrap());
        let processor = json!({
            "partitions": [{
                "partition": 3, "start": 0, "position": n, "high": n, "lag": 0, "watermark": watermark,
                "windowed": n, "late": 0, "dead_lettered": 0,
            }],
            "totals": {"produced": n, "processed": n, "dead_lettered": 0, "lag": 0},
            "groups": [],
        });
        Sample {
            counts: Counts {
                services: serde_json::from_value(simulator).unwrap(),
                processor: serde_json::from_value(processor).unwrap(),
            },
            bridge: Some(n as f64),
            console: Some(BTreeMap::from([("pay".to_owned(), 20.0)])),
        }
    }

    fn wrong(change: impl FnOnce(&mut Sample)) -> (String, &'static str) {
        let mut now = sample(20);
        change(&mut now);
        let (_, seen, (name, _)) = judge(&sample(10), &now).unwrap_err();
        (seen, name)
    }

    #[test]
    fn progress_everywhere_passes_and_absent_parts_do_not_matter() {
        assert_eq!(judge(&sample(10), &sample(20)).unwrap(), "10 events arrived and 10 were evaluated, lag 0");
        let alone = |n| {
            let Sample { counts: Counts { processor, .. }, .. } = sample(n);
            Sample { counts: Counts { services: Vec::new(), processor }, bridge: None, console: None }
        };
        assert!(judge(&alone(10), &alone(20)).is_ok());
    }

    #[test]
    fn the_first_part_without_progress_is_named() {
        let old = sample(10);
        assert_eq!(
            wrong(|now| now.counts.services = old.counts.services.clone()),
            ("the simulator sends nothing".to_owned(), "simulator")
        );
        let (seen, _) = wrong(|now| now.counts.services[0].acknowledged = 10);
        assert!(seen.contains("acknowledges nothing"), "{seen}");
        let (seen, name) = wrong(|now| now.counts.processor = old.counts.processor.clone());
        assert!(seen.contains("acknowledged 10 events") && seen.contains("another broker"), "{seen}");
        assert_eq!(name, "processor");
        assert!(wrong(|now| now.counts.processor.partitions.clear()).0.contains("owns none"));
        assert!(
            wrong(|now| now.counts.processor.totals.processed = 10)
                .0
                .contains("10 events arrived, and it counted none")
        );
        assert!(wrong(|now| now.counts.processor.totals.lag = 5_000).0.contains("5000 events behind"));
        assert!(
            wrong(|now| now.counts.processor.partitions[0].watermark = old.counts.processor.partitions[0].watermark)
                .0
                .contains("partition 3 stays")
        );
        assert_eq!(wrong(|now| now.bridge = Some(10.0)), ("it stays at 10 requests".to_owned(), "bridge"));
        assert!(wrong(|now| now.console.as_mut().unwrap().clear()).0.contains("none of pay"));
    }

    #[test]
    fn the_bridges_requests_are_summed_over_their_series() {
        let text = "# TYPE workload_requests_total counter\nworkload_requests_total{service=\"a b\"} 3\n\
            workload_requests_total{service=\"c\"} 4\nworkload_errors_total{service=\"c\"} 9\n";
        assert_eq!(sum(text), 7.0);
    }
}

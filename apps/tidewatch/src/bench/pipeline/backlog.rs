//! The events to read: those of the healthy simulated workload, with more services.

use std::time::Duration;

use anyhow::{Context, anyhow};
use jiff::{SignedDuration, Timestamp};
use tidewatch_contract::{Event, RequestEvent};
use tidewatch_kafka::topics::METRICS_RAW;
use tidewatch_kafka::{KafkaArgs, KafkaError, Message, Producer, partition_of};
use tidewatch_workload::{FaultBook, Generator, Payload, Workload};
use tokio::task::yield_now;
use tokio::time::sleep;

/// The largest number of partitions over which the events are spread evenly.
pub(super) const PARTITIONS: i32 = METRICS_RAW.partitions;
const SERVICES_PER_PARTITION: usize = 2;
/// Requests per second of all services together, in event time.
const RATE: f64 = 10_000.0;
const SEED: u64 = 9;
/// Number of events generated at a time.
const PORTION: usize = 1_000;
const BACK_PRESSURE: Duration = Duration::from_millis(5);
const FLUSH: Duration = Duration::from_secs(60);

/// A number of events, the same each time they are written.
pub(super) struct Backlog {
    events: u64,
    start: Timestamp,
    services: Vec<String>,
}

impl Backlog {
    /// Returns a backlog whose last event happens at about `now`.
    pub(super) fn new(events: u64, now: Timestamp) -> Self {
        let length = SignedDuration::from_secs((events as f64 / RATE).ceil() as i64);
        Self { events, start: now.checked_sub(length).unwrap_or(now), services: services() }
    }

    /// Writes the events as services do, keyed by service.
    pub(super) async fn write(&self, kafka: &KafkaArgs) -> anyhow::Result<()> {
        let producer = Producer::new(kafka, "tidewatch-bench").context("can't write the events")?;
        let profiles = Workload::default().services;
        let services = profiles.iter().cycle().take(self.services.len()).copied().collect();
        let events_per_second = RATE / self.services.len() as f64;
        let workload = Workload { services, events_per_second, ..Workload::default() };
        let (mut generator, healthy) = (Generator::new(workload, SEED, self.start), FaultBook::new());
        let mut left = self.events;
        while left > 0 {
            let portion = usize::try_from(left).unwrap_or(PORTION).min(PORTION);
            for emission in generator.until(Timestamp::MAX, &healthy, portion) {
                let Payload::Event(mut event) = emission.payload else { continue };
                let service = &self.services[emission.service];
                event.service.clone_from(service);
                enqueue(&producer, Message::event::<RequestEvent>(METRICS_RAW.name, service, &event.to_json())).await?;
                left -= 1;
            }
            yield_now().await;
        }
        producer.flush(FLUSH).await.context("can't write the events")?;
        match producer.stats().failed {
            0 => Ok(()),
            failed => Err(anyhow!("the broker did not accept {failed} of the {} events", self.events)),
        }
    }
}

async fn enqueue(producer: &Producer, message: Message<'_>) -> anyhow::Result<()> {
    loop {
        match producer.enqueue(message) {
            Ok(_) => return Ok(()),
            Err(KafkaError::QueueFull) => sleep(BACK_PRESSURE).await,
            Err(error) => return Err(error).context("can't write the events"),
        }
    }
}

/// Returns service names that are spread evenly over [`PARTITIONS`] partitions, and over any divisor of that number.
fn services() -> Vec<String> {
    let mut room = [SERVICES_PER_PARTITION; PARTITIONS as usize];
    let mut has_room = |name: &String| {
        let room = &mut room[partition_of(name.as_bytes(), PARTITIONS as usize) as usize];
        let fits = *room > 0;
        *room -= usize::from(fits);
        fits
    };
    let names = (0..).map(|number| format!("bench-service-{number}"));
    names.filter(|name| has_room(name)).take(SERVICES_PER_PARTITION * PARTITIONS as usize).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn each_partition_gets_as_many_services_as_the_others() {
        for partitions in [1, 2, 3, 4, 6, 12] {
            let mut counts = BTreeMap::new();
            for service in services() {
                *counts.entry(partition_of(service.as_bytes(), partitions)).or_insert(0) += 1;
            }
            assert_eq!(counts.len(), partitions);
            assert!(counts.values().all(|count| *count == 24 / partitions), "{counts:?}");
        }
    }
}

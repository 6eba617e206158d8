//! A workload that violates a rule every few seconds, and the alerts expected from an uninterrupted run over it.
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use tidewatch_contract::{Event, RequestEvent, check_time};
use tidewatch_detect::{Input, Limits, Partition, Rules};
use tidewatch_kafka::topics::METRICS_RAW;
use tidewatch_kafka::{KafkaArgs, Message, Producer};
use tokio::task::JoinHandle;

use super::{Mood, Process, alerts, all_of, dead_letters, event, eventually, ids_until, produce, seconds};

pub const SERVICES: [&str; 4] = ["api-service", "auth-service", "payment-service", "user-service"];
const EVENTS_A_SECOND: i64 = 8;
/// Each service in turn is healthy for two minutes and faulty for one.
const CYCLE: i64 = 180;
/// Event time runs this many times faster than the clock, so that violations come every few seconds.
const SPEED: i64 = 20;

fn mood(service: usize, second: i64) -> Mood {
    let phase = (second + 45 * service as i64) % CYCLE;
    match (phase, (second / CYCLE) % 2) {
        (..120, _) => Mood::Well,
        (_, 0) => Mood::Failing,
        _ => Mood::Slow,
    }
}

/// Writes events, some of them malformed, until `stop` is set, then two healthy cycles. Returns the end of event time.
async fn write(args: KafkaArgs, begin: Timestamp, stop: Arc<AtomicBool>) -> Timestamp {
    let producer = Producer::new(&args, "test-workload").unwrap();
    let mut pace = tokio::time::interval(Duration::from_millis(u64::try_from(1000 / SPEED).unwrap()));
    let (mut second, mut last) = (0, None);
    loop {
        pace.tick().await;
        if last.is_none() && stop.load(Ordering::Relaxed) {
            last = Some(second + 2 * CYCLE);
        }
        if last == Some(second) {
            break;
        }
        for (index, service) in SERVICES.iter().enumerate() {
            let mood = if last.is_some() { Mood::Well } else { mood(index, second) };
            for number in 0..EVENTS_A_SECOND {
                let at = begin + seconds(second) + jiff::SignedDuration::from_millis(number * 1000 / EVENTS_A_SECOND);
                produce(&producer, &event(service, at, mood, u64::try_from(number).unwrap())).await;
            }
            if second % 7 == 0 {
                let broken = Message::event::<RequestEvent>(METRICS_RAW.name, service, b"{\"service\":");
                producer.send(broken).await.unwrap();
            }
        }
        second += 1;
    }
    producer.flush(Duration::from_secs(30)).await.unwrap();
    begin + seconds(second)
}

/// Returns the alerts and dead letters of an uninterrupted run over the same records.
async fn expected(args: &KafkaArgs, end: Timestamp) -> (BTreeSet<String>, BTreeSet<(i32, i64)>) {
    let rules = Arc::new(Rules::builtin());
    let limits = Limits { max_groups: 10_000, group_ttl: Duration::from_secs(3600) };
    let (mut ids, mut refused) = (BTreeSet::new(), BTreeSet::new());
    let records = all_of(args, &METRICS_RAW).await;
    for partition in 0..METRICS_RAW.partitions {
        let mut detector = Partition::new(partition, 0, Arc::clone(&rules), limits);
        for record in records.iter().filter(|record| record.partition == partition) {
            let appended = Timestamp::from_millisecond(record.timestamp_ms.unwrap()).unwrap();
            let key = std::str::from_utf8(record.key.as_deref().unwrap()).unwrap();
            match RequestEvent::parse(&record.payload) {
                Ok(event) if check_time(event.timestamp, appended).is_ok() => {
                    detector.observe(record.offset, appended, Input::Event { event: (&event).into(), replay: false });
                }
                other => {
                    let event = other.as_ref().ok().map(Into::into);
                    refused.insert((partition, record.offset));
                    detector.observe(record.offset, appended, Input::Rejected { service: Some(key), event });
                }
            }
        }
        for transition in detector.take_transitions() {
            let alert = transition.into_event(partition, 1, Timestamp::now());
            if alert.window_end <= end {
                ids.insert(alert.id);
            }
        }
    }
    (ids, refused)
}

/// A running workload.
pub struct Workload {
    kafka: KafkaArgs,
    stop: Arc<AtomicBool>,
    writing: JoinHandle<Timestamp>,
}

impl Workload {
    pub fn start(kafka: &KafkaArgs) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let begin = Timestamp::now() - seconds(86_400);
        let writing = tokio::spawn(write(kafka.clone(), begin, Arc::clone(&stop)));
        Self { kafka: kafka.clone(), stop, writing }
    }

    /// Ends the workload and compares the output with that of an uninterrupted run: the same distinct alerts, the same
    /// dead letters, and every record counted once. `survivors` own all partitions between them.
    pub async fn end_and_verify(self, survivors: &[&Process]) {
        self.stop.store(true, Ordering::Relaxed);
        let end = self.writing.await.unwrap();
        let produced = u64::try_from(all_of(&self.kafka, &METRICS_RAW).await.len()).unwrap();
        let counted = eventually("status that accounts for every record", Duration::from_secs(90), async || {
            let mut sums = [0, 0, 0, 0];
            for survivor in survivors {
                let totals = survivor.status().await?["totals"].clone();
                for (sum, name) in sums.iter_mut().zip(["produced", "processed", "late", "dead_lettered"]) {
                    *sum += totals[name].as_u64()?;
                }
            }
            (sums[0] == produced && sums[1] + sums[2] + sums[3] == produced).then_some(sums)
        })
        .await;
        let (expected_ids, refused) = expected(&self.kafka, end).await;
        assert!(expected_ids.len() >= 4, "the workload must violate something: {expected_ids:?}");
        assert_eq!(counted[3], u64::try_from(refused.len()).unwrap(), "dead letters counted");
        let written = eventually("complete set of alerts", Duration::from_secs(30), async || {
            let written = alerts(&self.kafka).await;
            (ids_until(&written, end).len() >= expected_ids.len()).then_some(written)
        })
        .await;
        assert_eq!(ids_until(&written, end), expected_ids, "the same alerts as without interruption");
        let found: BTreeSet<(i32, i64)> = dead_letters(&self.kafka).await.into_keys().collect();
        assert_eq!(found, refused, "every dead letter, by partition and offset");
        eprintln!(
            "{produced} events, {} late, {} dead letters, {} distinct transitions, written {} times",
            counted[2],
            refused.len(),
            expected_ids.len(),
            written.iter().filter(|alert| alert.window_end <= end).count(),
        );
    }
}

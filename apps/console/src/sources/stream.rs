//! The reader of the topics: requests, alerts, logs and dead letters.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use prometheus::Registry;
use tidewatch_contract::{AlertEvent, DeadLetterHeaders, Event, LogEvent, RequestEvent};
use tidewatch_kafka::topics::{ALERTS_FIRED, LOGS_RAW, METRICS_RAW, METRICS_RAW_DLQ, Topic};
use tidewatch_kafka::{KafkaArgs, Reader, Record, Start};
use tidewatch_platform::CONSOLE;
use tidewatch_service::{Condition, Shutdown};

use super::Shared;
use crate::letters::DeadLetter;
use crate::metrics::Metrics;
use crate::signals::{Arrival, clip};

/// Kafka counts as unreachable if it hasn't answered for this long.
const UNREACHABLE: Duration = Duration::from_secs(10);
const TICK: Duration = Duration::from_secs(1);
/// Interval between requests for the oldest and next offsets of the DLQ. Reading the DLQ keeps the next offsets up to
/// date, so only the effect of retention is delayed.
const ENDS: Duration = Duration::from_secs(30);
/// Pause before retrying a topic that can't be read yet.
const TRY_AGAIN: Duration = Duration::from_secs(2);
/// An event whose own time is this far from its arrival has a wrong clock, or is very late.
const OFF_CLOCK: SignedDuration = SignedDuration::from_secs(10);

/// The topics and where to start: about the last ten minutes of requests at twenty per second and partition, all
/// alerts, since an old one may still be firing, and enough of the others to fill their lists.
const TOPICS: [(Topic, fn() -> Start); 4] = [
    (ALERTS_FIRED, || Start::Beginning),
    (METRICS_RAW, || Start::Tail(12_000)),
    (METRICS_RAW_DLQ, || Start::Tail(300)),
    (LOGS_RAW, || Start::Tail(100)),
];

pub(crate) struct Stream {
    reader: Reader,
    state: Shared,
    metrics: Metrics,
    reached: Condition,
    started: Timestamp,
}

impl Stream {
    /// Creates a stream that doesn't read yet; it needs no broker.
    pub(crate) fn new(kafka: &KafkaArgs, state: Shared, metrics: Metrics, reached: Condition) -> anyhow::Result<Self> {
        Ok(Self { reader: Reader::new(kafka, CONSOLE.name)?, state, metrics, reached, started: Timestamp::now() })
    }

    /// Exports whether the broker is reachable.
    pub(crate) fn export_reachable(&self, registry: &Registry) -> prometheus::Result<()> {
        self.reader.export_reachable(registry)
    }

    /// Reads until shutdown.
    pub(crate) async fn run(self, shutdown: &Shutdown) {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        let assigned = tokio::sync::watch::Sender::new(false);
        tokio::join!(self.assign(&assigned, shutdown), self.ask_for_ends(shutdown), async {
            loop {
                tokio::select! {
                    record = self.reader.recv() => self.take(record),
                    _ = tick.tick() => self.check(*assigned.borrow()),
                    () = shutdown.triggered() => return,
                }
            }
        });
    }

    /// Starts reading each topic as soon as it exists; a missing topic doesn't hold up the others.
    async fn assign(&self, assigned: &tokio::sync::watch::Sender<bool>, shutdown: &Shutdown) {
        let mut pending = TOPICS.to_vec();
        while !pending.is_empty() {
            let mut left = Vec::new();
            for (topic, start) in pending {
                let result = tokio::select! {
                    result = self.reader.assign(&topic, start()) => result,
                    () = shutdown.triggered() => return,
                };
                match result {
                    Ok(()) if topic == METRICS_RAW => assigned.send_modify(|assigned| *assigned = true),
                    Ok(()) => {}
                    Err(error) => {
                        tracing::debug!(topic = topic.name, %error, "can't read the topic yet");
                        left.push((topic, start));
                    }
                }
            }
            pending = left;
            if !pending.is_empty() && wait(TRY_AGAIN, shutdown).await.is_err() {
                return;
            }
        }
    }

    async fn ask_for_ends(&self, shutdown: &Shutdown) {
        loop {
            let ends = tokio::select! {
                ends = self.reader.ends(&METRICS_RAW_DLQ) => ends,
                () = shutdown.triggered() => return,
            };
            let pause = match ends {
                Ok(ends) => {
                    self.state.lock().letters.set_ends(ends);
                    ENDS
                }
                Err(error) => {
                    tracing::debug!(%error, "can't query the ends of the dead-letter topic");
                    TRY_AGAIN
                }
            };
            if wait(pause, shutdown).await.is_err() {
                return;
            }
        }
    }

    /// Updates the readiness and drops old state; called once per second.
    fn check(&self, assigned: bool) {
        let now = Timestamp::now();
        let reachable = self.reader.reachable_within(UNREACHABLE);
        // A broker that was first contacted less than UNREACHABLE ago doesn't count as unreachable yet.
        let silent_since = self.started.max(now - UNREACHABLE);
        let mut state = self.state.lock();
        state.forget_old(now);
        match (reachable, assigned) {
            (true, true) => self.reached.met(),
            (true, false) => self.reached.unmet("metrics.raw does not exist yet"),
            (false, _) => self.reached.unmet(format!("no answer from {} for 10 s", state.brokers)),
        }
        if reachable && state.kafka_failing.take().is_some() {
            tracing::info!("kafka answers");
        } else if !reachable && state.kafka_failing.is_none() && silent_since > self.started {
            tracing::warn!(brokers = state.brokers, "kafka does not answer; retrying");
            state.kafka_failing = Some(silent_since);
        }
    }

    fn take(&self, record: Record) {
        self.metrics.record(&record.topic);
        let taken = match record.topic.as_str() {
            topic if topic == METRICS_RAW.name => self.request(&record),
            topic if topic == ALERTS_FIRED.name => self.alert(&record),
            topic if topic == LOGS_RAW.name => self.log(&record),
            _ => {
                self.state.lock().letters.record(record.partition, record.offset, dead_letter(&record));
                Ok(())
            }
        };
        if let Err(rejection) = taken {
            self.metrics.skipped(&record.topic);
            tracing::debug!(topic = record.topic, offset = record.offset, %rejection, "skipped a record");
        }
    }

    fn request(&self, record: &Record) -> Result<(), tidewatch_contract::Rejection> {
        let event = RequestEvent::parse(&record.payload)?;
        let arrived = arrived(record);
        let arrival = Arrival {
            second: arrived.as_second(),
            latency_ms: event.latency_ms,
            error: event.is_error(),
            off_clock: arrived.duration_since(event.timestamp).abs() > OFF_CLOCK,
        };
        self.state.lock().signals.record(&event.service, arrival);
        Ok(())
    }

    fn alert(&self, record: &Record) -> Result<(), tidewatch_contract::Rejection> {
        // A tombstone only lets compaction drop the alert.
        if !record.tombstone {
            let event = AlertEvent::parse(&record.payload)?;
            self.state.lock().alerts.apply(event);
        }
        Ok(())
    }

    fn log(&self, record: &Record) -> Result<(), tidewatch_contract::Rejection> {
        let event = LogEvent::parse(&record.payload)?;
        self.state.lock().log(event);
        Ok(())
    }
}

/// Returns when the broker received the record.
fn arrived(record: &Record) -> Timestamp {
    record.appended().of(None)
}

fn dead_letter(record: &Record) -> DeadLetter {
    let header = |name: &str| record.header(name);
    // One of another program than the stream-processor may lack them.
    let unknown = || "unknown".to_owned();
    let reason = DeadLetterHeaders::read_reason(header).unwrap_or_else(unknown);
    let origin = DeadLetterHeaders::read(header)
        .map_or_else(unknown, |letter| format!("{}:{}@{}", letter.topic, letter.partition, letter.offset));
    let key = record.key.as_deref().unwrap_or_default();
    DeadLetter {
        at: arrived(record),
        reason: clip(&reason, 80),
        key: clip(&String::from_utf8_lossy(key), 80),
        origin: clip(&origin, 120),
    }
}

/// Waits for `pause`; returns an error on shutdown.
async fn wait(pause: Duration, shutdown: &Shutdown) -> Result<(), ()> {
    tokio::select! {
        () = tokio::time::sleep(pause) => Ok(()),
        () = shutdown.triggered() => Err(()),
    }
}

#[cfg(test)]
mod tests {
    use tidewatch_testkit::record;

    use super::*;

    #[test]
    fn a_dead_letter_without_its_origin_shows_its_reason() {
        let written = DeadLetterHeaders {
            reason: "not_json".into(),
            topic: "metrics.raw".into(),
            partition: 3,
            offset: 7,
            ..DeadLetterHeaders::default()
        };
        let shown = |missing: &[&str]| {
            let headers = written.to_headers().into_iter().filter(|(name, _)| !missing.contains(&name.as_str()));
            let letter = dead_letter(&Record { headers: headers.collect(), ..record(&METRICS_RAW_DLQ) });
            (letter.reason, letter.origin)
        };
        let pair = |reason: &str, origin: &str| (reason.to_owned(), origin.to_owned());
        assert_eq!(shown(&[]), pair("not_json", "metrics.raw:3@7"));
        assert_eq!(shown(&["dlq.offset"]), pair("not_json", "unknown"));
        assert_eq!(shown(&["dlq.reason"]), pair("unknown", "unknown"));
    }
}

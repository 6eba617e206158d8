//! Sends each event when it is due, and those that a slow broker held up as soon as it takes them.

use std::fmt;
use std::time::Duration;

use anyhow::Context;
use jiff::{SignedDuration, Timestamp};
use tidewatch_contract::{Event, REPLAY, RequestEvent};
use tidewatch_kafka::topics::METRICS_RAW;
use tidewatch_kafka::{KafkaError, Message, Producer};
use tidewatch_workload::{Emission, FaultBook, Generator, Payload};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

use super::owed::Owed;
use super::summary::Delivered;
use crate::interrupt::Interrupt;
use crate::progress::Progress;

/// Interval at which due events are sent.
const TICK: Duration = Duration::from_millis(10);
/// Maximum number of events generated before signals and the progress get their turn.
const PORTION: usize = 1000;
/// Pause before retrying when the producer's queue is full.
const BACK_PRESSURE: Duration = Duration::from_millis(5);
/// How long events that are owed at the end of the schedule are still sent.
const OVERTIME: SignedDuration = SignedDuration::from_secs(5);
/// How long to wait at the end for the acknowledgements of what is in the producer's queue.
const FLUSH: Duration = Duration::from_secs(30);

/// A load on its way to the broker.
pub(super) struct Driver {
    generator: Generator,
    healthy: FaultBook,
    names: Vec<String>,
    producer: Producer,
    /// Number of events generated, sent or not.
    generated: u64,
    schedule: Schedule,
    owed: Owed,
    behind_at_end: SignedDuration,
}

/// When events are due. Its clock can't jump, unlike the system's.
struct Schedule {
    start: Timestamp,
    began: Instant,
    end: Timestamp,
    /// Up to which time its events were generated.
    generated: Timestamp,
}

impl Schedule {
    fn now(&self) -> Timestamp {
        self.start.saturating_add(self.began.elapsed()).unwrap_or(Timestamp::MAX)
    }

    /// Returns whether nothing is sent any more, not even what is owed.
    fn is_over(&self, now: Timestamp) -> bool {
        now.duration_since(self.end) >= OVERTIME
    }
}

/// Whether the producer took an event.
enum Enqueued {
    Yes,
    /// Its queue was full until after the overtime.
    TooLate,
    /// A shutdown signal arrived while its queue was full.
    Interrupted,
}

impl Driver {
    /// Returns a driver whose schedule starts now, at `start`.
    pub(super) fn new(
        generator: Generator,
        names: Vec<String>,
        producer: Producer,
        start: Timestamp,
        duration: SignedDuration,
    ) -> Self {
        let end = start.checked_add(duration).unwrap_or(Timestamp::MAX);
        Self {
            generator,
            healthy: FaultBook::new(),
            names,
            producer,
            generated: 0,
            schedule: Schedule { start, began: Instant::now(), end, generated: start },
            owed: Owed::default(),
            behind_at_end: SignedDuration::ZERO,
        }
    }

    /// Sends events until the schedule ends, and returns whether a shutdown signal came first.
    pub(super) async fn send(&mut self, interrupt: &mut Interrupt, progress: &mut Progress) -> anyhow::Result<bool> {
        loop {
            let now = self.schedule.now();
            let behind = self.behind(now);
            if Instant::now() >= progress.due() {
                self.show(progress, now, behind);
            }
            self.schedule.generated = now.min(self.schedule.end);
            let portion = self.generator.until(self.schedule.generated, &self.healthy, PORTION);
            let full = portion.len() == PORTION;
            self.generated += portion.len() as u64;
            if let Some(first) = portion.first() {
                self.owed.sent(self.generated, first.due);
            }
            for emission in portion {
                match self.enqueue(emission, interrupt, progress).await? {
                    Enqueued::Yes => {}
                    Enqueued::TooLate => return Ok(self.ended(self.schedule.now())),
                    Enqueued::Interrupted => return Ok(self.interrupted()),
                }
            }
            if self.schedule.is_over(now) || (!full && now >= self.schedule.end) {
                return Ok(self.ended(now));
            }
            tokio::select! {
                biased;
                () = interrupt.received() => return Ok(self.interrupted()),
                () = yield_now(), if full => {}
                () = sleep(TICK), if !full => {}
            }
        }
    }

    /// Passes an event to the producer, waiting while its queue is full.
    async fn enqueue(
        &mut self,
        emission: Emission,
        interrupt: &mut Interrupt,
        progress: &mut Progress,
    ) -> anyhow::Result<Enqueued> {
        let Payload::Event(mut event) = emission.payload else { return Ok(Enqueued::Yes) };
        event.service.clone_from(&self.names[emission.service]);
        let payload = event.to_json();
        let message = Message::event::<RequestEvent>(METRICS_RAW.name, &event.service, &payload);
        let message = Message { headers: &[REPLAY], ..message };
        loop {
            match self.producer.enqueue(message) {
                Ok(_) => return Ok(Enqueued::Yes),
                Err(KafkaError::QueueFull) => {}
                Err(error) => return Err(error).context("can't send the load"),
            }
            let now = self.schedule.now();
            if self.schedule.is_over(now) {
                return Ok(Enqueued::TooLate);
            }
            if Instant::now() >= progress.due() {
                let behind = self.behind(now);
                self.show(progress, now, behind);
            }
            tokio::select! {
                () = interrupt.received() => return Ok(Enqueued::Interrupted),
                () = sleep(BACK_PRESSURE) => {}
            }
        }
    }

    /// Notes how far the load is behind when it ends by itself.
    fn ended(&mut self, now: Timestamp) -> bool {
        self.behind_at_end = self.behind(now);
        false
    }

    /// Ends the schedule where it was left: what became due meanwhile is not missing.
    fn interrupted(&mut self) -> bool {
        self.schedule.end = self.schedule.generated;
        self.behind_at_end = self.behind(self.schedule.end);
        true
    }

    fn behind(&mut self, now: Timestamp) -> SignedDuration {
        let stats = self.producer.stats();
        self.owed.behind(now, stats.acknowledged + stats.failed, self.generator.next_due().min(self.schedule.end))
    }

    fn show(&self, progress: &mut Progress, now: Timestamp, behind: SignedDuration) {
        let elapsed = now.duration_since(self.schedule.start);
        let sent = self.producer.stats().produced;
        let status = Status { sent, rate: sent as f64 / elapsed.as_secs_f64().max(0.001), behind };
        let done = now.min(self.schedule.end).duration_since(self.schedule.start);
        progress.show(u64::try_from(done.as_millis()).unwrap_or_default(), &status);
    }

    /// Waits for the outstanding acknowledgements, until they time out or a shutdown signal arrives.
    pub(super) async fn finish(mut self, interrupt: &mut Interrupt) -> Delivered {
        tokio::select! {
            // What is missing shows in the counts.
            _ = self.producer.flush(FLUSH) => {}
            () = interrupt.received() => {}
        }
        let stats = self.producer.stats();
        let never_generated: u64 = self.generator.skip_to(self.schedule.end).iter().sum();
        Delivered {
            sent: stats.produced,
            acknowledged: stats.acknowledged,
            not_sent: never_generated + self.generated - stats.produced,
            length: self.schedule.end.duration_since(self.schedule.start),
            behind_at_most: self.owed.most(),
            behind_at_end: self.behind_at_end,
        }
    }
}

/// The status of a load, as its progress shows it.
struct Status {
    sent: u64,
    rate: f64,
    behind: SignedDuration,
}

impl fmt::Display for Status {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} sent, {:.0} events/s, {:.1} s behind", self.sent, self.rate, self.behind.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use tidewatch_kafka::KafkaArgs;
    use tidewatch_workload::Workload;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_broker_that_takes_nothing_does_not_keep_the_load_beyond_the_overtime() {
        let mut kafka = KafkaArgs::new("127.0.0.1:1");
        kafka.kafka_config = vec!["queue.buffering.max.messages=10".parse().unwrap()];
        let producer = Producer::new(&kafka, "test").unwrap();
        let workload = Workload::default();
        let names = vec!["load".to_owned(); workload.services.len()];
        let start = Timestamp::now();
        let generator = Generator::new(workload, 0, start);
        let mut driver = Driver::new(generator, names, producer, start, SignedDuration::from_secs(60));
        let began = Instant::now();
        let mut interrupt = Interrupt::listen().unwrap();
        assert!(!driver.send(&mut interrupt, &mut Progress::new("load", None)).await.unwrap());
        assert_eq!(began.elapsed().as_secs(), 65);
        assert_eq!(driver.producer.stats().produced, 10);
        assert!(driver.generated > 10);
        assert!(driver.behind_at_end > SignedDuration::from_secs(60), "{:?}", driver.behind_at_end);
    }
}

//! Sends the workload on schedule. Requests that a slow broker holds up stay owed for up to 15 minutes.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tidewatch_contract::{Event, LogEvent, RequestEvent};
use tidewatch_kafka::topics::{LOGS_RAW, METRICS_RAW};
use tidewatch_kafka::{KafkaError, Message, Producer};
use tidewatch_service::{Condition, Health, RUN_DRAIN, Shutdown};
use tidewatch_workload::{Emission, FaultBook, Generator, Payload};
use tokio::task::yield_now;
use tokio::time::{Interval, MissedTickBehavior, interval, sleep};

use crate::deliveries::{Deliveries, Kind};
use crate::metrics::{Loss, Metrics};

/// Interval at which due requests are sent.
const TICK: Duration = Duration::from_millis(20);
/// Interval at which readiness is updated and losses are reported.
const REPORT: Duration = Duration::from_secs(1);
/// How long the broker may be silent before the simulator reports not ready.
const REACHED_WITHIN: Duration = Duration::from_secs(10);
/// Maximum number of requests generated at a time, so that faults can be injected and all listeners answer while the
/// driver catches up after a long stall or can't keep up with the rate.
const PORTION: usize = 1000;
/// Requests owed for longer than this are dropped: a machine that slept all night must not catch up on the whole night.
const MOST_OWED: SignedDuration = SignedDuration::from_mins(15);
/// Pause before retrying when the producer's queue is full.
const BACK_PRESSURE: Duration = Duration::from_millis(50);
/// How long to wait for the last acknowledgements at shutdown.
const FLUSH: Duration = RUN_DRAIN.saturating_sub(Duration::from_secs(1));

/// Generates due requests and hands them to the producer.
pub(crate) struct Driver {
    generator: Generator,
    faults: Arc<Mutex<FaultBook>>,
    producer: Producer,
    deliveries: Deliveries,
    metrics: Metrics,
    broker: Condition,
}

impl Driver {
    pub(crate) fn new(
        generator: Generator,
        faults: Arc<Mutex<FaultBook>>,
        producer: Producer,
        metrics: Metrics,
        health: &Health,
    ) -> Self {
        let services = generator.workload().services.iter().map(|service| service.name).collect();
        let deliveries = Deliveries::new(services, metrics.clone());
        Self { generator, faults, producer, deliveries, metrics, broker: health.require("broker") }
    }

    pub(crate) async fn run(mut self, shutdown: Shutdown) -> anyhow::Result<()> {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut reports = interval(REPORT);
        let mut turn = Turn::Waits;
        loop {
            tokio::select! {
                () = shutdown.triggered() => break,
                _ = reports.tick() => self.report(),
                () = turn.comes(&mut ticks) => turn = self.send_portion(&shutdown).await,
            }
        }
        if let Err(error) = self.producer.flush(FLUSH).await {
            tracing::error!(%error, "ended before everything was acknowledged");
        }
        self.deliveries.settle();
        self.deliveries.report();
        Ok(())
    }

    /// Sends the requests that are due, at most [`PORTION`] of them. However long the queue is full, unsent requests
    /// stay owed.
    async fn send_portion(&mut self, shutdown: &Shutdown) -> Turn {
        let portion = self.due();
        let turn = if portion.len() < PORTION { Turn::Waits } else { Turn::GoesOn };
        for emission in portion {
            self.send(emission, shutdown).await;
        }
        self.deliveries.settle();
        turn
    }

    fn due(&mut self) -> Vec<Emission> {
        // Takes the lock before reading the clock, so that a fault injected later has a later time than all of these
        // requests.
        let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Timestamp::now();
        faults.settle(now);
        if let Some(oldest) = now.checked_sub(MOST_OWED).ok().filter(|oldest| self.generator.next_due() < *oldest) {
            for (service, skipped) in self.generator.skip_to(oldest).into_iter().enumerate().filter(|(_, n)| *n > 0) {
                self.deliveries.lose(service, Loss::Overdue, skipped, "overdue for more than 15 minutes");
            }
        }
        let due = self.generator.until(now, &faults, PORTION);
        self.metrics.show_faults(self.generator.workload(), &faults);
        due
    }

    async fn send(&mut self, emission: Emission, shutdown: &Shutdown) {
        let Emission { service, payload, log, .. } = emission;
        let name = self.generator.workload().services[service].name;
        let (payload, schema) = match payload {
            Payload::Event(event) => (event.to_json(), Some(RequestEvent::SCHEMA)),
            Payload::Malformed(_, bytes) => (bytes, None),
        };
        let event = Message { schema, ..Message::event::<RequestEvent>(METRICS_RAW.name, name, &payload) };
        self.enqueue(service, Kind::Event, event, shutdown).await;
        if let Some(log) = log {
            let line = log.to_json();
            let message = Message::event::<LogEvent>(LOGS_RAW.name, name, &line);
            self.enqueue(service, Kind::Log, message, shutdown).await;
        }
    }

    async fn enqueue(&mut self, service: usize, kind: Kind, message: Message<'_>, shutdown: &Shutdown) {
        loop {
            match self.producer.enqueue(message) {
                Ok(ack) => {
                    if kind == Kind::Event {
                        let name = self.generator.workload().services[service].name;
                        self.metrics.produced.with_label_values(&[name]).inc();
                    }
                    return self.deliveries.add(service, kind, ack);
                }
                Err(KafkaError::QueueFull) if !shutdown.is_triggered() => {
                    self.deliveries.settle();
                    self.report();
                    sleep(BACK_PRESSURE).await;
                }
                Err(error) => return self.deliveries.lose(service, Loss::Undelivered, 1, error),
            }
        }
    }

    fn report(&mut self) {
        if self.producer.reachable_within(REACHED_WITHIN) {
            self.broker.met();
        } else {
            self.broker.unmet(format!("the broker did not answer in the last {} s", REACHED_WITHIN.as_secs()));
        }
        self.deliveries.report();
    }
}

/// When the next portion is sent.
enum Turn {
    /// At the next tick: nothing more is owed.
    Waits,
    /// After yielding to the listeners, which share this task.
    GoesOn,
}

impl Turn {
    async fn comes(&self, ticks: &mut Interval) {
        match self {
            Self::Waits => drop(ticks.tick().await),
            Self::GoesOn => yield_now().await,
        }
    }
}

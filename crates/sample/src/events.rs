//! Publishes an event for each finished request, without ever holding up a request.

use anyhow::Context;
use jiff::Timestamp;
use tidewatch_contract::{Event, RequestEvent};
use tidewatch_kafka::topics::METRICS_RAW;
use tidewatch_kafka::{DeliveryStats, KafkaArgs, KafkaError, Message, Producer};
use tidewatch_service::Finished;

use crate::metrics::{Loss, Metrics};

/// The most events that wait for the broker. When there are more, the newest ones are dropped: a service must not
/// collect gigabytes while the broker is down.
const QUEUE: u32 = 10_000;

/// Publishes the events of one service in one region.
#[derive(Clone)]
pub(crate) struct Events {
    service: &'static str,
    region: String,
    pub(crate) producer: Producer,
    metrics: Metrics,
}

impl Events {
    pub(crate) fn new(
        service: &'static str,
        region: &str,
        kafka: &KafkaArgs,
        metrics: Metrics,
    ) -> anyhow::Result<Self> {
        let mut kafka = kafka.clone();
        // First, so that properties of the user come later and win.
        let limit = format!("queue.buffering.max.messages={QUEUE}");
        kafka.kafka_config.insert(0, limit.parse().map_err(|error| anyhow::anyhow!("{error}"))?);
        let producer = Producer::new(&kafka, service).context("--brokers")?;
        Ok(Self { service, region: region.to_owned(), producer, metrics })
    }

    /// Adds the event of a request to the producer's queue, or drops it if the queue is full.
    pub(crate) fn publish(&self, finished: &Finished<'_>) {
        let event = RequestEvent {
            timestamp: Timestamp::now(),
            service: self.service.to_owned(),
            region: self.region.clone(),
            endpoint: finished.route.to_owned(),
            status_code: finished.status,
            request_id: finished.correlation.to_string(),
            latency_ms: Some(finished.took.as_secs_f64() * 1000.0),
            method: Some(finished.method.to_string()),
            error: None,
            trace_id: finished.trace.map(|trace| trace.trace_id().to_string()),
            span_id: finished.trace.map(|trace| trace.span_id().to_string()),
        };
        let payload = event.to_json();
        let message = Message::event::<RequestEvent>(METRICS_RAW.name, &event.service, &payload);
        match self.producer.enqueue(message) {
            Ok(_) => {}
            Err(KafkaError::QueueFull) => self.metrics.dropped(Loss::QueueFull).inc(),
            Err(_) => self.metrics.dropped(Loss::Undelivered).inc(),
        }
    }

    /// Counts the outcomes since `before`, which the last call returned.
    pub(crate) fn settle(&self, before: DeliveryStats) -> DeliveryStats {
        let now = self.producer.stats();
        self.metrics.acknowledged.inc_by(now.acknowledged - before.acknowledged);
        self.metrics.dropped(Loss::Undelivered).inc_by(now.failed - before.failed);
        now
    }
}

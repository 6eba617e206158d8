//! The outcome of the records handed to the producer.

use std::collections::VecDeque;

use tidewatch_kafka::Ack;

use crate::metrics::{Loss, Metrics};

/// The kind of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Event,
    Log,
}

/// Deliveries whose outcome is still unknown. A service's records of one kind share a partition, so their outcomes
/// arrive in order.
pub(crate) struct Deliveries {
    services: Vec<&'static str>,
    events: Vec<VecDeque<Ack>>,
    logs: Vec<VecDeque<Ack>>,
    metrics: Metrics,
    /// Number of records lost since the last report, and the reason for the latest loss.
    lost: u64,
    reason: String,
}

impl Deliveries {
    pub(crate) fn new(services: Vec<&'static str>, metrics: Metrics) -> Self {
        let open = || services.iter().map(|_| VecDeque::new()).collect();
        Self { events: open(), logs: open(), services, metrics, lost: 0, reason: String::new() }
    }

    pub(crate) fn add(&mut self, service: usize, kind: Kind, ack: Ack) {
        match kind {
            Kind::Event => self.events[service].push_back(ack),
            Kind::Log => self.logs[service].push_back(ack),
        }
    }

    /// Counts `count` records of a service as lost.
    pub(crate) fn lose(&mut self, service: usize, loss: Loss, count: u64, reason: impl ToString) {
        self.metrics.lose(self.services[service], loss, count);
        self.lost += count;
        self.reason = reason.to_string();
    }

    /// Counts the outcomes that are known by now.
    pub(crate) fn settle(&mut self) {
        for service in 0..self.services.len() {
            while let Some(delivered) = next(&mut self.events[service]) {
                match delivered {
                    Ok(_) => self.metrics.acknowledged.with_label_values(&[self.services[service]]).inc(),
                    Err(error) => self.lose(service, Loss::Undelivered, 1, error),
                }
            }
            while let Some(delivered) = next(&mut self.logs[service]) {
                if let Err(error) = delivered {
                    self.lose(service, Loss::Undelivered, 1, error);
                }
            }
        }
    }

    /// Logs the losses since the last report.
    pub(crate) fn report(&mut self) {
        if self.lost > 0 {
            tracing::error!(count = self.lost, reason = self.reason, "events or log lines were dropped");
            self.lost = 0;
        }
    }
}

/// Returns the oldest outcome, if it is known.
fn next(open: &mut VecDeque<Ack>) -> Option<<Ack as Future>::Output> {
    let delivered = open.front_mut()?.now()?;
    open.pop_front();
    Some(delivered)
}

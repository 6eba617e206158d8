//! Rebuilds the state from all of `alerts.fired`.
use crate::{
    metrics::Metrics,
    state::{Kind, Machine, Now, Transition, Verdict},
};
use std::sync::Arc;
use tidewatch_contract::{AlertEvent, Event};
use tidewatch_kafka::{KafkaError, Reader, Record, Start, topics::ALERTS_FIRED};

/// Reads all of `alerts.fired`, leaves the reader positioned after the last record, and returns the rebuilt state.
pub(crate) async fn rebuild(
    reader: &Reader,
    receivers: &[Kind],
    metrics: &Metrics,
    now: impl Fn() -> Now,
) -> Result<Machine, KafkaError> {
    let ends = reader.ends(&ALERTS_FIRED).await?;
    let mut committed = reader.committed(&ALERTS_FIRED).await?;
    committed.retain(|partition, next| {
        let exists = ends.get(partition).is_some_and(|(_, high)| *next <= *high);
        if !exists {
            tracing::warn!(
                partition,
                next,
                "alerts.fired ends before the committed offset: it was recreated, reading it from the beginning"
            );
        }
        exists
    });
    let records = reader.read_to_end(&ALERTS_FIRED).await?;
    let mut machine = Machine::new(receivers, &committed, seed());
    let count = records.len();
    for record in records {
        observe(&mut machine, record, metrics, now());
    }
    reader.assign(&ALERTS_FIRED, Start::Offsets(machine.next_offsets())).await?;
    tracing::info!(
        records = count,
        firing = machine.firing().into_values().sum::<usize>(),
        pending = machine.pending(),
        "rebuilt the active alerts"
    );
    Ok(machine)
}

/// Passes one record to the state.
pub(crate) fn observe(machine: &mut Machine, record: Record, metrics: &Metrics, now: Now) {
    let (partition, offset) = (record.partition, record.offset);
    let outcome = if record.tombstone {
        machine.skip(partition, offset);
        return;
    } else {
        match AlertEvent::parse(&record.payload) {
            Ok(event) => match machine.observe(Transition { event: Arc::new(event), partition, offset }, now) {
                Verdict::Taken => "taken",
                Verdict::Repeated => "repeated",
                Verdict::Over => {
                    tracing::warn!(partition, offset, "skipped the firing record of an alert that is resolved already");
                    "over"
                }
                Verdict::OlderGeneration => {
                    tracing::warn!(
                        partition,
                        offset,
                        "skipped an alert of a processor that no longer owns its partition"
                    );
                    "older_generation"
                }
            },
            Err(rejection) => {
                tracing::warn!(partition, offset, %rejection, "skipped a record that is not an alert");
                machine.skip(partition, offset);
                "invalid"
            }
        }
    };
    metrics.records.with_label_values(&[outcome]).inc();
}

/// Returns a seed that differs per process: relays that were started together must not retry together.
fn seed() -> u64 {
    rand::random()
}

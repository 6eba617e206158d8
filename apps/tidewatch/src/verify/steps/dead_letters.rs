//! Malformed records become dead letters: the DLQ holds each of them once with its reason, and as many as the processor
//! counts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tidewatch_client::Simulator;
use tidewatch_contract::DeadLetterHeaders;
use tidewatch_contract::http::processor::STATUS;
use tidewatch_contract::http::simulator::{FaultKind, FaultRequest};
use tidewatch_kafka::topics::METRICS_RAW_DLQ;
use tidewatch_kafka::{KafkaArgs, Reader, Record, Start};
use tokio::time::{Instant, sleep, timeout_at};

use super::super::outcome::{Failure, Note, Verdict};
use super::super::stack::Stack;
use super::{fault, lacks};
use crate::promises::PROMISES;

const SHARE: f64 = 0.3;
/// Number of dead letters to wait for, with all of these reasons among them.
const ENOUGH: usize = 30;
const REASONS: [&str; 4] = ["from_future", "invalid_field", "not_json", "too_old"];
/// Promised seconds from injection until that many have arrived.
const WITHIN: f64 = 30.0;
/// Time limit, after healing, for records sent before to arrive and for the two counts to become equal.
const SETTLED: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(200);

/// Corrupts events of the service that follows those of the other faults.
pub(in super::super) async fn check(stack: Arc<Stack>, note: Note) -> Verdict {
    let Some(simulator) = &stack.simulator else { return lacks("simulator") };
    let Some(kafka) = &stack.kafka else { return lacks("kafka") };
    match trial(&stack, &note, simulator, kafka).await {
        Ok(verdict) => verdict,
        Err(error) => Verdict::Failed(failure(&stack, format!("{error:#}"))),
    }
}

fn failure(stack: &Stack, seen: String) -> Failure {
    let expected =
        format!("{ENOUGH} malformed records are dead letters with their reasons within {WITHIN} s, each counted once");
    Failure::new(expected, seen, stack.curl("processor", STATUS))
}

async fn trial(stack: &Stack, note: &Note, simulator: &Simulator, kafka: &KafkaArgs) -> anyhow::Result<Verdict> {
    let service = fault::service(simulator, PROMISES.len()).await?.service;
    let reader = Reader::new(kafka, "tidewatch-verify")?;
    reader.assign(&METRICS_RAW_DLQ, Start::End).await?;
    let before = stack.processor.status().await?.totals.dead_lettered;
    let counted = async || anyhow::Ok(stack.processor.status().await?.totals.dead_lettered.saturating_sub(before));
    note.doing(format!("{service}: injecting"));
    let injected_at =
        stack.inject(simulator, &service, FaultRequest::new(FaultKind::Malformed, SHARE)).await?.injected_at;
    let mut letters = Letters::default();
    let deadline = Instant::now() + Duration::from_secs_f64(WITHIN);
    while !letters.enough() && Instant::now() < deadline {
        letters.read(&reader).await;
        note.doing(format!("{service}: {} dead letters", letters.places.len()));
    }
    let enough = letters.enough();
    let seconds = Timestamp::now().duration_since(injected_at).as_secs_f64();
    stack.heal(simulator, &service).await?;
    if !enough {
        let seen = format!("{letters} from {service} within {seconds:.0} s; the processor counts {}", counted().await?);
        return Ok(Verdict::Failed(failure(stack, seen)));
    }
    note.took("dead letters", seconds, Some(WITHIN));
    let deadline = Instant::now() + SETTLED;
    loop {
        letters.read(&reader).await;
        let count = counted().await?;
        if count == letters.places.len() as u64 {
            return Ok(Verdict::Passed(format!("{service}: {letters}, as many as the processor counts")));
        }
        if Instant::now() > deadline {
            return Ok(Verdict::Failed(failure(
                stack,
                format!("the DLQ holds {letters}, but the processor counts {count}"),
            )));
        }
        sleep(POLL).await;
    }
}

/// The dead letters read, each counted once however often it was written.
#[derive(Debug, Default)]
struct Letters {
    /// The partition and the offset of each original.
    places: BTreeSet<(i32, i64)>,
    reasons: BTreeMap<String, usize>,
}

impl Letters {
    /// Reads what has arrived and what arrives within [`POLL`]; no longer, however fast they arrive.
    async fn read(&mut self, reader: &Reader) {
        let until = Instant::now() + POLL;
        while Instant::now() < until
            && let Ok(record) = timeout_at(until, reader.recv()).await
        {
            self.add(&record);
        }
    }

    fn add(&mut self, record: &Record) {
        let Some(headers) = DeadLetterHeaders::read(|name| record.header(name)) else { return };
        if self.places.insert((headers.partition, headers.offset)) {
            *self.reasons.entry(headers.reason).or_default() += 1;
        }
    }

    fn enough(&self) -> bool {
        self.places.len() >= ENOUGH && REASONS.iter().all(|reason| self.reasons.contains_key(*reason))
    }
}

impl std::fmt::Display for Letters {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let reasons: Vec<String> = self.reasons.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
        write!(out, "{} dead letters ({})", self.places.len(), reasons.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use tidewatch_kafka::broker::InProcess;
    use tidewatch_kafka::{Message, Producer};
    use tidewatch_testkit::record;

    use super::*;

    #[tokio::test]
    async fn a_steady_stream_of_dead_letters_does_not_keep_it_reading() {
        let broker = InProcess::start().unwrap();
        let args = KafkaArgs::new(broker.brokers());
        let reader = Reader::new(&args, "reader").unwrap();
        reader.assign(&METRICS_RAW_DLQ, Start::Beginning).await.unwrap();
        let producer = Producer::new(&args, "producer").unwrap();
        let headers = DeadLetterHeaders::default().to_headers();
        let sending = tokio::spawn(async move {
            let headers = headers.each_ref().map(|(name, value)| (name.as_str(), value.as_slice()));
            loop {
                let letter = Message {
                    topic: METRICS_RAW_DLQ.name,
                    partition: None,
                    key: None,
                    payload: Some(b"x"),
                    schema: None,
                    headers: &headers,
                };
                producer.send(letter).await.unwrap();
                sleep(POLL / 10).await;
            }
        });
        let mut letters = Letters::default();
        let read = async {
            while letters.places.is_empty() {
                letters.read(&reader).await;
            }
        };
        timeout_at(Instant::now() + Duration::from_secs(20), read).await.unwrap();
        sending.abort();
    }

    fn letter(offset: usize, reason: &str) -> Record {
        let headers = DeadLetterHeaders {
            reason: reason.to_owned(),
            partition: 3,
            offset: i64::try_from(offset).unwrap(),
            ..DeadLetterHeaders::default()
        };
        Record { headers: headers.to_headers().to_vec(), ..record(&METRICS_RAW_DLQ) }
    }

    #[test]
    fn a_dead_letter_counts_once_and_every_kind_is_needed() {
        let mut letters = Letters::default();
        for offset in 0..ENOUGH {
            letters.add(&letter(offset, REASONS[offset % 3]));
            letters.add(&letter(offset, REASONS[offset % 3]));
        }
        assert_eq!(letters.places.len(), ENOUGH);
        assert!(!letters.enough(), "one kind is missing");
        letters.add(&letter(ENOUGH, REASONS[3]));
        assert!(letters.enough());
        assert_eq!(letters.to_string(), "31 dead letters (10 from_future, 10 invalid_field, 10 not_json, 1 too_old)");
    }
}

//! The in-process broker keeps the producer's time: one host with a fast clock must not blind its partition.

use std::time::Duration;

use crate::support::{Mood, Process, alerts, dead_letters, event, eventually, seconds};
use jiff::{SignedDuration, Timestamp};
use rdkafka::ClientConfig;
use rdkafka::producer::{FutureProducer, FutureRecord, Producer};
use tidewatch_contract::{AlertState, DeadLetterHeaders, Event, RequestEvent};
use tidewatch_kafka::KafkaArgs;
use tidewatch_kafka::broker::InProcess;
use tidewatch_kafka::topics::METRICS_RAW;

const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn events_of_a_fast_clock_are_rejected_and_those_of_its_neighbours_evaluated() {
    let broker = InProcess::start().unwrap();
    let kafka = KafkaArgs::new(broker.brokers());
    let producer: FutureProducer =
        ClientConfig::new().set("bootstrap.servers", &kafka.brokers).set("linger.ms", "5").create().unwrap();
    let send = |event: &RequestEvent| {
        let (payload, claim) = (event.to_json(), event.timestamp.as_millisecond());
        let record = FutureRecord::to(METRICS_RAW.name).partition(3).key(&event.service).payload(&payload);
        producer.send_result(record.timestamp(claim)).unwrap();
    };
    let end = Timestamp::now();
    for tenth in 0..1_800 {
        let at = end - seconds(180) + SignedDuration::from_millis(tenth * 100);
        send(&event("neighbour", at, Mood::Failing, tenth.unsigned_abs()));
        if tenth % 100 == 50 {
            send(&event("fast", at + seconds(7_200), Mood::Well, 0));
        }
    }
    producer.flush(PATIENCE).unwrap();

    let process = Process::start(&kafka, None);
    eventually("alert of the neighbour", PATIENCE, async || {
        let is_it = |alert: &tidewatch_contract::AlertEvent| {
            alert.rule == "HighErrorRate" && alert.state == AlertState::Firing && alert.group["service"] == "neighbour"
        };
        alerts(&kafka).await.iter().any(is_it).then_some(())
    })
    .await;
    let totals = eventually("count of every event", PATIENCE, async || {
        let totals = process.status().await?["totals"].clone();
        (totals["lag"] == 0 && totals["produced"] == 1_818).then_some(totals)
    })
    .await;
    assert_eq!((totals["processed"].as_u64(), totals["late"].as_u64()), (Some(1_800), Some(0)), "{totals}");
    let letters = dead_letters(&kafka).await;
    assert_eq!(letters.len(), 18);
    assert!(
        letters
            .values()
            .all(|letter| DeadLetterHeaders::read(|name| letter.header(name)).unwrap().reason == "from_future")
    );
}

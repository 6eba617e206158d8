//! How the relay handles its broker.
use crate::{
    receiver::{Mood, Receiver},
    running::{Processor, To, start},
};
use tidewatch_kafka::{KafkaArgs, Message, Producer, topics::ALERTS_FIRED};
use tidewatch_testkit::Broker;

#[tokio::test(flavor = "multi_thread")]
async fn without_a_broker_it_is_not_ready_gives_the_reason_and_shuts_down_cleanly() {
    // Bound but not listening, so connections fail.
    let nobody = Receiver::down();
    let receiver = Receiver::up(Mood::Accepts);
    let kafka = KafkaArgs::new(nobody.addr.to_string());
    let relay = start(&kafka, To::Webhooks(&[&receiver.webhook])).await;
    relay.is_unready("can't read alerts.fired").await;
    relay.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kafka_outage_is_reported_and_survived_without_a_restart() {
    let test = "a_kafka_outage_is_reported_and_survived_without_a_restart";
    let Some(mut broker) = Broker::real(test).await else { return };
    let receiver = Receiver::up(Mood::Accepts);
    let processor = Processor::new(broker.args());
    let relay = start(broker.args(), To::Webhooks(&[&receiver.webhook])).await;
    processor.fires("a").await;
    receiver.hears("a", "firing").await;
    relay.is_ready().await;

    broker.kafka().unwrap().kill();
    relay.is_unready("no answer from the broker in the last 10 s").await;
    broker.kafka().unwrap().restart().await.unwrap();
    relay.is_ready().await;
    processor.resolves("a").await;
    receiver.hears("a", "resolved").await;
    relay.stop().await;
    assert_eq!(receiver.heard().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_is_not_an_alert_is_counted_and_skipped() {
    let broker = Broker::in_process();
    let receiver = Receiver::up(Mood::Accepts);
    let producer = Producer::new(broker.args(), "test").unwrap();
    for payload in [&b"not json"[..], b"{}", &[0xff, 0xfe]] {
        let message = Message {
            topic: ALERTS_FIRED.name,
            partition: None,
            key: Some(b"HighErrorRate:region=us-east-1,service=a"),
            payload: Some(payload),
            schema: None,
            headers: &[],
        };
        producer.send(message).await.unwrap();
    }
    let relay = start(broker.args(), To::Webhooks(&[&receiver.webhook])).await;
    Processor::new(broker.args()).fires("a").await;
    receiver.hears("a", "firing").await;
    relay.has_counted("alert_relay_records_total{outcome=\"invalid\"}", 3).await;
    relay.stop().await;
}

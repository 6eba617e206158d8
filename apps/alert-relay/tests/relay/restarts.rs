//! A relay that is killed or stopped loses nothing, and doesn't send again what was accepted and committed.
use crate::{
    receiver::{Mood, Receiver},
    running::{Processor, SOON, To, start},
};
use jiff::SignedDuration;
use tidewatch_kafka::{Reader, topics::ALERTS_FIRED};
use tidewatch_testkit::{Broker, eventually};

fn notified(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(service, status)| ((*service).to_owned(), (*status).to_owned())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn after_kills_while_the_receiver_is_down_everything_is_sent_once() {
    killed_while_the_receiver_is_down(Broker::in_process()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_kills_while_the_receiver_is_down_everything_is_sent_once_from_a_real_kafka() {
    let test = "after_kills_while_the_receiver_is_down_everything_is_sent_once_from_a_real_kafka";
    if let Some(broker) = Broker::real(test).await {
        killed_while_the_receiver_is_down(broker).await;
    }
}

async fn killed_while_the_receiver_is_down(broker: Broker) {
    let processor = Processor::new(broker.args());
    let mut receiver = Receiver::down();
    let webhook = receiver.webhook.clone();
    let unreachable = format!("alert_relay_requests_total{{outcome=\"unreachable\",receiver=\"{}\"}}", receiver.addr);

    let first = start(broker.args(), To::Webhooks(&[&webhook])).await;
    processor.fires("a").await;
    processor.fires("b").await;
    processor.resolves("a").await;
    first.has_counted(&unreachable, 3).await;
    first.kill().await;

    let second = start(broker.args(), To::Webhooks(&[&webhook])).await;
    second.has_counted(&unreachable, 1).await;
    receiver.opens();
    receiver.hears("a", "resolved").await;
    receiver.hears("b", "firing").await;
    committed(&broker, 3).await;
    second.kill().await;
    let mut heard = receiver.heard();
    let of_a: Vec<_> = heard.iter().filter(|(service, _)| service == "a").cloned().collect();
    assert_eq!(of_a, notified(&[("a", "firing"), ("a", "resolved")]), "in order");
    heard.sort();
    assert_eq!(heard, notified(&[("a", "firing"), ("a", "resolved"), ("b", "firing")]), "each once");

    // The next relay sends only what is new.
    let third = start(broker.args(), To::Webhooks(&[&webhook])).await;
    processor.fires("c").await;
    receiver.hears("c", "firing").await;
    third.stop().await;
    assert_eq!(receiver.heard().len(), 4);
    committed(&broker, 4).await;
}

/// Waits until this many records are committed.
async fn committed(broker: &Broker, records: i64) {
    let reader = Reader::with_group(broker.args(), "test", "alert-relay").unwrap();
    eventually(&format!("{records} records are committed"), SOON, async || {
        let committed = reader.committed(&ALERTS_FIRED).await.ok()?;
        (committed.values().sum::<i64>() == records).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn repeated_kills_lose_nothing_and_repetitions_have_the_same_fingerprint_and_status() {
    let broker = Broker::in_process();
    let processor = Processor::new(broker.args());
    let receiver = Receiver::up(Mood::Accepts);
    let services: Vec<String> = (0..6).map(|n| format!("s{n}")).collect();
    for service in &services {
        // The relay is killed once it has sent something, usually before that is committed.
        let heard = receiver.heard().len();
        let relay = start(broker.args(), To::Webhooks(&[&receiver.webhook])).await;
        processor.fires(service).await;
        eventually("a new alert is sent", SOON, async || (receiver.heard().len() > heard).then_some(())).await;
        relay.kill().await;
    }
    for service in &services {
        processor.resolves(service).await;
    }
    let relay = start(broker.args(), To::Webhooks(&[&receiver.webhook])).await;
    for service in &services {
        receiver.hears(service, "resolved").await;
    }
    relay.stop().await;
    let mut heard = receiver.heard();
    heard.sort();
    heard.dedup();
    assert_eq!(heard.len(), 2 * services.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn alerts_resolved_long_before_the_relay_starts_are_not_sent() {
    let broker = Broker::in_process();
    let receiver = Receiver::up(Mood::Accepts);
    let past = Processor::ago(broker.args(), SignedDuration::from_mins(16));
    past.fires("over").await;
    past.resolves("over").await;
    past.fires("still").await;
    let relay = start(broker.args(), To::Webhooks(&[&receiver.webhook])).await;
    receiver.hears("still", "firing").await;
    relay.has_counted("alert_relay_stale_total", 2).await;
    relay.stop().await;
    assert_eq!(receiver.heard(), notified(&[("still", "firing")]));
}

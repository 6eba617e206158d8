//! Receivers that refuse or hang: no alert is lost, other receivers are not delayed, and readiness reports the failure.
use crate::{
    receiver::{Mood, Receiver},
    running::{Processor, SOON, To, start},
};
use tidewatch_testkit::{Broker, eventually};

async fn asked(receiver: &Receiver, requests: usize) {
    eventually("the request is sent again", SOON, async || (receiver.requests() >= requests).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_answers_500_and_recovers_receives_each_transition_once_and_in_order() {
    let broker = Broker::in_process();
    let processor = Processor::new(broker.args());
    let receiver = Receiver::up(Mood::Refuses);
    let relay = start(broker.args(), To::Webhooks(&[&receiver.webhook])).await;
    relay.is_ready().await;
    processor.fires("a").await;
    processor.resolves("a").await;
    asked(&receiver, 3).await;
    relay.is_unready("answered 500").await;

    receiver.turns(Mood::Accepts);
    receiver.hears("a", "resolved").await;
    relay.is_ready().await;
    relay.stop().await;
    assert_eq!(receiver.heard(), [("a".into(), "firing".into()), ("a".into(), "resolved".into())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_finds_a_request_too_large_gets_its_alerts_in_smaller_ones() {
    let broker = Broker::in_process();
    let processor = Processor::new(broker.args());
    let mut expected = Vec::new();
    for region in ["a", "b", "c", "d", "e"] {
        processor.fires_in(region, "shop").await;
        expected.push(("shop".into(), "firing".into()));
    }
    let receiver = Receiver::up(Mood::Limits(2));
    let relay = start(broker.args(), To::Webhooks(&[&receiver.webhook])).await;
    eventually("all five are sent", SOON, async || (receiver.heard().len() == 5).then_some(())).await;
    relay.is_ready().await;
    relay.stop().await;
    assert_eq!(receiver.heard(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_counts_as_a_rejection_and_the_alert_is_sent_once_it_ends() {
    let broker = Broker::in_process();
    let processor = Processor::new(broker.args());
    let receiver = Receiver::up(Mood::Redirects);
    let relay = start(broker.args(), To::Webhooks(&[&receiver.webhook])).await;
    processor.fires("a").await;
    asked(&receiver, 2).await;
    relay.is_unready("it redirects to another path there; use that address").await;
    let refused = format!("alert_relay_requests_total{{outcome=\"refused\",receiver=\"{}\"}}", receiver.addr);
    relay.has_counted(&refused, 2).await;
    let (_, readiness) = relay.readiness().await;
    assert!(!readiness.contains("secret"), "{readiness}");

    receiver.turns(Mood::Accepts);
    receiver.hears("a", "firing").await;
    relay.stop().await;
    assert_eq!(receiver.redirected(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hanging_receiver_is_retried_while_another_receives_its_alerts() {
    let broker = Broker::in_process();
    let processor = Processor::new(broker.args());
    let (hanging, well) = (Receiver::up(Mood::Hangs), Receiver::up(Mood::Accepts));
    let relay = start(broker.args(), To::Webhooks(&[&hanging.webhook, &well.webhook])).await;
    processor.fires("a").await;
    well.hears("a", "firing").await;
    relay.is_unready("no answer within 5 s").await;
    processor.fires("b").await;
    well.hears("b", "firing").await;
    asked(&hanging, 3).await;

    hanging.turns(Mood::Accepts);
    hanging.hears("a", "firing").await;
    hanging.hears("b", "firing").await;
    relay.is_ready().await;
    relay.stop().await;
    assert_eq!(well.heard().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_alertmanager_that_accepts_is_enough() {
    let broker = Broker::in_process();
    let processor = Processor::new(broker.args());
    let (hanging, well) = (Receiver::up(Mood::Hangs), Receiver::up(Mood::Accepts));
    let url = |receiver: &Receiver| format!("http://{}", receiver.addr);
    let relay = start(broker.args(), To::Alertmanagers(&[&url(&hanging), &url(&well)])).await;
    let event = processor.fires("a").await;
    let accepted = format!("alert_relay_notifications_total{{receiver=\"{}\",state=\"firing\"}}", well.addr);
    relay.has_counted(&accepted, 1).await;
    relay.is_ready().await;
    // Requests to both are sent at the same time, and the order of arrival varies.
    asked(&hanging, 1).await;
    relay.stop().await;
    let [body] = well.bodies().try_into().unwrap();
    assert_eq!(body[0]["startsAt"], event.started_at.to_string());
    assert_eq!(hanging.requests(), 1);
}

//! A client reports that it has lost its brokers for good. It doesn't report an outage.
//!
//! A broker that Kafka's controller takes for dead answers that there are topics but no brokers. About half of all
//! clients return from that; with `metadata.recovery.strategy=none`, none does.
#![allow(clippy::unwrap_used, missing_docs)]

use std::time::Duration;

use tidewatch_kafka::topics::METRICS_RAW;
use tidewatch_kafka::{
    Commit, Committed, GroupArgs, GroupConsumer, KafkaArgs, KafkaError, Ownership, Producer, Reader,
};
use tidewatch_service::Failure;
use tidewatch_testkit::{Broker, Proxy, brokers, eventually};
use tokio::time::{sleep, timeout};

/// For what takes seconds, or 30 s in the case of a report. The machine may be busy.
const PATIENCE: Duration = Duration::from_secs(120);
/// Longer than a client must be lost.
const OUTAGE: Duration = Duration::from_secs(40);
const REACHED: Duration = Duration::from_secs(10);

/// A handler of no records.
struct Idle;

impl Ownership for Idle {
    fn assigned(&mut self, partitions: Vec<Committed>) -> Result<Vec<(i32, i64)>, KafkaError> {
        Ok(partitions.iter().map(|assigned| (assigned.partition, 0)).collect())
    }

    fn revoked(&mut self, _: &[i32], _: &dyn Fn(&[Commit]) -> Result<(), KafkaError>) {}

    fn lost(&mut self, _: &[i32]) {}
}

/// One client of each kind, each with its own report.
struct Clients {
    reports: Vec<(&'static str, Failure)>,
    producer: Producer,
    reader: Reader,
    member: GroupConsumer<Idle>,
}

impl Clients {
    fn start(proxy: &Proxy, properties: &[&str]) -> Self {
        let mut reports = Vec::new();
        let mut args = |client| {
            let failure = Failure::default();
            reports.push((client, failure.clone()));
            let kafka_config = properties.iter().map(|text| text.parse().unwrap()).collect();
            KafkaArgs { kafka_config, failure, ..proxy.args().clone() }
        };
        let producer = Producer::new(&args("test-producer"), "test-producer").unwrap();
        let reader = Reader::new(&args("test-reader"), "test-reader").unwrap();
        let (args, group) = (args("test-member"), GroupArgs::default());
        let member = GroupConsumer::join(&args, &group, "test-member", METRICS_RAW, Idle).unwrap();
        Self { reports, producer, reader, member }
    }

    async fn are_reachable(&self) {
        eventually("answers", PATIENCE, async || {
            let reached = self.producer.reachable_within(REACHED)
                && self.reader.reachable_within(REACHED)
                && self.member.reachable_within(REACHED);
            reached.then_some(())
        })
        .await;
    }

    async fn have_reported_nothing(&self) {
        for (client, failure) in &self.reports {
            assert!(timeout(Duration::ZERO, failure.reported()).await.is_err(), "{client} has reported");
        }
    }
}

/// Fences the broker until each client has received an answer without brokers.
async fn fence(proxy: &Proxy) {
    proxy.fence(true);
    let clients = ["test-producer", "test-reader", "test-member", "test-member-ends"];
    let told = async || clients.iter().all(|client| proxy.told(client)).then_some(());
    eventually("answers without brokers", PATIENCE, told).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_of_each_kind_report_that_they_have_lost_their_brokers() {
    for broker in brokers("clients_of_each_kind_report_that_they_have_lost_their_brokers").await {
        let proxy = Proxy::start(&broker.args().brokers).await;
        let clients = Clients::start(&proxy, &["metadata.recovery.strategy=none"]);
        clients.are_reachable().await;
        fence(&proxy).await;
        proxy.fence(false);
        for (client, failure) in &clients.reports {
            let why = timeout(PATIENCE, failure.reported()).await.expect(client);
            // A member has a second client, which may be the first to notice.
            assert!(why.starts_with(&format!("kafka client {client}")), "{why}");
            assert!(why.contains("has lost all brokers for good: no answer for 30 s"), "{why}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_is_not_reported_and_the_clients_return_from_it() {
    let broker = Broker::in_process();
    let proxy = Proxy::start(&broker.args().brokers).await;
    let port = proxy.port();
    let clients = Clients::start(&proxy, &[]);
    clients.are_reachable().await;
    drop(proxy);
    sleep(OUTAGE).await;
    clients.have_reported_nothing().await;
    let _proxy = Proxy::start_on(&broker.args().brokers, port).await;
    clients.are_reachable().await;
    clients.have_reported_nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_reported_while_the_broker_is_fenced() {
    let broker = Broker::in_process();
    let proxy = Proxy::start(&broker.args().brokers).await;
    let clients = Clients::start(&proxy, &["metadata.recovery.strategy=none"]);
    clients.are_reachable().await;
    fence(&proxy).await;
    sleep(OUTAGE).await;
    clients.have_reported_nothing().await;
}

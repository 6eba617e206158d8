//! Apache Kafka as a child process: start, data, stop.
#![allow(clippy::unwrap_used, missing_docs)]
#![allow(clippy::print_stdout)]

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, test_kill_process_group};
use tidewatch_kafka::{KafkaArgs, Message, Producer, Reader, topics};
use tidewatch_servers::ServerError;
use tidewatch_servers::kafka::{Installation, RealKafka};
use tidewatch_servers::process::{Port, PortError};
use tidewatch_testkit::kafka;

async fn start(installation: &Installation, dir: &Path) -> RealKafka {
    RealKafka::start(installation, dir, Port::Free).await.unwrap()
}

async fn write(broker: &RealKafka, payload: &str) {
    let args = KafkaArgs::new(broker.brokers());
    let topic = topics::LOGS_RAW.name;
    let payload = Some(payload.as_bytes());
    let message = Message { topic, partition: Some(0), key: None, payload, schema: None, headers: &[] };
    Producer::new(&args, "test").unwrap().send(message).await.unwrap();
}

async fn all(broker: &RealKafka) -> Vec<String> {
    let reader = Reader::new(&KafkaArgs::new(broker.brokers()), "test").unwrap();
    let records = reader.read_to_end(&topics::LOGS_RAW).await.unwrap();
    records.iter().map(|record| String::from_utf8(record.payload.clone()).unwrap()).collect()
}

fn group(broker: &RealKafka) -> Pid {
    Pid::from_raw(broker.pid().try_into().unwrap()).unwrap()
}

fn until_gone(group: Pid) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while test_kill_process_group(group).is_ok() {
        assert!(Instant::now() < deadline, "processes of group {group:?} still run");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[tokio::test]
async fn acknowledged_records_survive_a_kill_and_a_restart_on_the_same_port() {
    let Some(installation) = kafka("acknowledged_records_survive_a_kill_and_a_restart_on_the_same_port") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let mut broker = start(&installation, dir.path()).await;
    topics::ensure(&KafkaArgs::new(broker.brokers())).await.unwrap();
    write(&broker, "before").await;
    let (address, killed) = (broker.brokers(), group(&broker));

    broker.kill();
    until_gone(killed);
    broker.restart().await.unwrap();

    assert_eq!(broker.brokers(), address);
    write(&broker, "after").await;
    assert_eq!(all(&broker).await, ["before", "after"]);
}

#[tokio::test]
async fn a_later_start_on_other_ports_finds_the_data_of_a_graceful_stop() {
    let Some(installation) = kafka("a_later_start_on_other_ports_finds_the_data_of_a_graceful_stop") else { return };
    let dir = tempfile::tempdir().unwrap();
    let broker = start(&installation, dir.path()).await;
    topics::ensure(&KafkaArgs::new(broker.brokers())).await.unwrap();
    write(&broker, "kept").await;
    let stopped = group(&broker);
    broker.stop().await;
    until_gone(stopped);
    let log = std::fs::read_to_string(dir.path().join("kafka.log")).unwrap();
    assert!(log.contains("shut down completed") || log.contains("shutdown completed"), "not graceful:\n{log}");

    let broker = start(&installation, dir.path()).await;
    assert_eq!(all(&broker).await, ["kept"]);
}

#[tokio::test]
async fn two_brokers_run_side_by_side_and_dropping_one_leaves_the_other() {
    let Some(installation) = kafka("two_brokers_run_side_by_side_and_dropping_one_leaves_the_other") else { return };
    let (left, right) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let left = start(&installation, left.path()).await;
    let right = start(&installation, right.path()).await;
    let dropped = group(&left);
    drop(left);
    until_gone(dropped);
    topics::ensure(&KafkaArgs::new(right.brokers())).await.unwrap();
}

#[tokio::test]
async fn a_port_in_use_is_refused_before_anything_is_written() {
    let Some(installation) = kafka("a_port_in_use_is_refused_before_anything_is_written") else { return };
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let dir = tempfile::tempdir().unwrap();
    let error = RealKafka::start(&installation, dir.path(), Port::Fixed(port)).await.unwrap_err();
    assert!(matches!(error, ServerError::Port(PortError::InUse(p)) if p == port), "{error:?}");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

/// The test runs itself a second time, as the process that starts the broker and is then killed.
#[test]
fn no_process_is_left_behind_when_the_one_that_started_the_broker_is_killed() {
    const THIS: &str = "no_process_is_left_behind_when_the_one_that_started_the_broker_is_killed";
    const DIR: &str = "TIDEWATCH_TEST_BROKER_DIR";
    let Some(installation) = kafka(THIS) else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    if let Some(dir) = std::env::var_os(DIR) {
        let broker = runtime.block_on(start(&installation, Path::new(&dir)));
        println!("\nbroker {}", broker.pid());
        loop {
            std::thread::park();
        }
    }

    let dir = tempfile::tempdir().unwrap();
    let mut starter = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", THIS, "--nocapture"])
        .env(DIR, dir.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let pid = BufReader::new(starter.stdout.take().unwrap())
        .lines()
        .find_map(|line| line.unwrap().strip_prefix("broker ")?.parse().ok())
        .expect("the starter ended before its broker was ready");
    let group = Pid::from_raw(pid).unwrap();
    test_kill_process_group(group).unwrap();

    kill_process(Pid::from_child(&starter), Signal::KILL).unwrap();
    starter.wait().unwrap();
    until_gone(group);
}

//! `tidewatch topics` creates the topics that services need when they run on their own.

use std::process::{Command, Output};

use tidewatch_kafka::topics::ALL;
use tidewatch_servers::kafka::RealKafka;
use tidewatch_servers::process::Port;
use tidewatch_testkit::kafka;

fn topics(brokers: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tidewatch")).args(["topics", "--brokers", brokers]).output().unwrap()
}

/// Returns the topics for which it printed `what`, in the order of the output.
fn said(output: &Output, what: &str) -> Vec<String> {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().filter_map(|line| Some(line.strip_suffix(what)?.trim().to_owned())).collect()
}

#[tokio::test]
async fn topics_creates_missing_topics_and_leaves_existing_ones() {
    let Some(installation) = kafka("topics_creates_missing_topics_and_leaves_existing_ones") else { return };
    let dir = tempfile::tempdir().unwrap();
    let kafka = RealKafka::start(&installation, dir.path(), Port::Free).await.unwrap();
    let all: Vec<_> = ALL.iter().map(|topic| topic.name.to_owned()).collect();

    assert_eq!(said(&topics(&kafka.brokers()), "created"), all);
    assert_eq!(said(&topics(&kafka.brokers()), "already exists"), all);
}

#[test]
fn topics_names_the_brokers_that_can_not_be_used_and_the_reason() {
    let output = topics("127.0.0.1:1");
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.starts_with("error: --brokers 127.0.0.1:1 can't be used: nothing listens at 127.0.0.1:1: "), "{said}");
}

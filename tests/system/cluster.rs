//! `--target k8s`: verbs find Tidewatch in a cluster and reach it through forwarded ports, or say what to do.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::json;
use tidewatch_contract::Event;
use tidewatch_contract::RequestEvent;
use tidewatch_kafka::Reader;
use tidewatch_kafka::topics::METRICS_RAW;
use tidewatch_platform::CONSOLE_PAGE;
use tidewatch_testkit::cluster::{FakeCluster, pod, service};
use tidewatch_testkit::{Broker, skipped};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Runs the binary with this kubeconfig, while the servers of the test go on.
async fn tidewatch(kubeconfig: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidewatch"));
    command.args(arguments).env("KUBECONFIG", kubeconfig).env_remove("TIDEWATCH_BROKERS").env_remove("BROKERS");
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Starts a console that has no services to show.
async fn console() -> SocketAddr {
    let status = json!({
        "services": {},
        "totals": {"produced": 0, "processed": 0, "late": 0, "dead_lettered": 0, "lag": 0},
    })
    .to_string();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let mut head = [0; 4096];
            let _ = connection.read(&mut head).await;
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                status.len()
            );
            let _ = connection.write_all(format!("{head}{status}").as_bytes()).await;
        }
    });
    address
}

#[tokio::test]
async fn a_verb_finds_tidewatch_in_a_cluster_wherever_the_flag_stands() {
    let fake = FakeCluster::start().await;
    let port = CONSOLE_PAGE.number();
    fake.set("services", vec![service("console", "page", port)]);
    fake.set("pods", vec![pod("console-1", true)]);
    fake.lead("console-1", port, console().await);
    for arguments in [["--target", "k8s", "status"], ["status", "--target", "k8s:fake"]] {
        let output = tidewatch(fake.kubeconfig(), &arguments).await;
        assert!(output.status.success(), "{arguments:?}: {}", said(&output));
        assert_eq!(said(&output), "no service has sent anything yet\n");
    }
    fake.set("pods", vec![]);
    let output = tidewatch(fake.kubeconfig(), &["status", "--target", "k8s"]).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("no pod of console runs: there is none"), "{}", said(&output));
    assert!(!said(&output).contains("tidewatch up"), "{}", said(&output));
}

#[tokio::test]
async fn a_log_is_replayed_to_a_broker_in_a_cluster() {
    let broker = Broker::in_process();
    let own: SocketAddr = broker.args().brokers.split(',').next().unwrap().parse().unwrap();
    let fake = FakeCluster::start().await;
    fake.set("services", vec![service("kafka", "broker", own.port())]);
    fake.set("pods", vec![pod("kafka-0", true)]);
    fake.lead("kafka-0", own.port(), own);
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("shop.log");
    std::fs::write(&log, "1.2.3.4 - - [17/May/2015:10:05:03 +0000] \"GET /a HTTP/1.1\" 200 1\n").unwrap();
    let output = tidewatch(fake.kubeconfig(), &["replay", log.to_str().unwrap(), "--target", "k8s"]).await;
    assert!(output.status.success(), "{}", said(&output));
    let records = Reader::new(broker.args(), "test").unwrap().read_to_end(&METRICS_RAW).await.unwrap();
    let services: Vec<String> =
        records.iter().map(|record| RequestEvent::parse(&record.payload).unwrap().service).collect();
    assert_eq!(services, ["shop"]);
}

#[tokio::test]
async fn a_broker_that_can_not_be_reached_is_reported_with_the_reason() {
    let fake = FakeCluster::start().await;
    fake.set("services", vec![service("kafka", "broker", 9092)]);
    for arguments in [&["topics", "--target", "k8s"][..], &["load", "--rate", "1", "--target", "k8s"]] {
        let output = tidewatch(fake.kubeconfig(), arguments).await;
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert_eq!(said(&output), "error: --target: no pod of kafka runs: there is none\n", "{arguments:?}");
    }
}

#[tokio::test]
async fn a_cluster_that_can_not_be_used_is_named_with_the_flag() {
    let fake = FakeCluster::start().await;
    let nowhere = fake.kubeconfig().with_file_name("missing");
    let config = fake.kubeconfig().to_owned();
    let rows: [(&Path, &[&str], i32, &str); 10] = [
        (&nowhere, &["status", "--target", "k8s"], 64, "--target: no kubeconfig: "),
        (
            &config,
            &["status", "--target", "k8s:other"],
            64,
            "--target: the kubeconfig has no context other; it has fake",
        ),
        (&config, &["status", "--target", "k8s:"], 64, "k8s:CONTEXT"),
        (&config, &["up", "--target", "k8s"], 64, "--target: `tidewatch up` doesn't take it"),
        (&config, &["load", "--rate", "1", "--target", "k8s", "--brokers", "h:1"], 64, "name only one of them"),
        (&config, &["topics", "--target", "k8s", "--brokers", "h:1"], 64, "name only one of them"),
        (&config, &["slo", "status", "--target", "k8s", "--prometheus", "http://h"], 64, "name only one of them"),
        (&config, &["status", "--namespace", "shop"], 64, "--namespace: needs --target k8s"),
        (&config, &["up", "--namespace", "shop"], 64, "--namespace: needs --target k8s"),
        (&config, &["verify", "--target", "k8s", "--namespace", "shop"], 1, "namespace shop of context fake has no"),
    ];
    for (kubeconfig, arguments, code, sentence) in rows {
        let output = tidewatch(kubeconfig, arguments).await;
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", said(&output));
        assert!(said(&output).contains(sentence), "{arguments:?}: {}", said(&output));
    }
}

#[tokio::test]
async fn the_status_of_a_real_cluster_is_shown() {
    const CONTEXT: &str = "TIDEWATCH_TEST_CONTEXT";
    let Ok(context) = std::env::var(CONTEXT) else {
        return skipped(
            "the_status_of_a_real_cluster_is_shown",
            format_args!("needs a cluster with Tidewatch: set {CONTEXT} to its context"),
        );
    };
    let target = format!("k8s:{context}");
    let output = Command::new(env!("CARGO_BIN_EXE_tidewatch")).args(["status", "--target", &target]).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert!(said(&output).contains("payment-service"), "{}", said(&output));
}

//! Forwarded ports, with an API server of the test: they lead to pods that run at the time of each connection.
#![allow(clippy::unwrap_used, missing_docs)]

use std::time::Duration;

use tidewatch_client::{Admin, HttpUrl};
use tidewatch_cluster::{Cluster, Error, NAMESPACE};
use tidewatch_contract::{Event, RequestEvent};
use tidewatch_kafka::topics::METRICS_RAW;
use tidewatch_kafka::{KafkaArgs, Message, Producer, Reader};
use tidewatch_testkit::cluster::{FakeCluster, pod, service};
use tidewatch_testkit::{Broker, request};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

async fn connect(fake: &FakeCluster) -> Cluster {
    Cluster::new(Some(fake.kubeconfig()), None, NAMESPACE).await.unwrap()
}

/// Returns the address of the component that `Cluster::forward` found.
async fn address(fake: &FakeCluster, name: &str) -> String {
    let places = connect(fake).await.forward().await.unwrap();
    places.into_iter().find(|(known, _)| *known == name).unwrap_or_else(|| panic!("no {name}")).1
}

fn admin(url: &str) -> Admin {
    Admin::new("processor", url.parse::<HttpUrl>().unwrap(), Duration::from_secs(5)).unwrap()
}

/// Starts an HTTP server that answers every request with this text.
async fn answers(text: &'static str) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let mut head = [0; 4096];
            let _ = connection.read(&mut head).await;
            let answer =
                format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{text}", text.len());
            let _ = connection.write_all(answer.as_bytes()).await;
        }
    });
    address
}

#[tokio::test]
async fn each_request_goes_to_a_pod_that_runs_when_it_is_sent() {
    let fake = FakeCluster::start().await;
    fake.set("services", vec![service("stream-processor", "admin", 9464), service("unrelated", "http", 80)]);
    let other = || pod("console-1", true);
    fake.set("pods", vec![other(), pod("stream-processor-old", true)]);
    fake.lead("stream-processor-old", 9464, answers("old").await);
    fake.lead("stream-processor-new", 9464, answers("new").await);
    let processor = admin(&address(&fake, "stream-processor").await);
    assert_eq!(processor.metrics().await.unwrap(), "old");

    // During a rollout, the pod that is ready gets the request.
    fake.set("pods", vec![other(), pod("stream-processor-new", true), pod("stream-processor-old", false)]);
    assert_eq!(processor.metrics().await.unwrap(), "new");
    fake.set("pods", vec![pod("stream-processor-new", false), other()]);
    assert_eq!(processor.metrics().await.unwrap(), "new", "it may answer why it isn't ready");
}

#[tokio::test]
async fn a_request_that_no_pod_can_answer_is_answered_with_the_reason() {
    let fake = FakeCluster::start().await;
    fake.set("services", vec![service("stream-processor", "admin", 9464)]);
    let processor = admin(&address(&fake, "stream-processor").await);
    let said = processor.metrics().await.unwrap_err().to_string();
    assert!(said.contains("502") && said.contains("no pod of stream-processor runs: there is none"), "{said}");

    let mut pending = pod("stream-processor-1", false);
    pending["status"] = serde_json::json!({"phase": "Pending",
        "conditions": [{"type": "PodScheduled", "status": "False", "message": "Insufficient memory"}]});
    fake.set("pods", vec![pending]);
    let said = processor.metrics().await.unwrap_err().to_string();
    assert!(said.contains("stream-processor-1 is Pending: Insufficient memory"), "{said}");

    fake.refuse("pods", 403, "pods is forbidden: no");
    let said = processor.metrics().await.unwrap_err().to_string();
    assert!(said.contains("context fake may not do this: pods is forbidden: no"), "{said}");
}

#[tokio::test]
async fn records_reach_a_broker_whose_own_address_is_not_reachable() {
    let broker = Broker::in_process();
    let own: std::net::SocketAddr = broker.args().brokers.split(',').next().unwrap().parse().unwrap();
    let fake = FakeCluster::start().await;
    fake.set("services", vec![service("kafka", "broker", own.port())]);
    fake.set("pods", vec![pod("kafka-0", true)]);
    fake.lead("kafka-0", own.port(), own);
    let kafka = KafkaArgs::new(address(&fake, "kafka").await);

    let event = request("payment-service", "us-east-1");
    let payload = event.to_json();
    let producer = Producer::new(&kafka, "test").unwrap();
    let message = Message::event::<RequestEvent>(METRICS_RAW.name, &event.service, &payload);
    producer.send(message).await.unwrap();
    let records = Reader::new(&kafka, "test").unwrap().read_to_end(&METRICS_RAW).await.unwrap();
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].payload, payload);
    // Two clients with a connection for the addresses and one for records. The broker's own address, which it told
    // both, works on this machine: a client that used it would have needed fewer.
    let forwarded = fake.forwarded();
    assert!(forwarded.len() >= 4, "{forwarded:?}");
    assert!(forwarded.iter().all(|connection| *connection == ("kafka-0".to_owned(), own.port())));
}

/// Starts a server that answers every request with the address of the broker `kafka-1.kafka:9092`.
async fn tells_of_another_broker() -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let _ = connection.read_u32().await;
            let _ = connection.read_exact(&mut [0; 8]).await;
            // Version 0: the id of the request, one broker with its id, and no topic.
            let answer =
                [&[0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1][..], b"\0\x0dkafka-1.kafka", &[0, 0, 35, 132, 0, 0, 0, 0]];
            let answer = answer.concat();
            let _ = connection.write_u32(answer.len() as u32).await;
            let _ = connection.write_all(&answer).await;
        }
    });
    address
}

/// Sends a request for metadata to a forwarded port, and returns the end of the answer, which is the only broker's
/// forwarded port; `None` if the connection ended.
async fn broker_told_by(place: &str) -> Option<String> {
    let mut connection = TcpStream::connect(place).await.unwrap();
    connection.write_all(&[0, 0, 0, 8, 0, 3, 0, 0, 0, 0, 0, 1]).await.unwrap();
    let mut answer = vec![0; connection.read_u32().await.ok()? as usize];
    connection.read_exact(&mut answer).await.ok()?;
    let [.., high, low, _, _, _, _] = answer[..] else { panic!("{answer:?}") };
    Some(format!("127.0.0.1:{}", u16::from_be_bytes([high, low])))
}

#[tokio::test]
async fn a_connection_meant_for_one_broker_never_leads_to_another() {
    let fake = FakeCluster::start().await;
    fake.set("services", vec![service("kafka", "broker", 9092)]);
    fake.set("pods", vec![pod("kafka-0", true), pod("kafka-1", false)]);
    let server = tells_of_another_broker().await;
    fake.lead("kafka-0", 9092, server);
    fake.lead("kafka-1", 9092, server);
    let other = broker_told_by(&address(&fake, "kafka").await).await.unwrap();
    assert!(broker_told_by(&other).await.is_some());
    let pods = || fake.forwarded().into_iter().map(|(pod, _)| pod).collect::<Vec<_>>();
    assert_eq!(pods(), ["kafka-0", "kafka-1"]);

    fake.set("pods", vec![pod("kafka-0", true)]);
    assert_eq!(broker_told_by(&other).await, None);
    assert_eq!(pods(), ["kafka-0", "kafka-1"]);
}

#[tokio::test]
async fn the_reason_why_no_broker_can_be_used_is_told() {
    let fake = FakeCluster::start().await;
    fake.set("services", vec![service("kafka", "broker", 9092)]);
    let cluster = connect(&fake).await;
    let said = async || cluster.check_kafka().await.unwrap_err().to_string();
    assert_eq!(said().await, "no pod of kafka runs: there is none");
    fake.set("pods", vec![pod("kafka-0", true)]);
    let nobody = said().await;
    assert!(nobody.starts_with("kafka-0 doesn't answer as a broker: "), "{nobody}");
    // A broker that requires TLS sends an alert of TLS. The answer of this HTTP server stands for it.
    fake.lead("kafka-0", 9092, answers("").await);
    let other = said().await;
    assert!(other.contains(": not Kafka's protocol; if it needs TLS, name its addresses with --brokers"), "{other}");
    fake.refuse("pods", 403, "pods is forbidden: no");
    assert!(said().await.contains("may not do this: pods is forbidden: no"));

    let broker = Broker::in_process();
    let own: std::net::SocketAddr = broker.args().brokers.split(',').next().unwrap().parse().unwrap();
    fake.set("pods", vec![pod("kafka-0", true)]);
    fake.lead("kafka-0", 9092, own);
    cluster.check_kafka().await.unwrap();
}

#[tokio::test]
async fn a_cluster_that_can_not_be_used_says_what_to_do() {
    let fake = FakeCluster::start().await;
    let said = async |cluster: &Cluster| cluster.forward().await.unwrap_err().to_string();
    let cluster = connect(&fake).await;
    let none = said(&cluster).await;
    assert!(none.starts_with("namespace tidewatch of context fake has no Tidewatch: apply"), "{none}");
    fake.refuse("services", 403, "services is forbidden: User \"me\" cannot list");
    let forbidden = said(&cluster).await;
    assert!(forbidden.contains("context fake may not do this: services is forbidden: User \"me\""), "{forbidden}");

    fake.refuse("services", 401, "Unauthorized");
    let expired = said(&cluster).await;
    assert!(expired.ends_with("its credentials: Unauthorized; log in to the cluster again"), "{expired}");

    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("kubeconfig");
    let kubeconfig = async |context| Cluster::new(Some(&file), context, NAMESPACE).await.unwrap_err();
    let missing = kubeconfig(None).await;
    assert!(matches!(missing, Error::Kubeconfig(_)) && missing.to_string().contains("set KUBECONFIG"), "{missing}");
    let config = std::fs::read_to_string(fake.kubeconfig()).unwrap();
    std::fs::write(&file, &config).unwrap();
    let unknown = kubeconfig(Some("other")).await.to_string();
    assert_eq!(unknown, "the kubeconfig has no context other; it has fake");
    std::fs::write(&file, config.replace("current-context", "unused")).unwrap();
    let unset = kubeconfig(None).await.to_string();
    assert_eq!(unset, "the kubeconfig has no current context; name one with k8s:CONTEXT; it has fake");

    std::fs::write(&file, config.replace(r#""current-context":"fake""#, r#""current-context":"gone""#)).unwrap();
    let gone = kubeconfig(None).await.to_string();
    assert!(gone.starts_with("the kubeconfig has no context gone, which is its current one; name one with"), "{gone}");

    std::fs::write(&file, "users:\n- name: fake\n  user:\n    token: secret\n    exec: secret\n").unwrap();
    let invalid = kubeconfig(None).await.to_string();
    assert_eq!(invalid, "the kubeconfig isn't valid: see line 5");

    // Nobody listens on this port.
    let server = config.split("http://").nth(1).unwrap().split('"').next().unwrap();
    std::fs::write(&file, config.replace(server, "127.0.0.1:1")).unwrap();
    let cluster = Cluster::new(Some(&file), None, NAMESPACE).await.unwrap();
    let unreachable = said(&cluster).await;
    assert!(unreachable.starts_with("the cluster of context fake can't be reached: "), "{unreachable}");
    assert!(unreachable.contains("refused"), "{unreachable}");
}

#[tokio::test]
async fn a_credentials_plugin_that_fails_is_reported_without_what_it_was_given_and_what_it_printed() {
    let fake = FakeCluster::start().await;
    let file = fake.kubeconfig();
    let mut config: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    for (script, why) in
        [("echo secret; exit 3", "exit status: 3"), ("echo '{secret'", "what it printed can't be read")]
    {
        config["users"][0]["user"] = serde_json::json!({"exec": {
            "apiVersion": "client.authentication.k8s.io/v1", "command": "sh", "args": ["-c", script, "secret"],
            "env": [{"name": "PASSWORD", "value": "secret"}], "interactiveMode": "Never"}});
        std::fs::write(file, config.to_string()).unwrap();
        let error = Cluster::new(Some(file), None, NAMESPACE).await.unwrap_err().to_string();
        let expected = format!("context fake: the credentials plugin failed ({why}); log in to the cluster again");
        assert_eq!(error, expected);
    }
}

//! A client that can't connect says why and what to do, and fails at once if no further attempt can help.
#![allow(clippy::unwrap_used, missing_docs)]

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use tidewatch_kafka::{KafkaArgs, reach, topics};
use tidewatch_servers::kafka::RealKafka;
use tidewatch_servers::process::Port;
use tidewatch_testkit::{Broker, kafka};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

fn args(brokers: impl ToString, properties: &[&str]) -> KafkaArgs {
    let mut args = KafkaArgs::new(brokers.to_string());
    args.kafka_config = properties.iter().map(|text| text.parse().unwrap()).collect();
    args
}

async fn problem(args: &KafkaArgs) -> String {
    reach(args).await.unwrap_err().to_string()
}

#[tokio::test]
async fn a_closed_port_and_an_unknown_host_are_told_apart() {
    // Bound, so that no other process gets the port, but nothing listens.
    let socket = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = socket.local_addr().unwrap();
    drop(socket);
    let (closed, unknown) = (args(address, &[]), args("no-such-host.invalid:9092", &[]));
    let (closed, unknown) = tokio::join!(problem(&closed), problem(&unknown));
    assert_eq!(closed, format!("nothing listens at {address}: start the broker, or correct the address"));
    assert_eq!(unknown, "the host of no-such-host.invalid:9092 is unknown: check its name, and DNS");
}

/// Starts a server that answers the first bytes of a client without TLS in the way of a TLS server.
async fn tls_server(answer: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let _ = connection.read(&mut [0; 1024]).await;
            let _ = connection.write_all(answer).await;
        }
    });
    address
}

#[tokio::test]
async fn a_broker_that_expects_tls_is_recognised() {
    let alert = b"\x15\x03\x03\x00\x02\x02\x50";
    let (closing, alerting) = (tls_server(b"").await, tls_server(alert).await);
    let (closing_args, alerting_args) = (args(closing, &[]), args(alerting, &[]));
    let said = tokio::join!(problem(&closing_args), problem(&alerting_args));
    for (said, address) in [(said.0, closing), (said.1, alerting)] {
        let expected = format!("{address} closes the connection, as it does if it expects TLS: set security.protocol");
        assert!(said.starts_with(&expected), "{said}");
    }
}

#[tokio::test]
async fn a_broker_that_answers_is_reached_at_once() {
    let broker = Broker::in_process();
    let began = Instant::now();
    reach(broker.args()).await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_wrong_or_missing_password_and_a_superfluous_one_are_told_apart() {
    let Some(installation) = kafka("a_wrong_or_missing_password_and_a_superfluous_one_are_told_apart") else { return };
    let dir = tempfile::tempdir().unwrap();
    let mut broker = RealKafka::start(&installation, dir.path(), Port::Free).await.unwrap();
    let port = Port::free_beside(&[]);
    let file = dir.path().join("server.properties");
    let listener = format!(",SASL_PLAINTEXT://127.0.0.1:{port}\n");
    let mut changed = String::new();
    for line in fs::read_to_string(&file).unwrap().lines() {
        changed.push_str(line);
        changed.push_str(if line.contains("listeners=PLAINTEXT://") { &listener } else { "\n" });
    }
    changed.push_str(
        "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT\n\
         sasl.enabled.mechanisms=PLAIN\n\
         listener.name.sasl_plaintext.plain.sasl.jaas.config=\
         org.apache.kafka.common.security.plain.PlainLoginModule required user_me=\"right\";\n",
    );
    fs::write(&file, changed).unwrap();
    broker.restart().await.unwrap();
    let address = format!("127.0.0.1:{port}");
    let sasl = |password: &str| {
        let password = format!("sasl.password={password}");
        args(&address, &["security.protocol=SASL_PLAINTEXT,sasl.mechanism=PLAIN,sasl.username=me", &password])
    };
    reach(&sasl("right")).await.unwrap();
    let began = Instant::now();
    let error = topics::ensure(&sasl("hunter2")).await.unwrap_err();
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert!(!error.is_transient());
    let said = error.to_string();
    assert!(said.starts_with(&format!("{address} rejects the credentials (")), "{said}");
    assert!(said.ends_with("check sasl.mechanism, sasl.username and sasl.password"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
    let mut no_sasl = sasl("right");
    no_sasl.brokers = broker.brokers();
    let said = problem(&no_sasl).await;
    assert!(said.starts_with(&format!("{} takes no password: set ", broker.brokers())), "{said}");
    let said = problem(&args(&address, &[])).await;
    assert!(said.starts_with(&format!("{address} closes the connection, as it does if it needs a password")), "{said}");
}

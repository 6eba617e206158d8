//! Connections that were opened and abandoned must not prevent the last checkpoint.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tidewatch_kafka::topics::METRICS_RAW;
use tidewatch_kafka::{Producer, Reader};

use crate::support::{Mood, Process, event, eventually, produce, real_kafka};

const SOON: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn half_open_connections_do_not_prevent_the_last_checkpoint() {
    let Some(kafka) = real_kafka("half_open_connections_do_not_prevent_the_last_checkpoint").await else { return };
    let process = Process::start(&kafka.args, None);
    eventually("readiness", SOON, async || process.is_ready().await.then_some(())).await;
    let address = process.admin.strip_prefix("http://").unwrap().to_owned();
    let open = |text: &str| {
        let mut connection = TcpStream::connect(&address).unwrap();
        connection.write_all(text.as_bytes()).unwrap();
        connection
    };
    let held = ["", "GET /sta", "POST /livez HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\nhalf"].map(&open);
    // Connections are accepted in order: once this one is answered, the processor has accepted the others.
    let mut last = open("GET /livez HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    last.read_to_string(&mut String::new()).unwrap();

    let producer = Producer::new(&kafka.args, "test-workload").unwrap();
    let begin = Timestamp::now() - SignedDuration::from_secs(10);
    for number in 0..50 {
        produce(&producer, &event("user-service", begin, Mood::Well, number)).await;
    }
    producer.flush(SOON).await.unwrap();
    eventually("all of it processed", SOON, async || {
        process.status().await.filter(|status| status["totals"]["processed"] == 50)
    })
    .await;
    process.terminate();
    drop(held);
    let reader = Reader::with_group(&kafka.args, "test-reader", "stream-processor").unwrap();
    let committed = reader.committed(&METRICS_RAW).await.unwrap();
    assert_eq!(committed.values().filter(|offset| **offset > 0).sum::<i64>(), 50, "{committed:?}");
}

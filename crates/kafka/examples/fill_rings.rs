//! Fills the in-process broker's rings, so that a measurement of memory begins where they grow no more.
//!
//! `cargo run -p tidewatch-kafka --example fill_rings -- HOST:PORT` writes 6 MB to each partition of every topic but
//! `metrics.raw`, which the workload itself fills. Not for a broker whose data somebody wants.

use std::error::Error;
use std::time::Duration;

use tidewatch_kafka::topics::{self, METRICS_RAW};
use tidewatch_kafka::{KafkaArgs, Message, Producer};

/// A ring keeps 5 MB.
const RECORDS: usize = 96;
const RECORD_BYTES: usize = 64 * 1024;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let brokers = std::env::args().nth(1).ok_or("which broker? HOST:PORT, as endpoints.json says")?;
    let producer = Producer::new(&KafkaArgs::new(brokers), "fill-rings")?;
    // Bytes that no compression shortens: xorshift64.
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut payload = vec![0; RECORD_BYTES];
    for topic in topics::ALL.iter().filter(|topic| ***topic != METRICS_RAW) {
        for partition in 0..topic.partitions {
            for _ in 0..RECORDS {
                for byte in &mut payload {
                    random ^= random << 13;
                    random ^= random >> 7;
                    random ^= random << 17;
                    *byte = random.to_le_bytes()[0];
                }
                producer.send(filling(topic.name, partition, &payload)).await?;
            }
        }
    }
    producer.flush(Duration::from_secs(30)).await?;
    Ok(())
}

fn filling<'a>(topic: &'a str, partition: i32, payload: &'a [u8]) -> Message<'a> {
    Message { topic, partition: Some(partition), key: None, payload: Some(payload), schema: None, headers: &[] }
}

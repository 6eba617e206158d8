//! Fills the in-process broker's rings, so that a memory measurement starts at their final size.
//!
//! `cargo run -p tidewatch-kafka --example fill_rings -- HOST:PORT` writes 6 MB to each partition of every topic except
//! `metrics.raw`, which the workload itself fills. Don't run it against a broker whose data matters.

use std::error::Error;
use std::time::Duration;

use tidewatch_kafka::topics::{self, METRICS_RAW};
use tidewatch_kafka::{KafkaArgs, Message, Producer};

/// Number of records per partition: 6 MB, more than the 5 MB that a ring keeps.
const RECORDS: usize = 96;
const RECORD_BYTES: usize = 64 * 1024;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let brokers = std::env::args().nth(1).ok_or("name the broker as HOST:PORT; endpoints.json has it")?;
    let producer = Producer::new(&KafkaArgs::new(brokers), "fill-rings")?;
    // xorshift64, for incompressible bytes.
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

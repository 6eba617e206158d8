//! Checks whether a broker is ready.
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::metadata::{MetadataPartition, MetadataTopic};

use crate::client::Quiet;

/// How long one request may take.
const LIMIT: Duration = Duration::from_secs(2);

/// Returns whether the broker on this loopback port has registered and serves each of its partitions. After a start it
/// answers metadata requests some moments before it leads its partitions.
pub async fn serves(port: u16) -> bool {
    // Cheaper than creating a librdkafka client, and usually enough.
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    if tokio::net::TcpStream::connect(address).await.is_err() {
        return false;
    }
    tokio::task::spawn_blocking(move || every_partition_answers(address)).await.unwrap_or(false)
}

fn every_partition_answers(address: SocketAddr) -> bool {
    let client: Result<BaseConsumer<Quiet>, _> =
        ClientConfig::new().set("bootstrap.servers", address.to_string()).create_with_context(Quiet);
    let Ok(client) = client else { return false };
    let Ok(metadata) = client.fetch_metadata(None, LIMIT) else { return false };
    let serves = |topic: &MetadataTopic, partition: &MetadataPartition| {
        partition.leader() >= 0 && client.fetch_watermarks(topic.name(), partition.id(), LIMIT).is_ok()
    };
    !metadata.brokers().is_empty()
        && metadata.topics().iter().all(|topic| topic.partitions().iter().all(|partition| serves(topic, partition)))
}

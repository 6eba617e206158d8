//! The `server.properties` of a single KRaft node on loopback.

use tidewatch_kafka::topics;

/// The file's name in the directory that the broker runs in.
pub(super) const FILE: &str = "server.properties";

/// Where the data lies, below the directory that the broker runs in: a relative path needs no escaping in a properties file.
pub(super) const DATA: &str = "data";

/// Of a single node: nobody has to tell two of them apart.
pub(super) const CLUSTER_ID: &str = "VGlkZXdhdGNoS2Fma2FBQQ";

/// Configuration of a broker that serves clients on `port` and is its own controller on `controller`.
pub(super) fn render(port: u16, controller: u16) -> String {
    let largest = topics::METRICS_RAW_DLQ.max_message_bytes();
    format!(
        "# Written at every start; changes are lost.
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
controller.quorum.voters=1@127.0.0.1:{controller}
log.dirs={DATA}

auto.create.topics.enable=false
message.max.bytes={largest}
min.insync.replicas=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1

# A lone first member need not wait for others.
group.initial.rebalance.delay.ms=0

# After a crash the controller holds the node's old registration for one session: 9 s by default, and nobody else is there.
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500

# Kafka's default of 128 MiB for the compaction's key table is half of the heap; 8 MiB hold 300,000 keys.
log.cleaner.dedupe.buffer.size=8388608
num.network.threads=2
num.io.threads=4
"
    )
}

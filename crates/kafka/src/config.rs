//! The flags of every Kafka client, and the librdkafka properties derived from them.

use rdkafka::ClientConfig;
use tidewatch_service::Failure;

use crate::KafkaError;
use crate::properties::{Properties, Property, refusal};

/// The largest record in bytes, for every topic except the DLQ.
pub(crate) const MAX_RECORD_BYTES: usize = 4 * 1024 * 1024;

/// The largest record in bytes, for any topic: a dead letter, which is an original record plus headers.
pub(crate) const MAX_MESSAGE_BYTES: usize = MAX_RECORD_BYTES + 64 * 1024;

/// Properties that Tidewatch's guarantees depend on, so users can't set them.
const OURS: [&str; 10] = [
    "acks",
    "auto.offset.reset",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "enable.idempotence",
    "enable.partition.eof",
    "group.id",
    "isolation.level",
    "partition.assignment.strategy",
    "request.required.acks",
];

/// The broker to connect to, and the client's settings.
#[derive(clap::Args, Debug, Clone)]
pub struct KafkaArgs {
    /// Kafka bootstrap brokers, comma-separated
    #[arg(
        long,
        env = "BROKERS",
        value_name = "HOST:PORT",
        default_value_t = tidewatch_platform::KAFKA.port.on_loopback().to_string()
    )]
    pub brokers: String,
    /// Property of librdkafka (TLS, SASL, compression, ...), repeatable; in the environment one per line, or
    /// comma-separated
    #[arg(long, env = "KAFKA_CONFIG", value_name = "KEY=VALUE", hide_env_values = true)]
    pub kafka_config: Vec<Properties>,
    /// Where a client reports that it will never reach the brokers again.
    #[arg(skip)]
    pub failure: Failure,
}

impl KafkaArgs {
    /// Returns the arguments for `brokers`, without further properties.
    pub fn new(brokers: impl Into<String>) -> Self {
        Self { brokers: brokers.into(), kafka_config: Vec::new(), failure: Failure::default() }
    }

    /// Rejects values from which no client can be created, naming the flag.
    pub fn check(&self) -> Result<(), KafkaError> {
        let hosts: Vec<&str> = self.brokers.split(',').map(str::trim).collect();
        for host in hosts {
            let port = host.rsplit_once(':').map(|(name, port)| (name, port.parse::<u16>()));
            if !matches!(port, Some((name, Ok(1..))) if !name.is_empty()) {
                return Err(KafkaError::Config {
                    flag: "--brokers",
                    problem: format!("{host:?} is not a valid HOST:PORT, such as 127.0.0.1:9092"),
                });
            }
        }
        for Property { name, value } in self.kafka_config.iter().flat_map(Properties::iter) {
            let refuse = |problem: String| Err(KafkaError::Config { flag: "--kafka-config", problem });
            if OURS.contains(&name.as_str()) {
                return refuse(format!("{name} can't be changed: Tidewatch's guarantees depend on it"));
            }
            if !cfg!(feature = "tls")
                && (name.starts_with("ssl.") || (name == "security.protocol" && value.to_lowercase().contains("ssl")))
            {
                return refuse(format!("{name} needs TLS, which this binary lacks: build it with `--features tls`"));
            }
        }
        self.client("check")
            .create_native_config()
            .map(drop)
            .map_err(|error| KafkaError::Config { flag: "--kafka-config", problem: refusal(&error) })
    }

    /// Returns the configuration shared by all clients.
    pub(crate) fn client(&self, client_id: &str) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.brokers)
            .set("client.id", client_id)
            .set("message.max.bytes", MAX_MESSAGE_BYTES.to_string())
            .set("socket.keepalive.enable", "true")
            // Reconnects within seconds once a broker is back; librdkafka adds the jitter.
            .set("reconnect.backoff.ms", "100")
            .set("reconnect.backoff.max.ms", "3000")
            .set("allow.auto.create.topics", "false");
        for Property { name, value } in self.kafka_config.iter().flat_map(Properties::iter) {
            config.set(name, value);
        }
        config
    }

    /// Returns the configuration of a consumer in `group` that commits manually.
    ///
    /// Its memory is bounded: one record queue for all partitions together, plus one response in flight per broker.
    /// docs/own-kafka.md has the calculation.
    pub(crate) fn consumer(&self, client_id: &str, group: &str) -> ClientConfig {
        let mut config = self.client(client_id);
        config
            .set("group.id", group)
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("auto.offset.reset", "earliest")
            // Records of aborted transactions must never be seen.
            .set("isolation.level", "read_committed");
        let defaults = [
            // Not the largest record: librdkafka fetches such a record regardless. Both limits count compressed bytes,
            // the first per partition and the second per response; decompressed, the records can be many times as
            // large. librdkafka requires the second limit to be at least as large as the largest record.
            ("fetch.message.max.bytes", (1024 * 1024).to_string()),
            ("fetch.max.bytes", MAX_MESSAGE_BYTES.to_string()),
            // The in-process broker answers an empty fetch only when the wait is over, even if a record arrives
            // earlier.
            ("fetch.wait.max.ms", "100".to_owned()),
            // Prefetched records count towards the memory of the whole process.
            ("queued.max.messages.kbytes", "8192".to_owned()),
            ("queued.min.messages", "10000".to_owned()),
            // When a partition finds the queue full, librdkafka stops fetching it for this long. The queue holds 25 ms'
            // worth of processing: with librdkafka's default of 1 s it runs dry, and a partition delivers one fetch per
            // second.
            ("fetch.queue.backoff.ms", "10".to_owned()),
        ];
        for (name, value) in defaults {
            if config.get(name).is_none() {
                config.set(name, value);
            }
        }
        config
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(brokers: &str, properties: &[&str]) -> String {
        let kafka_config = properties.iter().map(|text| text.parse().unwrap()).collect();
        KafkaArgs { kafka_config, ..KafkaArgs::new(brokers) }.check().unwrap_err().to_string()
    }

    #[test]
    fn unusable_settings_are_rejected_with_the_flag() {
        for brokers in ["", "localhost", "localhost:", ":9092", "localhost:0", "localhost:port", "a:1,,b:2"] {
            assert!(problem(brokers, &[]).starts_with("--brokers: "), "{brokers}");
        }
        let unknown = problem("localhost:9092", &["no.such.property=1"]);
        assert!(unknown.starts_with("--kafka-config: ") && unknown.contains("no.such.property"), "{unknown}");
        let value = problem("localhost:9092", &["sasl.username=me,linger.ms=hunter2"]);
        assert!(value.contains("linger.ms") && !value.contains("hunter2"), "{value}");
        assert!(problem("localhost:9092", &["acks=0"]).contains("acks can't be changed"));
        assert!(KafkaArgs::new("kafka-0.kafka:9092,kafka-1.kafka:9092").check().is_ok());
    }

    #[test]
    fn a_users_property_overrides_a_default_but_not_what_guarantees_depend_on() {
        let mut args = KafkaArgs::new("localhost:9092");
        let backoff = |args: &KafkaArgs| args.consumer("c", "g").get("fetch.queue.backoff.ms").map(str::to_owned);
        assert_eq!(backoff(&args).as_deref(), Some("10"));
        args.kafka_config = vec!["fetch.queue.backoff.ms=1000".parse().unwrap(), "group.id=x".parse().unwrap()];
        assert_eq!(backoff(&args).as_deref(), Some("1000"));
        assert_eq!(args.consumer("c", "g").get("group.id"), Some("g"));
    }

    #[cfg(not(feature = "tls"))]
    #[test]
    fn a_binary_without_tls_reports_that_it_lacks_tls() {
        assert!(problem("localhost:9093", &["security.protocol=SSL"]).contains("--features tls"));
    }
}

//! librdkafka's in-process broker: the real wire protocol on a loopback port, with all data in memory.
use std::sync::mpsc;
use std::thread::JoinHandle;

use rdkafka::mocking::MockCluster;

use crate::topics;

/// librdkafka failed to create its in-process cluster or one of its topics.
#[derive(Debug, thiserror::Error)]
#[error("the in-process broker did not start: {0}")]
pub struct BrokerError(String);

/// A running in-process broker with every topic of [`topics::ALL`]. It stops when dropped.
///
/// It keeps about 5 MB per partition and drops the oldest records beyond that. It supports neither compaction, append
/// time, the admin API nor static group members.
#[derive(Debug)]
pub struct InProcess {
    brokers: String,
    // Dropping the sender ends the thread. MockCluster holds a raw pointer, so it can't leave the thread that created
    // it.
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl InProcess {
    /// Starts the broker on a free loopback port.
    ///
    /// When librdkafka can't create the cluster or one of the topics.
    /// If librdkafka can't create the cluster or one of the topics.
    pub fn start() -> Result<InProcess, BrokerError> {
        let (started, outcome) = mpsc::sync_channel(1);
        let (stop, stopped) = mpsc::channel::<()>();
        let thread = std::thread::Builder::new()
            .name("in-process-broker".into())
            .spawn(move || match cluster() {
                Ok(cluster) => {
                    let _ = started.send(Ok(cluster.bootstrap_servers()));
                    // Returns only when the sender has been dropped.
                    let _ = stopped.recv();
                }
                Err(error) => {
                    let _ = started.send(Err(error));
                }
            })
            .map_err(|error| BrokerError(error.to_string()))?;
        let brokers = outcome.recv().map_err(|_| BrokerError("its thread ended".into()))??;
        Ok(InProcess { brokers, stop: Some(stop), thread: Some(thread) })
    }

    /// Returns the address for `bootstrap.servers`.
    #[must_use]
    pub fn brokers(&self) -> String {
        self.brokers.clone()
    }
}

impl Drop for InProcess {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn cluster() -> Result<MockCluster<'static, impl rdkafka::ClientContext>, BrokerError> {
    let cluster = MockCluster::new(1).map_err(|error| BrokerError(error.to_string()))?;
    for topic in topics::ALL {
        cluster
            .create_topic(topic.name, topic.partitions, 1)
            .map_err(|error| BrokerError(format!("topic {}: {error}", topic.name)))?;
    }
    Ok(cluster)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rdkafka::ClientConfig;
    use rdkafka::consumer::{BaseConsumer, Consumer};

    use super::*;

    fn partitions(brokers: &str, topic: &str) -> usize {
        let client: BaseConsumer = ClientConfig::new().set("bootstrap.servers", brokers).create().unwrap();
        let metadata = client.fetch_metadata(Some(topic), Duration::from_secs(10)).unwrap();
        metadata.topics()[0].partitions().len()
    }

    #[test]
    fn every_topic_exists_from_the_start() {
        let broker = InProcess::start().unwrap();
        for topic in topics::ALL {
            assert_eq!(partitions(&broker.brokers(), topic.name), topic.partitions as usize, "{}", topic.name);
        }
    }

    #[test]
    fn nothing_listens_after_it_is_dropped() {
        let broker = InProcess::start().unwrap();
        let brokers = broker.brokers();
        std::net::TcpStream::connect(&brokers).unwrap();
        drop(broker);
        std::net::TcpStream::connect(&brokers).unwrap_err();
    }
}

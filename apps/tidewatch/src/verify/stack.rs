//! The Tidewatch under verification: clients of its parts, and the faults that were injected into it.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tidewatch_client::{Admin, Alertmanager, Console, Error, HttpUrl, MockSlack, Processor, Prometheus, Simulator};
use tidewatch_cluster::Cluster;
use tidewatch_contract::http::processor::Status;
use tidewatch_contract::http::simulator::FaultRequest;
use tidewatch_kafka::KafkaArgs;
use tidewatch_platform::METRICS_BRIDGE;

use super::steps::pods::Restarts;
use crate::simulator::{Fault, Simulated};
use crate::state::Endpoints;
use crate::target::forward_command;
use crate::{http, program};

/// A fault heals by itself after this time, in case this process is killed before healing it.
const FAULT: Duration = Duration::from_secs(120);

/// The counts of the simulator and the processor at about the same time.
#[derive(Debug, Clone, Default)]
pub(super) struct Counts {
    /// Empty without a simulator.
    pub(super) services: Vec<Simulated>,
    pub(super) processor: Status,
}

/// The Tidewatch under verification.
pub(super) struct Stack {
    pub(super) endpoints: Endpoints,
    pub(super) began: Timestamp,
    pub(super) processor: Processor,
    pub(super) kafka: Option<KafkaArgs>,
    pub(super) simulator: Option<Simulator>,
    pub(super) bridge: Option<Admin>,
    pub(super) console: Option<Console>,
    pub(super) mock_slack: Option<MockSlack>,
    pub(super) prometheus: Option<Prometheus>,
    pub(super) alertmanager: Option<Alertmanager>,
    /// The cluster in which it runs.
    pub(super) cluster: Option<Cluster>,
    /// The command line of `tidewatch heal` for this Tidewatch; `None` if it is only known by some addresses.
    heal: Option<String>,
    /// Services that were broken and not healed yet.
    broken: Mutex<BTreeSet<String>>,
    first_counts: OnceLock<Counts>,
    /// The restarts of pods at the first look.
    pub(super) first_restarts: OnceLock<Restarts>,
}

impl Stack {
    /// Returns the stack at these endpoints. `flags` are the flags with which another verb finds it, if one can.
    pub(super) fn new(endpoints: Endpoints, kafka: Option<KafkaArgs>, flags: Option<String>) -> anyhow::Result<Self> {
        let bridge = |url, limit| Admin::new(METRICS_BRIDGE.name, url, limit);
        Ok(Self {
            began: Timestamp::now(),
            processor: Processor::new(http::required(&endpoints, "processor")?, http::LIMIT)?,
            kafka,
            simulator: known(&endpoints, "simulator", Simulator::new)?,
            bridge: known(&endpoints, "bridge", bridge)?,
            console: known(&endpoints, "console", Console::new)?,
            mock_slack: known(&endpoints, "mock_slack", MockSlack::new)?,
            prometheus: known(&endpoints, "prometheus", Prometheus::new)?,
            alertmanager: known(&endpoints, "alertmanager", Alertmanager::new)?,
            cluster: None,
            heal: flags.map(|flags| format!("{} heal{flags}", program())),
            broken: Mutex::default(),
            first_counts: OnceLock::new(),
            first_restarts: OnceLock::new(),
            endpoints,
        })
    }

    /// Returns the stack, which runs in this cluster.
    pub(super) fn in_cluster(self, cluster: Option<Cluster>) -> Self {
        Self { cluster, ..self }
    }

    /// Returns a command of kubectl for its namespace.
    pub(super) fn kubectl(&self, command: &str) -> String {
        let flags = self
            .cluster
            .as_ref()
            .map_or_else(String::new, |cluster| format!(" --context {} -n {}", cluster.context(), cluster.namespace()));
        format!("kubectl{flags} {command}")
    }

    /// Returns a command that shows the response of this path of a service.
    pub(super) fn curl(&self, name: &str, path: &str) -> String {
        // The forwarded ports of this process end with it.
        if let Some((command, port)) = self.cluster.as_ref().and_then(|cluster| forward_command(cluster, name)) {
            return format!("{command}, and curl -s 'http://localhost:{port}{path}'");
        }
        format!("curl -s '{}{path}'", http::shown(self.endpoints.get(name).unwrap_or(name)))
    }

    /// Returns a command that heals every fault.
    pub(super) fn heal_command(&self) -> String {
        let simulator = || {
            let url = http::shown(self.endpoints.get("simulator").unwrap_or_default());
            format!("curl -X DELETE '{url}/faults'")
        };
        self.heal.clone().unwrap_or_else(simulator)
    }

    /// Returns the current counts. The simulator is asked first, so the events that it says are acknowledged are in the
    /// topic when the processor is asked.
    pub(super) async fn counts(&self) -> anyhow::Result<Counts> {
        let services = self.services().await?;
        Ok(Counts { services, processor: self.processor.status().await? })
    }

    /// Returns the counts at the first call. The processor is asked first here, so the events that it says are in the
    /// topic had been produced when the simulator is asked.
    pub(super) async fn counts_at_first(&self) -> anyhow::Result<&Counts> {
        if let Some(counts) = self.first_counts.get() {
            return Ok(counts);
        }
        let processor = self.processor.status().await?;
        let services = self.services().await?;
        Ok(self.first_counts.get_or_init(|| Counts { services, processor }))
    }

    /// Returns the simulated services, none without a simulator.
    pub(super) async fn services(&self) -> anyhow::Result<Vec<Simulated>> {
        match &self.simulator {
            Some(simulator) => Ok(simulator.services().await?),
            None => Ok(Vec::new()),
        }
    }

    /// Breaks a service, and remembers to heal it.
    pub(super) async fn inject(
        &self,
        simulator: &Simulator,
        service: &str,
        request: FaultRequest,
    ) -> anyhow::Result<Fault> {
        // Before the request: the response may be lost, or this future dropped before it arrives.
        self.broken().insert(service.to_owned());
        Ok(simulator.inject(service, None, &request.lasting(FAULT.as_secs_f64())).await?)
    }

    /// Heals a service, and returns the time at which its fault ended.
    pub(super) async fn heal(&self, simulator: &Simulator, service: &str) -> anyhow::Result<Option<Timestamp>> {
        let healed = simulator.heal(Some(service)).await?;
        self.broken().remove(service);
        Ok(healed.first().and_then(|fault| fault.healed_at))
    }

    /// Heals the services that are still broken, and returns those that could not be healed with the reason.
    pub(super) async fn heal_all(&self) -> Vec<(String, anyhow::Error)> {
        let Some(simulator) = &self.simulator else { return Vec::new() };
        let left: Vec<String> = self.broken().iter().cloned().collect();
        let mut failed = Vec::new();
        for service in left {
            if let Err(error) = self.heal(simulator, &service).await {
                failed.push((service, error));
            }
        }
        failed
    }

    // After a panic in between, the set is still correct.
    fn broken(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.broken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the client that `new` makes for this endpoint, if the target includes it.
fn known<T>(
    endpoints: &Endpoints,
    name: &str,
    new: impl FnOnce(HttpUrl, Duration) -> Result<T, Error>,
) -> anyhow::Result<Option<T>> {
    Ok(http::url(endpoints, name)?.map(|url| new(url, http::LIMIT)).transpose()?)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;
    use tidewatch_contract::http::simulator::FaultKind;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// Starts a simulator that records the first line and the body of each request, and answers each with a fault.
    async fn simulator() -> (String, Arc<Mutex<Vec<String>>>) {
        let fault = json!({
            "service": "pay", "region": null, "kind": "silence",
            "injected_at": "2026-11-21T10:00:00Z", "healed_at": "2026-11-21T10:01:00Z",
        });
        let mut answer = fault.clone();
        answer["healed"] = json!([fault]);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen: Arc<Mutex<Vec<String>>> = Arc::default();
        let noted = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = String::new();
                while !request.contains("\r\n\r\n") || (request.starts_with("PUT") && !request.ends_with('}')) {
                    let mut bytes = [0; 4096];
                    let read = stream.read(&mut bytes).await.unwrap();
                    request.push_str(std::str::from_utf8(&bytes[..read]).unwrap());
                }
                let (first, body) = (request.lines().next().unwrap(), request.lines().last().unwrap());
                noted.lock().unwrap().push(format!("{first} {body}").trim().to_owned());
                let body = answer.to_string();
                let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
                stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
            }
        });
        (url, seen)
    }

    #[tokio::test]
    async fn every_service_that_is_still_broken_is_healed_at_the_end_and_would_heal_by_itself() {
        let (url, seen) = simulator().await;
        let mut endpoints = Endpoints::default();
        endpoints.insert("processor", "http://127.0.0.1:1");
        endpoints.insert("simulator", &url);
        let stack = Stack::new(endpoints, None, None).unwrap();
        let simulator = stack.simulator.clone().unwrap();
        for service in ["auth", "pay", "user"] {
            stack.inject(&simulator, service, FaultRequest::new(FaultKind::Silence, 1.0)).await.unwrap();
        }
        stack.heal(&simulator, "auth").await.unwrap();
        // As after a panic, a failure or ctrl-c in the middle of a check.
        assert!(stack.heal_all().await.is_empty());
        assert!(stack.heal_all().await.is_empty(), "healed once");
        let put = |service| format!("PUT /faults/{service} HTTP/1.1 {{\"for_seconds\":120.0,\"silence\":true}}");
        let delete = |service| format!("DELETE /faults/{service} HTTP/1.1");
        let expected = [put("auth"), put("pay"), put("user"), delete("auth"), delete("pay"), delete("user")];
        assert_eq!(*seen.lock().unwrap(), expected);
    }

    #[tokio::test]
    async fn a_service_that_can_not_be_healed_is_named() {
        let mut endpoints = Endpoints::default();
        endpoints.insert("processor", "http://127.0.0.1:1");
        // Nobody listens on this port.
        endpoints.insert("simulator", "http://127.0.0.1:1");
        let stack = Stack::new(endpoints, None, None).unwrap();
        let simulator = stack.simulator.clone().unwrap();
        stack.inject(&simulator, "pay", FaultRequest::new(FaultKind::Silence, 1.0)).await.unwrap_err();
        let unhealed = stack.heal_all().await;
        assert_eq!(unhealed[0].0, "pay");
        assert_eq!(stack.heal_command(), "curl -X DELETE 'http://127.0.0.1:1/faults'");
    }
}

//! A Tidewatch assembled from its parts, so that one of them can be missing, wrong or duplicated.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;
use tidewatch::fleet::Fleet;
use tidewatch::services::{self, Surroundings, WorkloadArgs};
use tidewatch_kafka::KafkaArgs;
use tidewatch_kafka::broker::InProcess;
use tidewatch_platform::SERVICES;
use tidewatch_servers::alertmanager::{Alertmanager, Receivers};
use tidewatch_servers::process::Port;
use tidewatch_servers::prometheus::{Config, Prometheus, Target};
use tidewatch_servers::{File, Running};
use tidewatch_service::ListenArgs;

/// The addresses that `verify` is given, by name.
pub(super) type Places = BTreeMap<&'static str, String>;

/// A complete, healthy Tidewatch on free ports, without Prometheus and Alertmanager.
pub(super) struct Parts {
    /// The addresses of its parts.
    pub(super) places: Places,
    /// The targets that Prometheus has to scrape.
    pub(super) targets: Vec<Target>,
    dir: TempDir,
    _fleet: Fleet,
}

/// Starts a broker that lives until the process ends. Services still commit offsets during shutdown, and would never
/// finish without a broker.
pub(super) fn lasting_broker() -> &'static InProcess {
    Box::leak(Box::new(InProcess::start().unwrap()))
}

/// Returns the flag for a broker.
pub(super) fn brokers(broker: &InProcess) -> String {
    format!("--brokers={}", broker.brokers())
}

/// Formats an address as `verify` expects it.
pub(super) fn url(address: SocketAddr) -> String {
    format!("http://{address}")
}

impl Parts {
    /// Starts all parts. Alerts go to the Alertmanager at this URL.
    pub(super) async fn start(alertmanager: &str) -> Self {
        let (broker, dir) = (lasting_broker(), tempfile::tempdir().unwrap());
        let (kafka, workload) = (KafkaArgs::new(broker.brokers()), WorkloadArgs::default());
        let (dir_path, alertmanager) = (dir.path(), Some(alertmanager));
        let up = Surroundings { kafka: &kafka, owns_kafka: false, dir: dir_path, alertmanager, workload: &workload };
        let mut fleet = services::bind(&up, |_| true, ListenArgs::on_free_ports).await.unwrap();
        let urls = SERVICES.map(|service| (service.endpoint, fleet.url(service).unwrap()));
        let places = urls.into_iter().chain([("kafka", broker.brokers())]).collect();
        let targets =
            fleet.admins().into_iter().map(|(job, address)| Target { job: job.to_owned(), address }).collect();
        fleet.run();
        Self { places, targets, dir, _fleet: fleet }
    }

    /// Returns the targets, with another address for one job.
    pub(super) fn targets_with(&self, job: &str, address: SocketAddr) -> Vec<Target> {
        let mut targets = self.targets.clone();
        targets.iter_mut().filter(|target| target.job == job).for_each(|target| target.address = address);
        targets
    }

    /// Starts an Alertmanager that notifies this webhook, with its configuration changed by `edit`.
    pub(super) async fn alertmanager(&self, name: &str, webhook: &str, edit: impl Fn(String) -> String) -> Running {
        let dir = self.dir.path().join(name);
        let receivers = Receivers::Webhook(format!("{webhook}/webhook"));
        let installation = tidewatch_servers::alertmanager::find().unwrap();
        let server = Alertmanager { installation, receivers };
        let running = Running::start(&server, &dir, Port::Free).await.unwrap();
        reload(&running, &dir.join("alertmanager.yaml"), edit);
        running
    }

    /// Starts a Prometheus that scrapes these targets every second, with its configuration changed by `edit`.
    pub(super) async fn prometheus(
        &self,
        name: &str,
        targets: Vec<Target>,
        rules: Vec<File>,
        alertmanager: &Running,
        edit: impl Fn(String) -> String,
    ) -> Running {
        let dir = self.dir.path().join(name);
        let port = alertmanager.url().rsplit(':').next().unwrap().parse().unwrap();
        let config = Config { scrape_interval: Duration::from_secs(1), targets, rules, alertmanager: Some(port) };
        let installation = tidewatch_servers::prometheus::find().unwrap();
        let server = Prometheus { installation, config };
        let running = Running::start(&server, &dir, Port::Free).await.unwrap();
        reload(&running, &dir.join("prometheus.yml"), edit);
        running
    }

    /// Runs `tidewatch verify` with these addresses. Returns its exit code, its output and its report.
    pub(super) async fn verify(&self, name: &str, places: &Places) -> (Option<i32>, String, Value) {
        let target = places.iter().map(|(name, place)| format!("{name}={place}")).collect::<Vec<_>>().join(",");
        let report = self.dir.path().join(format!("{name}.json"));
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_tidewatch"));
        command.args(["verify", "--target", &target, "--report"]).arg(&report).env_remove("KAFKA_CONFIG");
        let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
        let said = [output.stdout, output.stderr].concat();
        let report = serde_json::from_slice(&std::fs::read(&report).unwrap()).unwrap();
        (output.status.code(), String::from_utf8(said).unwrap(), report)
    }
}

/// Changes a server's configuration, and has the server reload it if anything changed.
fn reload(running: &Running, file: &Path, edit: impl Fn(String) -> String) {
    let text = std::fs::read_to_string(file).unwrap();
    let changed = edit(text.clone());
    if changed != text {
        std::fs::write(file, changed).unwrap();
        kill_process(Pid::from_raw(running.pid().try_into().unwrap()).unwrap(), Signal::HUP).unwrap();
    }
}

//! Prometheus: its scrape targets, the rules it evaluates, and the destination of its alerts.
use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::LazyLock;
use std::time::Duration;

use jiff::SignedDuration;
use serde::Deserialize;
use tidewatch_platform::{self as platform, ALERTMANAGER, PROMETHEUS};

use crate::installation::FETCHED;
use crate::process::Invocation;
use crate::settings::settings;
use crate::{Backend, File, Installation, NotFound, Place, Server, ServerError, Wiring, local};

static SETTINGS: LazyLock<Settings> = settings!("prometheus.toml");

/// `platform/prometheus.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    scrape_interval: SignedDuration,
    evaluation_interval: String,
    retention_time: String,
    retention_size: String,
    features: Vec<String>,
}

/// Returns the scrape interval: the setting of `platform/prometheus.toml`.
#[must_use]
pub fn scrape_interval() -> Duration {
    SETTINGS.scrape_interval.unsigned_abs()
}

/// A scrape target; its path is `/metrics`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The service's name: the label `job`.
    pub job: String,
    /// The address it listens on.
    pub address: SocketAddr,
}

/// The configuration of one Prometheus.
#[derive(Clone, Debug)]
pub struct Config {
    /// The scrape interval, in whole milliseconds.
    pub scrape_interval: Duration,
    /// The targets besides Prometheus itself and its Alertmanager.
    pub targets: Vec<Target>,
    /// The rule files.
    pub rules: Vec<File>,
    /// The port of the Alertmanager on 127.0.0.1 that receives alerts, if any.
    pub alertmanager: Option<u16>,
}

impl Config {
    /// Returns the configuration of the Prometheus of `tidewatch up`.
    fn of(wiring: &Wiring) -> Config {
        // `render` adds Prometheus itself and its Alertmanager.
        let own = [PROMETHEUS, ALERTMANAGER];
        let others = wiring.servers.iter().filter(|(server, _)| server.metrics && !own.contains(server));
        let others = others.map(|(server, port)| Target { job: server.name.to_owned(), address: local(port) });
        Config {
            scrape_interval: wiring.scrape_interval,
            targets: wiring.services.iter().cloned().chain(others).collect(),
            rules: wiring.rules.clone(),
            alertmanager: wiring.servers.port(ALERTMANAGER.name),
        }
    }

    /// Renders `prometheus.yml` for a Prometheus on this port; the rule files are in `rules/` beside it.
    #[must_use]
    pub fn render(&self, port: u16) -> String {
        let mut text = format!(
            "# Written by `tidewatch up` at every start; changes are lost.
global:
  scrape_interval: {interval}ms
  scrape_timeout: {timeout}ms
  # For groups of rules that do not set their own.
  evaluation_interval: {evaluation}

rule_files:
  - rules/*.yaml
",
            interval = self.scrape_interval.as_millis(),
            timeout = self.scrape_interval.as_millis(),
            evaluation = SETTINGS.evaluation_interval,
        );
        if let Some(address) = self.alertmanager.map(local) {
            // Writing to a String can't fail.
            let _ = write!(
                text,
                "
alerting:
  alertmanagers:
    - static_configs:
        - targets: ['{address}']
"
            );
        }
        text.push_str("\nscrape_configs:\n");
        let own = [(PROMETHEUS.name, Some(port)), (ALERTMANAGER.name, self.alertmanager)];
        let own = own.into_iter().filter_map(|(job, port)| Some((job, local(port?))));
        let targets = self.targets.iter().map(|target| (target.job.as_str(), target.address));
        for (job, address) in targets.chain(own) {
            let _ = write!(
                text,
                "  - job_name: {job}
    static_configs:
      - targets: ['{address}']
"
            );
        }
        text
    }
}

/// Prometheus under `tidewatch up`.
pub(crate) const BACKEND: Backend = Backend {
    entry: PROMETHEUS,
    needs: &[],
    find,
    configure: |installation, wiring| Box::new(Prometheus { installation, config: Config::of(wiring) }),
};

/// Finds Prometheus on PATH or among the programs fetched by `tests/setup`.
///
/// # Errors
/// When it is in neither place.
pub fn find() -> Result<Installation, NotFound> {
    Installation::find(PROMETHEUS, &["prometheus"], FETCHED)
}

/// A Prometheus that was found and configured. Its first scrape comes within one interval after it is ready.
#[derive(Clone, Debug)]
pub struct Prometheus {
    /// Its program.
    pub installation: Installation,
    /// Its configuration.
    pub config: Config,
}

impl Server for Prometheus {
    fn entry(&self) -> platform::Server {
        PROMETHEUS
    }

    fn configure(&self, place: &Place) -> Result<(), ServerError> {
        place.write_all("rules", &self.config.rules)?;
        place.write("prometheus.yml", &self.config.render(place.port)).map(drop)
    }

    fn invocation(&self, place: &Place) -> Invocation {
        Invocation {
            program: self.installation.program().to_owned(),
            arguments: vec![
                "--config.file=prometheus.yml".into(),
                "--storage.tsdb.path=data".into(),
                format!("--storage.tsdb.retention.time={}", SETTINGS.retention_time).into(),
                format!("--storage.tsdb.retention.size={}", SETTINGS.retention_size).into(),
                format!("--web.listen-address={}", place.address()).into(),
                // The base of links in notifications.
                format!("--web.external-url={}", place.url()).into(),
                format!("--enable-feature={}", SETTINGS.features.join(",")).into(),
            ],
            environment: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(alertmanager: Option<u16>) -> Config {
        let target = |job: &str, port| Target { job: job.to_owned(), address: ([127, 0, 0, 1], port).into() };
        Config {
            scrape_interval: Duration::from_secs(5),
            targets: vec![target("metrics-bridge", 9466), target("alert-relay", 9467)],
            rules: Vec::new(),
            alertmanager,
        }
    }

    #[test]
    fn every_service_and_the_servers_themselves_are_scraped_under_their_names() {
        let text = config(Some(9093)).render(9090);
        for (job, address) in [
            ("metrics-bridge", "127.0.0.1:9466"),
            ("alert-relay", "127.0.0.1:9467"),
            ("prometheus", "127.0.0.1:9090"),
            ("alertmanager", "127.0.0.1:9093"),
        ] {
            let scraped = format!("  - job_name: {job}\n    static_configs:\n      - targets: ['{address}']\n");
            assert!(text.contains(&scraped), "{job}: {text}");
        }
    }

    #[test]
    fn servers_that_expose_metrics_are_scraped_beside_the_services() {
        let server = |name, metrics| platform::Server { name, metrics, ..PROMETHEUS };
        let wiring = Wiring {
            servers: [(PROMETHEUS, 1), (ALERTMANAGER, 2), (server("tempo", true), 3), (server("loki", false), 4)]
                .into_iter()
                .collect(),
            services: config(None).targets,
            webhook: String::new(),
            scrape_interval: Duration::from_secs(5),
            rules: Vec::new(),
            dashboards: Vec::new(),
        };
        let Config { targets, alertmanager, .. } = Config::of(&wiring);
        let jobs: Vec<&str> = targets.iter().map(|target| target.job.as_str()).collect();
        assert_eq!(jobs, ["metrics-bridge", "alert-relay", "tempo"]);
        assert_eq!(alertmanager, Some(2));
    }

    #[test]
    fn without_an_alertmanager_no_alerts_are_sent() {
        let text = config(None).render(9090);
        assert!(!text.contains("alerting:") && !text.contains("job_name: alertmanager"), "{text}");
    }
}

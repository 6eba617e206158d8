//! Prometheus, Alertmanager and Grafana under `up`: whichever are found, wired to the services and to each other.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, anyhow};
use futures::future::join_all;
use tidewatch_dashboards::Dashboard;
use tidewatch_platform::{ALERTMANAGER, GRAFANA, PROMETHEUS, Server};
use tidewatch_servers::alertmanager::Receivers;
use tidewatch_servers::process::Port;
use tidewatch_servers::prometheus::Target;
use tidewatch_servers::{File, Installation, NotFound, Running, alertmanager, grafana, prometheus, rules, slos};
use tidewatch_slo::{NothingKnown, Scale, Source};
use tokio::time::sleep;

use super::ports::Ports;
use crate::exit::usage;
use crate::say::say;
use crate::state::Endpoints;

/// How often the processes are looked at.
const WATCH: Duration = Duration::from_millis(500);
const SCRAPE_INTERVAL: Duration = Duration::from_secs(5);
/// With time windows scaled down, 5 s would be too coarse for the shortest.
const SCALED_SCRAPE_INTERVAL: Duration = Duration::from_secs(1);
/// The rule file that is generated from the SLOs.
const SLO_RULES: &str = "slos.yaml";

/// Which of them to start.
#[derive(clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Those that are found
    Auto,
    /// None of them: the alert-relay tells mock-slack by itself
    None,
}

/// What is found on this machine, each with the port that it is going to have.
pub(super) struct Found {
    prometheus: Option<(Installation, u16)>,
    alertmanager: Option<(Installation, u16)>,
    grafana: Option<(Installation, u16)>,
    /// For the user, where one is missing.
    missing: Vec<String>,
}

/// What they are to know of the services.
pub(super) struct Services {
    /// What is scraped.
    pub(super) targets: Vec<Target>,
    /// URL that notifications go to.
    pub(super) webhook: String,
}

/// Those that run.
pub(super) struct Backends {
    running: Vec<Running>,
}

impl Found {
    /// Looks for them, and takes a port for each.
    pub(super) fn discover(wanted: Wanted, ports: Ports, slo_scale: Option<Scale>) -> anyhow::Result<Self> {
        let mut found = Self { prometheus: None, alertmanager: None, grafana: None, missing: Vec::new() };
        if wanted == Wanted::Auto {
            found.prometheus = found.take(Installation::prometheus(), PROMETHEUS, ports)?;
            found.alertmanager = found.take(Installation::alertmanager(), ALERTMANAGER, ports)?;
        }
        // Without Prometheus it has nothing to show.
        if found.prometheus.is_some() {
            found.grafana = found.take(Installation::grafana(), GRAFANA, ports)?;
        } else if slo_scale.is_some() {
            return Err(usage("--slo-scale: it is Prometheus that evaluates SLOs, and none is found or wanted here"));
        }
        Ok(found)
    }

    fn take(
        &mut self,
        installation: Result<Installation, NotFound>,
        server: Server,
        ports: Ports,
    ) -> anyhow::Result<Option<(Installation, u16)>> {
        match installation {
            Ok(installation) => Ok(Some((installation, ports.reserve(server.port)?))),
            Err(missing) => {
                self.missing.push(missing.to_string());
                Ok(None)
            }
        }
    }

    /// Where Alertmanager is going to be.
    pub(super) fn alertmanager(&self) -> Option<String> {
        self.alertmanager.as_ref().map(|(_, port)| url(*port))
    }

    /// Says which of them are not there, and what would help.
    pub(super) fn tell_missing(&self) {
        for missing in &self.missing {
            say!("{missing}");
        }
    }

    /// Starts what was found, with data below `dir`, and notes it in `endpoints`.
    pub(super) async fn start(
        self,
        dir: &Path,
        services: Services,
        slo_scale: Option<Scale>,
        endpoints: &mut Endpoints,
    ) -> anyhow::Result<Backends> {
        // Which one it is helps where an old one on PATH hides what tests/setup fetched.
        let why = |name: &str, installation: &Installation| {
            format!("{name}, {}, did not start; --backends none does without it", installation.program().display())
        };
        let alertmanager_port = self.alertmanager.as_ref().map(|(_, port)| *port);
        // Side by side: each waits for a second or two.
        let alertmanager = async {
            let Some((installation, port)) = &self.alertmanager else { return Ok(None) };
            let receivers = Receivers::Webhook(services.webhook);
            let dir = dir.join("alertmanager");
            let started = alertmanager::start(installation, &dir, Port::Fixed(*port), &receivers).await;
            started.map(Some).with_context(|| why("Alertmanager", installation))
        };
        let prometheus = async {
            let Some((installation, port)) = &self.prometheus else { return Ok(None) };
            let config = prometheus::Config {
                scrape_interval: if slo_scale.is_some() { SCALED_SCRAPE_INTERVAL } else { SCRAPE_INTERVAL },
                targets: services.targets,
                rules: slo_scale.map_or_else(|| Ok(rules()), scaled_rules)?,
                alertmanager: alertmanager_port,
            };
            let started = prometheus::start(installation, &dir.join("prometheus"), Port::Fixed(*port), &config).await;
            started.map(Some).with_context(|| why("Prometheus", installation))
        };
        let grafana = async {
            let (Some((installation, port)), Some((_, prometheus))) = (&self.grafana, &self.prometheus) else {
                return Ok(None);
            };
            let config = grafana::Config {
                prometheus: url(*prometheus),
                alertmanager: alertmanager_port.map(url),
                dashboards: dashboards(),
            };
            let started = grafana::start(installation, &dir.join("grafana"), Port::Fixed(*port), &config).await;
            started.map(Some).with_context(|| why("Grafana", installation))
        };
        let (prometheus, alertmanager, grafana) = tokio::join!(prometheus, alertmanager, grafana);
        // Of those that started, each is ended by being dropped when another did not.
        let running: Vec<Running> = [prometheus, alertmanager, grafana]
            .into_iter()
            .collect::<anyhow::Result<Vec<_>>>()?
            .into_iter()
            .flatten()
            .collect();
        for server in &running {
            endpoints.insert(server.name(), server.url());
        }
        Ok(Backends { running })
    }
}

impl Backends {
    /// Name and address of each, for a table.
    pub(super) fn places(&self) -> Vec<Vec<String>> {
        self.running
            .iter()
            .map(|server| vec![server.name().to_owned(), server.url().to_owned(), "-".to_owned()])
            .collect()
    }

    /// Waits until one ends by itself, and says which.
    pub(super) async fn failed(&mut self) -> anyhow::Error {
        loop {
            for server in &mut self.running {
                if let Some(status) = server.exited() {
                    return anyhow!("{} ended ({status}): see {}", server.name(), server.log().display());
                }
            }
            sleep(WATCH).await;
        }
    }

    /// Ends all of them.
    ///
    /// Whoever stops waiting for it kills those that still run.
    pub(super) async fn stop(self) {
        join_all(self.running.into_iter().map(Running::stop)).await;
    }
}

fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// The rule files, with those of the SLOs in shorter time.
fn scaled_rules(scale: Scale) -> anyhow::Result<Vec<File>> {
    let sources: Vec<Source> = slos().into_iter().map(|file| Source { name: file.name, text: file.text }).collect();
    let slos = tidewatch_slo::read(&sources, &NothingKnown)?.slos;
    let mut rules = rules();
    rules.retain(|file| file.name != SLO_RULES);
    rules.push(File { name: SLO_RULES.to_owned(), text: tidewatch_slo::generate(&slos, scale) });
    Ok(rules)
}

/// Grafana's dashboards, the first of them its home page.
fn dashboards() -> Vec<File> {
    let file = |dashboard: Dashboard| File { text: dashboard.text(), name: dashboard.file_name };
    tidewatch_dashboards::all().into_iter().map(file).collect()
}

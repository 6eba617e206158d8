//! The servers that `up` starts beside the services: those that are found, connected to the services and to each other.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, anyhow};
use futures::future::join_all;
use tidewatch_dashboards::Dashboard;
use tidewatch_platform::{ALERTMANAGER, PROMETHEUS, Server};
use tidewatch_servers::process::Port;
use tidewatch_servers::prometheus::{Target, scrape_interval};
use tidewatch_servers::{BACKENDS, Backend, File, Installation, Peers, Running, Wiring, rules, slos};
use tidewatch_slo::{NothingKnown, Scale, Source};
use tokio::time::sleep;

use super::ports::Ports;
use crate::exit::usage;
use crate::say::say;
use crate::state::Endpoints;

/// Interval between checks of the processes.
const WATCH: Duration = Duration::from_millis(500);
/// The scrape interval with a scale: the usual one would be too coarse for the shortest scaled window.
const SCALED_SCRAPE_INTERVAL: Duration = Duration::from_secs(1);
/// The rule file generated from the SLOs.
const SLO_RULES: &str = "slos.yaml";

/// Which of the backends to start.
#[derive(clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Those that are found
    Auto,
    /// None of them: the alert-relay notifies mock-slack directly
    None,
}

/// Returns the help of the flag, which names the servers.
pub(super) fn help() -> String {
    let titles: Vec<&str> = BACKENDS.iter().map(|backend| backend.entry.title).collect();
    format!("Whether to start the servers beside the services: {}", titles.join(", "))
}

/// The servers found on this machine, each with the port it will use.
pub(super) struct Found {
    servers: Vec<(&'static Backend, Installation, u16)>,
    /// Messages for the user, one per missing server.
    missing: Vec<String>,
}

/// The facts about the services that the backends need.
pub(super) struct Services {
    /// The targets to scrape.
    pub(super) targets: Vec<Target>,
    /// The URL that receives notifications.
    pub(super) webhook: String,
}

/// The running servers.
pub(super) struct Backends {
    running: Vec<Running>,
}

impl Found {
    /// Looks for the servers and reserves a port for each.
    pub(super) fn discover(wanted: Wanted, ports: Ports, slo_scale: Option<Scale>) -> anyhow::Result<Self> {
        let mut found = Self { servers: Vec::new(), missing: Vec::new() };
        let candidates = if wanted == Wanted::Auto { BACKENDS } else { &[] };
        for backend in candidates {
            if backend.needs.iter().any(|needed| !found.has(*needed)) {
                continue;
            }
            match (backend.find)() {
                Ok(installation) => {
                    found.servers.push((backend, installation, ports.reserve(backend.entry.port)?));
                }
                Err(missing) => found.missing.push(missing.to_string()),
            }
        }
        if slo_scale.is_some() && !found.has(PROMETHEUS) {
            return Err(usage(
                "--slo-scale: needs Prometheus, which evaluates the SLOs; install it with tests/setup, \
                 and leave out --backends none",
            ));
        }
        Ok(found)
    }

    fn has(&self, server: Server) -> bool {
        self.servers.iter().any(|(backend, ..)| backend.entry == server)
    }

    fn peers(&self) -> Peers {
        self.servers.iter().map(|(backend, _, port)| (backend.entry, *port)).collect()
    }

    /// Returns the URL that Alertmanager will have, if it was found.
    pub(super) fn alertmanager(&self) -> Option<String> {
        self.peers().url(ALERTMANAGER.name)
    }

    /// Prints which servers are missing, and how to get them.
    pub(super) fn report_missing(&self) {
        for missing in &self.missing {
            say!("{missing}");
        }
    }

    /// Starts the servers that were found, with their data below `dir`, and adds them to `endpoints`.
    pub(super) async fn start(
        self,
        dir: &Path,
        services: Services,
        slo_scale: Option<Scale>,
        endpoints: &mut Endpoints,
    ) -> anyhow::Result<Backends> {
        let wiring = Wiring {
            servers: self.peers(),
            services: services.targets,
            webhook: services.webhook,
            scrape_interval: slo_scale.map_or_else(scrape_interval, |_| SCALED_SCRAPE_INTERVAL),
            rules: slo_scale.map_or_else(|| Ok(rules()), scaled_rules)?,
            dashboards: dashboards(),
        };
        // Concurrently: each takes a second or two.
        let starts = self.servers.into_iter().map(async |(backend, installation, port)| {
            // The path helps when an old installation on PATH hides the one that tests/setup fetched.
            let failed = format!("{installation} did not start; `--backends none` runs without it");
            let server = (backend.configure)(installation, &wiring);
            let started = Running::start(server.as_ref(), &dir.join(server.name()), Port::Fixed(port)).await;
            started.context(failed)
        });
        // If one did not start, those that did are stopped by being dropped.
        let running: Vec<Running> = join_all(starts).await.into_iter().collect::<anyhow::Result<_>>()?;
        for server in &running {
            endpoints.insert(server.name(), server.url());
        }
        Ok(Backends { running })
    }
}

impl Backends {
    /// Returns the name and address of each server, for a table.
    pub(super) fn places(&self) -> Vec<Vec<String>> {
        self.running
            .iter()
            .map(|server| vec![server.name().to_owned(), server.url().to_owned(), "-".to_owned()])
            .collect()
    }

    /// Waits until a server exits, and returns an error that names it.
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

    /// Stops all of them.
    ///
    /// Dropping the future kills those that are still running.
    pub(super) async fn stop(self) {
        join_all(self.running.into_iter().map(Running::stop)).await;
    }
}

/// Returns the rule files, with the durations of the SLO rules divided by `scale`.
fn scaled_rules(scale: Scale) -> anyhow::Result<Vec<File>> {
    let sources: Vec<Source> = slos().into_iter().map(|file| Source { name: file.name, text: file.text }).collect();
    let slos = tidewatch_slo::read(&sources, &NothingKnown)?.slos;
    let mut rules = rules();
    rules.retain(|file| file.name != SLO_RULES);
    rules.push(File { name: SLO_RULES.to_owned(), text: tidewatch_slo::generate(&slos, scale) });
    Ok(rules)
}

/// Returns Grafana's dashboards for a Tidewatch without a cluster; the first one is its home page.
fn dashboards() -> Vec<File> {
    let file = |dashboard: Dashboard| File { text: dashboard.text(), name: dashboard.file_name };
    tidewatch_dashboards::all().into_iter().filter(|dashboard| !dashboard.needs_cluster).map(file).collect()
}

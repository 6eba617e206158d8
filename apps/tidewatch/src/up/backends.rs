//! Prometheus, Alertmanager and Grafana under `up`: those that are found, connected to the services and to each other.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, anyhow};
use futures::future::join_all;
use tidewatch_dashboards::Dashboard;
use tidewatch_platform::{self as platform, ALERTMANAGER, GRAFANA, PROMETHEUS};
use tidewatch_servers::alertmanager::{Alertmanager, Receivers};
use tidewatch_servers::grafana::Grafana;
use tidewatch_servers::process::Port;
use tidewatch_servers::prometheus::{Prometheus, Target};
use tidewatch_servers::{
    File, Installation, NotFound, Running, Server, alertmanager, grafana, prometheus, rules, slos,
};
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

/// A server that is started if it is found.
struct Known {
    /// Its name in messages.
    title: &'static str,
    find: fn() -> Result<Installation, NotFound>,
    /// Its entry in the registry.
    entry: platform::Server,
    /// The server without which it is not started.
    needs: Option<platform::Server>,
    configure: fn(&Wiring, Installation) -> anyhow::Result<Box<dyn Server>>,
}

/// All of them. A new server needs an entry here, a file in `tidewatch-servers`, and an entry in
/// platform/services.toml.
const KNOWN: [Known; 3] = [
    Known {
        title: "Prometheus",
        find: prometheus::find,
        entry: PROMETHEUS,
        needs: None,
        configure: |wiring, installation| {
            let config = prometheus::Config {
                scrape_interval: wiring.slo_scale.map_or_else(prometheus::scrape_interval, |_| SCALED_SCRAPE_INTERVAL),
                targets: wiring.services.targets.clone(),
                rules: wiring.slo_scale.map_or_else(|| Ok(rules()), scaled_rules)?,
                alertmanager: wiring.found.port(ALERTMANAGER),
            };
            Ok(Box::new(Prometheus { installation, config }))
        },
    },
    Known {
        title: "Alertmanager",
        find: alertmanager::find,
        entry: ALERTMANAGER,
        needs: None,
        configure: |wiring, installation| {
            let receivers = Receivers::Webhook(wiring.services.webhook.clone());
            Ok(Box::new(Alertmanager { installation, receivers }))
        },
    },
    Known {
        title: "Grafana",
        find: grafana::find,
        entry: GRAFANA,
        needs: Some(PROMETHEUS),
        configure: |wiring, installation| {
            let prometheus = wiring.found.url(PROMETHEUS).context("Grafana needs a Prometheus")?;
            let alertmanager = wiring.found.url(ALERTMANAGER);
            let config = grafana::Config { prometheus, alertmanager, dashboards: dashboards() };
            Ok(Box::new(Grafana { installation, config }))
        },
    },
];

/// The servers found on this machine, each with the port it will use.
pub(super) struct Found {
    servers: Vec<(&'static Known, Installation, u16)>,
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

/// The inputs of a server's configuration.
struct Wiring<'a> {
    found: &'a Found,
    services: &'a Services,
    slo_scale: Option<Scale>,
}

/// The running servers.
pub(super) struct Backends {
    running: Vec<Running>,
}

impl Found {
    /// Looks for the servers and reserves a port for each.
    pub(super) fn discover(wanted: Wanted, ports: Ports, slo_scale: Option<Scale>) -> anyhow::Result<Self> {
        let mut found = Self { servers: Vec::new(), missing: Vec::new() };
        let known = if wanted == Wanted::Auto { KNOWN.as_slice() } else { &[] };
        for known in known {
            if known.needs.is_some_and(|needed| found.port(needed).is_none()) {
                continue;
            }
            match (known.find)() {
                Ok(installation) => found.servers.push((known, installation, ports.reserve(known.entry.port)?)),
                Err(missing) => found.missing.push(missing.to_string()),
            }
        }
        if slo_scale.is_some() && found.port(PROMETHEUS).is_none() {
            return Err(usage("--slo-scale: it is Prometheus that evaluates SLOs, and none is found or wanted here"));
        }
        Ok(found)
    }

    fn port(&self, entry: platform::Server) -> Option<u16> {
        self.servers.iter().find(|(known, ..)| known.entry == entry).map(|(.., port)| *port)
    }

    fn url(&self, entry: platform::Server) -> Option<String> {
        Some(format!("http://127.0.0.1:{}", self.port(entry)?))
    }

    /// Returns the URL that Alertmanager will have, if it was found.
    pub(super) fn alertmanager(&self) -> Option<String> {
        self.url(ALERTMANAGER)
    }

    /// Prints which servers are missing, and how to get them.
    pub(super) fn tell_missing(&self) {
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
        let wiring = Wiring { found: &self, services: &services, slo_scale };
        // Concurrently: each takes a second or two.
        let starts = self.servers.iter().map(async |(known, installation, port)| {
            let server = (known.configure)(&wiring, installation.clone())?;
            let started = Running::start(server.as_ref(), &dir.join(server.name()), Port::Fixed(*port)).await;
            // The path helps when an old installation on PATH hides the one that tests/setup fetched.
            let (title, program) = (known.title, installation.program().display());
            started.with_context(|| format!("{title}, {program}, did not start; --backends none does without it"))
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

/// Returns Grafana's dashboards; the first one is its home page.
fn dashboards() -> Vec<File> {
    let file = |dashboard: Dashboard| File { text: dashboard.text(), name: dashboard.file_name };
    tidewatch_dashboards::all().into_iter().map(file).collect()
}

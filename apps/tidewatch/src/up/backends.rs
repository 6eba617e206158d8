//! Prometheus, Alertmanager and Grafana under `up`: whichever are found, wired to the services and to each other.

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

/// How often the processes are looked at.
const WATCH: Duration = Duration::from_millis(500);
/// With time windows scaled down, the usual interval would be too coarse for the shortest.
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

/// A server that is started where it is found.
struct Known {
    /// As messages name it.
    title: &'static str,
    find: fn() -> Result<Installation, NotFound>,
    /// Its entry in the registry.
    entry: platform::Server,
    /// The server without which it has nothing to do.
    needs: Option<platform::Server>,
    configure: fn(&Wiring, Installation) -> anyhow::Result<Box<dyn Server>>,
}

/// All of them. A new server is an entry here, a file of `tidewatch-servers`, and an entry of platform/services.toml.
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

/// What is found on this machine, each with the port that it is going to have.
pub(super) struct Found {
    servers: Vec<(&'static Known, Installation, u16)>,
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

/// What a server's configuration follows from.
struct Wiring<'a> {
    found: &'a Found,
    services: &'a Services,
    slo_scale: Option<Scale>,
}

/// Those that run.
pub(super) struct Backends {
    running: Vec<Running>,
}

impl Found {
    /// Looks for them, and takes a port for each.
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

    /// Where Alertmanager is going to be.
    pub(super) fn alertmanager(&self) -> Option<String> {
        self.url(ALERTMANAGER)
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
        let wiring = Wiring { found: &self, services: &services, slo_scale };
        // Side by side: each waits for a second or two.
        let starts = self.servers.iter().map(async |(known, installation, port)| {
            let server = (known.configure)(&wiring, installation.clone())?;
            let started = Running::start(server.as_ref(), &dir.join(server.name()), Port::Fixed(*port)).await;
            // Which one it is helps where an old one on PATH hides what tests/setup fetched.
            let (title, program) = (known.title, installation.program().display());
            started.with_context(|| format!("{title}, {program}, did not start; --backends none does without it"))
        });
        // Of those that started, each is ended by being dropped when another did not.
        let running: Vec<Running> = join_all(starts).await.into_iter().collect::<anyhow::Result<_>>()?;
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

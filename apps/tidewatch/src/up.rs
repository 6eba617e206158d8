//! `tidewatch up`: runs all of Tidewatch in this process, on this machine, until ctrl-c.

mod backends;
mod broker;
mod directory;
mod live;
mod lock;
mod ports;

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, anyhow};
use tidewatch_client::Admin;
use tidewatch_contract::http::admin::{Readiness, Unmet};
use tidewatch_platform as platform;
use tidewatch_servers::prometheus::Target;
use tidewatch_slo::Scale;
use tokio::time::{Instant, sleep};

use crate::exit::usage;
use crate::fleet::Fleet;
use crate::interrupt::Interrupt;
use crate::say::say;
use crate::services::{Surroundings, WorkloadArgs};
use crate::state::{Endpoints, StateArgs};
use crate::{flags, http, program, services, table};
use backends::{Backends, Found};
use broker::Broker;
use lock::Lock;
use ports::Ports;

/// Time limit for the services to become ready, excluding the start of a real Kafka.
const READY: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(100);
/// The in-process broker's maximum load, in events per second.
const IN_PROCESS_RATE: f64 = 500.0;

/// Start all of Tidewatch on this machine: broker, services, console
///
/// Runs a simulated workload and all services of Tidewatch in one process, on loopback. The broker is the first one
/// available: --brokers; an Apache Kafka found on this machine (KAFKA_HOME, PATH, or the one that tests/setup fetched);
/// otherwise one inside this process. The servers of --backends are started if they are found. Ctrl-c drains everything
/// and leaves nothing running.
#[derive(clap::Args, Debug)]
#[command(after_help = format!("Ports: {}.\n\
    Other flags of the services are read from environment variables, such as \
    TIDEWATCH_RULES=rules.yaml for the stream-processor. RUST_LOG=info shows their logs.", ports::documented()))]
pub(crate) struct Args {
    /// Kafka brokers to use instead of starting one
    #[arg(long, env = "TIDEWATCH_BROKERS", value_name = "HOST:PORT")]
    brokers: Option<String>,
    /// librdkafka property for --brokers (TLS, SASL, ...), repeatable; in the environment one per line, or
    /// comma-separated
    #[arg(long, env = "TIDEWATCH_KAFKA_CONFIG", value_name = "KEY=VALUE", hide_env_values = true)]
    kafka_config: Vec<tidewatch_kafka::Properties>,
    /// Which broker to start without --brokers
    #[arg(long, value_enum, default_value_t = broker::Wanted::Auto, conflicts_with = "brokers")]
    broker: broker::Wanted,
    #[arg(long, value_enum, default_value_t = backends::Wanted::Auto, help = backends::help())]
    backends: backends::Wanted,
    /// Divide every duration in the SLO rules by this and scrape every second, so that a page comes and goes within
    /// minutes
    #[arg(long, value_name = "DIVISOR")]
    slo_scale: Option<Scale>,
    /// Service to leave out, repeatable: one of those that are watched, of which a production has its own;
    /// comma-separated in the environment
    #[arg(long, env = "TIDEWATCH_WITHOUT", value_name = "NAME", value_delimiter = ',',
          value_parser = services::watched())]
    without: Vec<String>,
    /// `default` uses the documented ports, `auto` picks free ones
    #[arg(long, value_enum, default_value_t = Ports::Default)]
    ports: Ports,
    /// Host name to accept in requests besides localhost and 127.0.0.1, such as that of a proxy in front of this
    /// machine; repeatable; comma-separated in the environment
    #[arg(long, env = "TIDEWATCH_ALLOWED_HOST", value_name = "HOST", value_delimiter = ',')]
    allowed_host: Vec<tidewatch_service::Host>,
    #[command(flatten)]
    state: StateArgs,
    #[command(flatten, next_help_heading = "Workload")]
    workload: WorkloadArgs,
}

impl Args {
    /// Returns whether this service is not left out.
    fn runs(&self, entry: &platform::Service) -> bool {
        !self.without.iter().any(|name| name == entry.name)
    }
}

/// Runs until a shutdown signal arrives or a service fails.
pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let mut interrupt = Interrupt::listen().context("can't listen for ctrl-c")?;
    let _telemetry = tidewatch_service::init_quiet("tidewatch").map_err(usage)?;
    let total = args.workload.events_per_second * tidewatch_workload::Workload::default().services.len() as f64;

    let dir = directory::prepare(&args.state.dir()?)?;
    let lock = Lock::take(&dir)?;
    // Left by a process that was killed; from now on it would be wrong.
    Endpoints::remove(&dir)?;
    args.ports.check(|entry| args.runs(entry))?;

    let started = tokio::select! {
        started = start(&args, &dir, total) => started?,
        () = interrupt.received() => {
            // Dropping the servers that were started kills them, and they have been dropped by now.
            say!("stopped before it was ready; nothing is left running");
            return Ok(());
        }
    };
    let outcome = serve(&args, &dir, started, &mut interrupt).await;
    let removed = Endpoints::remove(&dir);
    drop(lock);
    outcome?;
    removed?;
    say!("stopped; nothing is left running");
    Ok(())
}

struct Started {
    broker: Broker,
    backends: Backends,
    fleet: Fleet,
    endpoints: Endpoints,
}

/// Starts the broker, binds every service, and starts the backends with the addresses of the services.
async fn start(args: &Args, dir: &Path, total_rate: f64) -> anyhow::Result<Started> {
    let found = Found::discover(args.backends, args.ports, args.slo_scale)?;
    let broker = match &args.brokers {
        Some(brokers) => Broker::external(flags::kafka(brokers, &args.kafka_config)?).await?,
        None => Broker::start(args.broker, total_rate, dir, args.ports).await?,
    };
    let mut endpoints = Endpoints::default();
    endpoints.insert("broker", broker.kind());
    endpoints.insert("kafka", &broker.args().brokers);
    let alertmanager = found.alertmanager();
    let surroundings = Surroundings {
        kafka: broker.args(),
        owns_kafka: broker.kind() == "kafka",
        dir,
        alertmanager: alertmanager.as_deref(),
        workload: &args.workload,
    };
    let fleet =
        services::bind(&surroundings, |entry| args.runs(entry), |entry| args.ports.listen(entry, &args.allowed_host))
            .await?;
    fleet.note_in(&mut endpoints);
    found.report_missing();
    let target = |(job, address): (&str, _)| Target { job: job.to_owned(), address };
    let targets = fleet.admins().into_iter().map(target).collect();
    let services = backends::Services { targets, webhook: services::webhook(&fleet)? };
    let backends = found.start(dir, services, args.slo_scale, &mut endpoints).await?;
    Ok(Started { broker, backends, fleet, endpoints })
}

/// Runs the services and prints what happens until the end; then drains them and stops the servers.
async fn serve(args: &Args, dir: &Path, started: Started, interrupt: &mut Interrupt) -> anyhow::Result<()> {
    let Started { mut broker, mut backends, mut fleet, endpoints } = started;
    let endpoints = &endpoints;
    say!("broker: {}", broker.why());
    let alerts = live::Alerts::from_now_on(broker.args()).await?;
    fleet.run();
    let (admins, places) = (fleet.admins(), [fleet.places(), backends.places()].concat());
    let work = async {
        until_ready(&admins).await?;
        endpoints.write(dir)?;
        welcome(args, dir, endpoints, &places)?;
        live::follow(alerts, endpoints).await
    };
    // Each service reports its own.
    let own_clients = broker.args().failure.clone();
    let reason = tokio::select! {
        failed = fleet.failed() => Err(failed),
        failed = broker.failed() => Err(failed),
        why = own_clients.reported() => Err(anyhow!("{why}")),
        failed = backends.failed() => Err(failed),
        () = interrupt.received() => Ok(()),
        failed = work => failed,
    };
    if let Err(error) = &reason {
        say!("stopping: {error:#}");
    } else {
        say!("draining; ctrl-c again ends it at once");
    }
    let ending = async {
        let drained = fleet.drain().await;
        // After the services, which send alerts to Alertmanager until they end.
        tokio::join!(backends.stop(), broker.stop());
        drained
    };
    let drained = tokio::select! {
        drained = ending => drained,
        // Dropping the servers that are still running kills them.
        () = interrupt.received() => Err(anyhow!("second shutdown signal received before everything had ended")),
    };
    reason.and(drained)
}

/// Waits until every service reports that it is ready.
async fn until_ready(admins: &[(&'static str, SocketAddr)]) -> anyhow::Result<()> {
    let deadline = Instant::now() + READY;
    for (name, address) in admins {
        let admin = Admin::new(name, (*address).into(), http::LIMIT)?;
        loop {
            let readiness = admin.readiness().await;
            if readiness.as_ref().is_ok_and(|readiness| readiness.ready) {
                break;
            }
            if Instant::now() > deadline {
                let why = match readiness {
                    Ok(Readiness { reasons, .. }) => {
                        let reason = |unmet: &Unmet| format!("{}: {}", unmet.condition, unmet.reason);
                        reasons.iter().map(reason).collect::<Vec<_>>().join("; ")
                    }
                    Err(error) => error.to_string(),
                };
                return Err(anyhow!("{name} is not ready within {} s: {why}", READY.as_secs()));
            }
            sleep(POLL).await;
        }
    }
    Ok(())
}

/// Prints where everything runs, and what to do next.
fn welcome(args: &Args, dir: &Path, endpoints: &Endpoints, places: &[Vec<String>]) -> anyhow::Result<()> {
    say!("\n{}", table::render(&["service", "address", "admin"], places));
    let here =
        if args.state == StateArgs::default() { String::new() } else { format!(" --state-dir {}", dir.display()) };
    say!("look at it:      {}", endpoints.require("console")?);
    say!("break something: {} break payment-service --latency 10{here}", program());
    say!("heal it:         {} heal{here}", program());
    say!("stop everything: ctrl-c\n");
    Ok(())
}

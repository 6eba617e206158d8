//! Every service that `up` runs, wired to the others.

use std::path::Path;

use tidewatch_backends::prometheus::Target;
use tidewatch_service::Service;

use super::Args;
use super::backends::Services;
use super::broker::Broker;
use super::lifecycle::Fleet;
use super::ports::Listener;
use crate::exit::usage;
use crate::flags;
use crate::state::Endpoints;

/// Binds all of them, so that each can be told where the others are, and notes it in `endpoints`. Alerts go to Alertmanager
/// where there is going to be one, else straight to mock-slack.
pub(super) async fn bind(
    args: &Args,
    broker: &Broker,
    dir: &Path,
    alertmanager: Option<String>,
    endpoints: &mut Endpoints,
) -> anyhow::Result<(Fleet, Services)> {
    let flag = |name: &str, listener: Listener| format!("--{name}={}", args.ports.of(listener));
    let admin = |place: u16| flag("admin-listen", Listener::Admin(place));
    let hosts: Vec<String> = args.allowed_host.iter().map(|host| format!("--allowed-host={host}")).collect();
    // What all services have in common that read from Kafka.
    let mut kafka = [vec![format!("--brokers={}", broker.args().brokers)], hosts.clone()].concat();
    if args.brokers.is_some() {
        kafka.extend(args.kafka_config.iter().map(|given| format!("--kafka-config={}", given.secret_text())));
    }
    let reading = |own: Vec<String>| [kafka.clone(), own].concat();
    let http = |addr: std::net::SocketAddr| format!("http://{addr}");

    let simulator: workload_simulator::Simulator =
        bound(reading([args.workload.flags(), vec![flag("listen", Listener::Simulator), admin(0)]].concat())).await?;
    // Under a name of its own the processor has its partitions back at once after a kill -9; the in-process broker knows no
    // static members, and on somebody else's broker the name may be taken.
    let membership = (broker.kind() == "kafka").then(|| "--instance-id=tidewatch-up".to_owned());
    let processor: stream_processor::Processor =
        bound(reading([admin(1)].into_iter().chain(membership).collect())).await?;
    let bridge: metrics_bridge::Bridge = bound(reading(vec![admin(2)])).await?;
    let data = format!("--data-dir={}", dir.join("mock-slack").display());
    let mock_slack: mock_slack::MockSlack =
        bound([vec![flag("listen", Listener::MockSlack), admin(5), data], hosts].concat()).await?;
    let webhook = format!("{}/webhook", http(mock_slack.addr()));
    let told = alertmanager.map_or_else(|| format!("--webhook={webhook}"), |url| format!("--alertmanager={url}"));
    let relay: alert_relay::AlertRelay = bound(reading(vec![admin(3), told])).await?;

    endpoints.insert("simulator", http(simulator.addr()));
    endpoints.insert("mock_slack", http(mock_slack.addr()));
    endpoints.insert("processor", http(processor.admin_addr()));
    endpoints.insert("bridge", http(bridge.admin_addr()));
    endpoints.insert("relay", http(relay.admin_addr()));
    let peers = ["simulator", "mock_slack", "processor"]
        .into_iter()
        .filter_map(|name| Some(format!("--{}={}", name.replace('_', "-"), endpoints.get(name)?)));
    let own = [flag("listen", Listener::Console), admin(4)];
    let console: console::Console = bound(reading(own.into_iter().chain(peers).collect())).await?;
    endpoints.insert("console", http(console.addr()));

    // In the order in which they are drained: what a service sends while it ends is still dealt with by those after it. The
    // console only looks at the others, and would report each of them as gone.
    let mut fleet = Fleet::new();
    let (simulator_admin, processor_admin) = (simulator.admin_addr(), processor.admin_addr());
    let (relay_admin, bridge_admin) = (relay.admin_addr(), bridge.admin_addr());
    let (console_admin, mock_slack_admin) = (console.admin_addr(), mock_slack.admin_addr());
    fleet.add(console, Some("console"), console_admin);
    fleet.add(simulator, Some("simulator"), simulator_admin);
    fleet.add(processor, None, processor_admin);
    fleet.add(relay, None, relay_admin);
    fleet.add(bridge, None, bridge_admin);
    fleet.add(mock_slack, Some("mock_slack"), mock_slack_admin);
    let target = |(job, address): (&str, _)| Target { job: job.to_owned(), address };
    let targets = fleet.admins().into_iter().map(target).collect();
    Ok((fleet, Services { targets, webhook }))
}

/// A service, configured by its own flags and bound to its ports.
async fn bound<S: Service>(flags: Vec<String>) -> anyhow::Result<S> {
    let config = flags::configuration::<S::Config>(S::NAME, &flags)?;
    S::bind(config).await.map_err(|error| usage(format!("{}: {error:#}", S::NAME)))
}

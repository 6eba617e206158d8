//! Every service that `up` runs, wired to the others.

use std::path::Path;

use tidewatch_backends::prometheus::Target;
use tidewatch_platform::{self as platform, Port};
use tidewatch_service::Service;

use super::Args;
use super::backends::Services;
use super::broker::Broker;
use super::lifecycle::Fleet;
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
    let flag = |name: &str, port: Port| format!("--{name}={}", args.ports.of(port));
    let admin = |service: platform::Service| flag("admin-listen", service.admin);
    let hosts: Vec<String> = args.allowed_host.iter().map(|host| format!("--allowed-host={host}")).collect();
    // What all services have in common that read from Kafka.
    let mut kafka = [vec![format!("--brokers={}", broker.args().brokers)], hosts.clone()].concat();
    if args.brokers.is_some() {
        kafka.extend(args.kafka_config.iter().map(|given| format!("--kafka-config={}", given.secret_text())));
    }
    let reading = |own: Vec<String>| [kafka.clone(), own].concat();
    let http = |addr: std::net::SocketAddr| format!("http://{addr}");

    let simulator: workload_simulator::Simulator = bound(reading(
        [
            args.workload.flags(),
            vec![flag("listen", platform::WORKLOAD_SIMULATOR_PAGE), admin(platform::WORKLOAD_SIMULATOR)],
        ]
        .concat(),
    ))
    .await?;
    // Under a name of its own the processor has its partitions back at once after a kill -9; the in-process broker knows no
    // static members, and on somebody else's broker the name may be taken.
    let membership = (broker.kind() == "kafka").then(|| "--instance-id=tidewatch-up".to_owned());
    let processor: stream_processor::Processor =
        bound(reading([admin(platform::STREAM_PROCESSOR)].into_iter().chain(membership).collect())).await?;
    let bridge: metrics_bridge::Bridge = bound(reading(vec![admin(platform::METRICS_BRIDGE)])).await?;
    let data = format!("--data-dir={}", dir.join("mock-slack").display());
    let mock_slack: mock_slack::MockSlack =
        bound([vec![flag("listen", platform::MOCK_SLACK_PAGE), admin(platform::MOCK_SLACK), data], hosts].concat())
            .await?;
    let webhook = format!("{}/webhook", http(mock_slack.addr()));
    let told = alertmanager.map_or_else(|| format!("--webhook={webhook}"), |url| format!("--alertmanager={url}"));
    let relay: alert_relay::AlertRelay = bound(reading(vec![admin(platform::ALERT_RELAY), told])).await?;

    let peers = [
        ("simulator", simulator.page_addr()),
        ("mock-slack", mock_slack.page_addr()),
        ("processor", Some(processor.admin_addr())),
    ];
    let peers = peers.into_iter().filter_map(|(name, address)| Some(format!("--{name}={}", http(address?))));
    let own = [flag("listen", platform::CONSOLE_PAGE), admin(platform::CONSOLE)];
    let console: console::Console = bound(reading(own.into_iter().chain(peers).collect())).await?;

    let mut fleet = Fleet::new();
    fleet.add(simulator);
    fleet.add(processor);
    fleet.add(bridge);
    fleet.add(relay);
    fleet.add(console);
    fleet.add(mock_slack);
    fleet.note_in(endpoints);
    let target = |(job, address): (&str, _)| Target { job: job.to_owned(), address };
    let targets = fleet.admins().into_iter().map(target).collect();
    Ok((fleet, Services { targets, webhook }))
}

/// A service, configured by its own flags and bound to its ports.
async fn bound<S: Service>(flags: Vec<String>) -> anyhow::Result<S> {
    let config = flags::configuration::<S::Config>(S::NAME, &flags)?;
    S::bind(config).await.map_err(|error| usage(format!("{}: {error:#}", S::NAME)))
}

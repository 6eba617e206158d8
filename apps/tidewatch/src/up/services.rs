//! The services that `up` runs, connected to each other.

use std::path::Path;

use alert_relay::AlertRelay;
use anyhow::anyhow;
use console::Console;
use metrics_bridge::Bridge;
use mock_slack::MockSlack;
use stream_processor::Processor;
use tidewatch_platform as platform;
use tidewatch_servers::prometheus::Target;
use tidewatch_service::{AdminArgs, Service};
use workload_simulator::Simulator;

use super::Args;
use super::backends::Services;
use super::broker::Broker;
use super::lifecycle::Fleet;
use crate::exit::usage;
use crate::flags;
use crate::state::Endpoints;

/// Binds all of them, each configured with the addresses of the others, and adds them to `endpoints`. Alerts go to
/// Alertmanager if there will be one, otherwise straight to mock-slack.
pub(super) async fn bind(
    args: &Args,
    broker: &Broker,
    dir: &Path,
    alertmanager: Option<String>,
    endpoints: &mut Endpoints,
) -> anyhow::Result<(Fleet, Services)> {
    let ports = args.ports;
    let kafka = || broker.args().clone();

    let simulator: Simulator = bound(workload_simulator::Config {
        kafka: kafka(),
        admin: admin::<Simulator>(args),
        listen: ports.of(platform::WORKLOAD_SIMULATOR_PAGE),
        ..args.workload.configuration()?
    })
    .await?;

    let mut config = stream_processor::Config {
        kafka: kafka(),
        admin: admin::<Processor>(args),
        ..flags::from_environment::<Processor>(&[])?
    };
    if broker.kind() == "kafka" {
        // As a static member, the processor gets its partitions back at once after a kill -9. The in-process broker has
        // no static members, and on an external broker the name may be taken.
        config.membership.instance_id = Some("tidewatch-up".to_owned());
    }
    let processor: Processor = bound(config).await?;

    let bridge: Bridge = bound(metrics_bridge::Config {
        kafka: kafka(),
        admin: admin::<Bridge>(args),
        ..flags::from_environment::<Bridge>(&[])?
    })
    .await?;

    let mock_slack: MockSlack = bound(mock_slack::Config {
        listen: ports.of(platform::MOCK_SLACK_PAGE),
        data_dir: Some(dir.join("mock-slack")),
        admin: admin::<MockSlack>(args),
    })
    .await?;

    let webhook = format!("http://{}/webhook", mock_slack.addr());
    let receiver = |url: &str| url.parse().map_err(|error| anyhow!("{url}: {error}"));
    let relay: AlertRelay = bound(match &alertmanager {
        Some(url) => alert_relay::Config {
            kafka: kafka(),
            admin: admin::<AlertRelay>(args),
            alertmanager: vec![receiver(url)?],
            ..flags::from_environment::<AlertRelay>(&["alertmanager"])?
        },
        None => alert_relay::Config {
            kafka: kafka(),
            admin: admin::<AlertRelay>(args),
            webhook: vec![receiver(&webhook)?],
            ..flags::from_environment::<AlertRelay>(&["webhook"])?
        },
    })
    .await?;

    let console: Console = bound(console::Config {
        listen: ports.of(platform::CONSOLE_PAGE),
        processor: Some(processor.admin_addr().into()),
        simulator: Some(simulator.addr().into()),
        mock_slack: Some(mock_slack.addr().into()),
        kafka: kafka(),
        admin: admin::<Console>(args),
    })
    .await?;

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

/// Returns the settings of a service's admin listener.
fn admin<S: Service>(args: &Args) -> AdminArgs {
    AdminArgs { admin_listen: args.ports.of(S::ENTRY.admin), allowed_host: args.allowed_host.clone() }
}

/// Binds a service's ports. Errors name the service.
async fn bound<S: Service>(config: S::Config) -> anyhow::Result<S> {
    S::bind(config).await.map_err(|error| usage(format!("{}: {error:#}", S::NAME)))
}

//! Tidewatch's services: the list of all, and how `up` configures each.
//!
//! The list is in [`ALL`]. The catalogue of metrics follows from it, and the fleet that `up` runs: the order in which
//! services start and drain, their ports and their addresses are facts of the registry.

mod workload;

use std::fmt::Display;
use std::path::Path;
use std::pin::Pin;
use std::str::FromStr;

use alert_relay::AlertRelay;
use anyhow::anyhow;
use api_gateway::ApiGateway;
use clap::builder::PossibleValuesParser;
use console::Console;
use metrics_bridge::MetricsBridge;
use mock_slack::MockSlack;
use stream_processor::StreamProcessor;
use tidewatch_kafka::KafkaArgs;
use tidewatch_platform::{self as platform, drain_order};
use tidewatch_sample::SampleArgs;
use tidewatch_service::metrics::Family;
use tidewatch_service::{Bound, ListenArgs, Service};
use user_service::UserService;
use workload_simulator::WorkloadSimulator;

use crate::exit::usage;
use crate::flags::from_environment;
use crate::fleet::{Fleet, Member};

pub use workload::WorkloadArgs;

/// All services, in the order of the registry.
pub const ALL: [Listed; platform::SERVICES.len()] = [
    Listed::of::<WorkloadSimulator>(),
    Listed::of::<StreamProcessor>(),
    Listed::of::<MetricsBridge>(),
    Listed::of::<AlertRelay>(),
    Listed::of::<Console>(),
    Listed::of::<MockSlack>(),
    Listed::of::<ApiGateway>(),
    Listed::of::<UserService>(),
];

/// The facts from which `up` configures the services.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// How clients reach the broker.
    pub kafka: &'a KafkaArgs,
    /// Whether the broker is a real Kafka that runs for these services alone.
    pub owns_kafka: bool,
    /// The state directory.
    pub dir: &'a Path,
    /// The URL of Alertmanager, if one is going to run.
    pub alertmanager: Option<&'a str>,
    /// The simulated workload.
    pub workload: &'a WorkloadArgs,
}

/// A service that `up` can configure.
trait Hosted: Service {
    /// Returns its configuration. `fleet` has the services that it talks to; variables of the environment set all that
    /// `up` doesn't.
    fn configuration(up: &Surroundings<'_>, fleet: &Fleet) -> anyhow::Result<Self::Config>;
}

impl Hosted for WorkloadSimulator {
    fn configuration(up: &Surroundings<'_>, _: &Fleet) -> anyhow::Result<Self::Config> {
        Ok(workload_simulator::Config { kafka: up.kafka.clone(), ..up.workload.configuration()? })
    }
}

impl Hosted for StreamProcessor {
    fn configuration(up: &Surroundings<'_>, _: &Fleet) -> anyhow::Result<Self::Config> {
        let mut config = stream_processor::Config { kafka: up.kafka.clone(), ..from_environment::<Self>(&[])? };
        if up.owns_kafka {
            // As a static member, the processor gets its partitions back at once after a kill -9. The in-process broker
            // has no static members, and on an external broker the name may be taken.
            config.membership.instance_id = Some("tidewatch-up".to_owned());
        }
        Ok(config)
    }
}

impl Hosted for MetricsBridge {
    fn configuration(up: &Surroundings<'_>, _: &Fleet) -> anyhow::Result<Self::Config> {
        Ok(metrics_bridge::Config { kafka: up.kafka.clone(), ..from_environment::<Self>(&[])? })
    }
}

impl Hosted for AlertRelay {
    fn configuration(up: &Surroundings<'_>, fleet: &Fleet) -> anyhow::Result<Self::Config> {
        let kafka = up.kafka.clone();
        Ok(match up.alertmanager {
            Some(url) => {
                let alertmanager = vec![parsed(url)?];
                alert_relay::Config { kafka, alertmanager, ..from_environment::<Self>(&["alertmanager"])? }
            }
            None => {
                let webhook = vec![parsed(&webhook(fleet)?)?];
                alert_relay::Config { kafka, webhook, ..from_environment::<Self>(&["webhook"])? }
            }
        })
    }
}

impl Hosted for Console {
    fn configuration(up: &Surroundings<'_>, fleet: &Fleet) -> anyhow::Result<Self::Config> {
        Ok(console::Config {
            processor: Some(parsed(&fleet.url(platform::STREAM_PROCESSOR)?)?),
            simulator: fleet.find(platform::WORKLOAD_SIMULATOR).map(|url| parsed(&url)).transpose()?,
            mock_slack: Some(parsed(&fleet.url(platform::MOCK_SLACK)?)?),
            kafka: up.kafka.clone(),
        })
    }
}

impl Hosted for MockSlack {
    fn configuration(up: &Surroundings<'_>, _: &Fleet) -> anyhow::Result<Self::Config> {
        Ok(mock_slack::Config { data_dir: Some(up.dir.join(Self::NAME)) })
    }
}

impl Hosted for ApiGateway {
    fn configuration(up: &Surroundings<'_>, fleet: &Fleet) -> anyhow::Result<Self::Config> {
        let defaults = from_environment::<Self>(&["user_service"])?;
        let sample = SampleArgs { kafka: up.kafka.clone(), ..defaults.sample };
        Ok(api_gateway::Config { sample, user_service: parsed(&fleet.url(platform::USER_SERVICE)?)?, ..defaults })
    }
}

impl Hosted for UserService {
    fn configuration(up: &Surroundings<'_>, _: &Fleet) -> anyhow::Result<Self::Config> {
        let defaults = from_environment::<Self>(&[])?;
        Ok(user_service::Config { sample: SampleArgs { kafka: up.kafka.clone(), ..defaults.sample } })
    }
}

/// Returns the URL at which mock-slack receives Alertmanager's notifications.
pub(crate) fn webhook(fleet: &Fleet) -> anyhow::Result<String> {
    Ok(format!("{}{}", fleet.url(platform::MOCK_SLACK)?, platform::MOCK_SLACK_WEBHOOK))
}

fn parsed<T: FromStr<Err: Display>>(url: &str) -> anyhow::Result<T> {
    url.parse().map_err(|error| anyhow!("{url}: {error}"))
}

type Binding = Pin<Box<dyn Future<Output = anyhow::Result<Member>> + Send>>;

/// A service of the list, independent of its type.
#[derive(Debug, Clone, Copy)]
pub struct Listed {
    /// Its entry in the registry.
    pub entry: platform::Service,
    /// The metrics that only it exposes.
    pub metrics: &'static [Family],
    bind: fn(&Surroundings<'_>, &Fleet, ListenArgs) -> Binding,
    #[cfg(test)]
    command: fn(clap::Command) -> clap::Command,
}

impl Listed {
    const fn of<S: Hosted>() -> Self {
        Self {
            entry: S::ENTRY,
            metrics: S::METRICS,
            bind: bind_one::<S>,
            #[cfg(test)]
            command: <S::Config as clap::Args>::augment_args,
        }
    }
}

fn bind_one<S: Hosted>(up: &Surroundings<'_>, fleet: &Fleet, listen: ListenArgs) -> Binding {
    let config = S::configuration(up, fleet);
    Box::pin(async move {
        let bound = Bound::<S>::new(config?, &listen).await;
        bound.map(Member::new).map_err(|error| usage(format!("{}: {error:#}", S::NAME)))
    })
}

/// Returns the parser of the names of services that may be left out: those that are watched, which no other needs.
pub(crate) fn watched() -> PossibleValuesParser {
    platform::SERVICES.iter().filter(|entry| entry.faults).map(|entry| entry.name).collect::<Vec<_>>().into()
}

/// Binds each service for which `runs` is true to the listeners that `listen` returns for it, and configures it with
/// the addresses of those that it talks to: they drain after it, and so they are bound before it. An error names the
/// service.
pub async fn bind(
    up: &Surroundings<'_>,
    runs: impl Fn(&platform::Service) -> bool,
    listen: impl Fn(platform::Service) -> ListenArgs,
) -> anyhow::Result<Fleet> {
    let mut fleet = Fleet::new();
    for service in drain_order(&ALL, |listed| &listed.entry).into_iter().rev() {
        if !runs(&service.entry) {
            continue;
        }
        let member = (service.bind)(up, &fleet, listen(service.entry)).await?;
        fleet.add(member);
    }
    Ok(fleet)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_service_of_the_registry_is_listed() {
        assert_eq!(ALL.map(|listed| listed.entry), platform::SERVICES);
    }

    #[test]
    fn every_service_has_the_flags_that_the_registry_names() {
        for Listed { entry, command, .. } in ALL {
            let command = command(clap::Command::new(entry.name));
            for peer in entry.talks_to {
                let has_it = command.get_arguments().any(|arg| arg.get_long() == Some(peer.flag));
                assert!(has_it, "{} has no flag --{} for the address of {}", entry.name, peer.flag, peer.name);
            }
        }
    }
}

//! The components of Tidewatch in a namespace, and the pods behind them.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Pod, Service};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use tidewatch_platform::{SERVERS, SERVICES, Server};

use crate::cluster::Cluster;
use crate::error::Error;
use crate::pods::{self, is_ready};

/// A component with its Kubernetes Service.
#[derive(Debug, Clone)]
pub(crate) struct Component {
    /// Its name in the registry, which is that of its Service.
    pub(crate) name: &'static str,
    /// Whether it speaks Kafka's protocol instead of HTTP.
    pub(crate) is_broker: bool,
    selector: BTreeMap<String, String>,
    /// The port of its pods: a number, or the name of a container's port.
    port: IntOrString,
}

/// Returns the components of the registry that have a Service among these.
pub(crate) fn of(services: &[Service]) -> Vec<Component> {
    let of_services = SERVICES.iter().map(|service| (service.name, service.page.map_or("admin", |_| "page"), false));
    let of_servers = SERVERS.iter().map(|server| (server.name, port_name(server), server.ready.is_none()));
    let find = |(name, port, is_broker): (&'static str, &str, bool)| {
        let service = services.iter().find(|service| service.metadata.name.as_deref() == Some(name))?;
        let spec = service.spec.as_ref()?;
        let port = spec.ports.iter().flatten().find(|known| known.name.as_deref() == Some(port))?;
        let port = port.target_port.clone().unwrap_or(IntOrString::Int(port.port));
        Some(Component { name, is_broker, selector: spec.selector.clone()?, port })
    };
    of_services.chain(of_servers).filter_map(find).collect()
}

/// Returns the name of the port that a server's clients use.
fn port_name(server: &Server) -> &'static str {
    let of_clients = |(_, port): &&(&str, _)| *port == server.port;
    server.ports.iter().find(of_clients).map_or("http", |(name, _)| name)
}

impl Component {
    /// Returns the name of a running pod, only the one called `wanted` if there is such a name, and the number of the
    /// component's port. A pod that isn't ready is only used if no other runs: it may answer why.
    pub(crate) async fn pod(&self, cluster: &Cluster, wanted: Option<&str>) -> Result<(String, u16), Error> {
        let labels: Vec<String> = self.selector.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut pods = cluster.pods_with(&labels.join(",")).await?;
        pods.retain(|pod| wanted.is_none_or(|wanted| pod.metadata.name.as_deref() == Some(wanted)));
        let best = pods.iter().filter(|pod| pods::runs(pod)).max_by_key(|pod| is_ready(pod));
        let port = best.and_then(|pod| Some((pod.metadata.name.clone()?, self.number(pod)?)));
        let why = || match wanted {
            Some(wanted) if pods.is_empty() => format!("there is no {wanted}"),
            _ => pods::describe(&pods),
        };
        port.ok_or_else(|| Error::NoPod { component: self.name.to_owned(), why: why() })
    }

    /// Returns the number of the component's port in this pod.
    fn number(&self, pod: &Pod) -> Option<u16> {
        let number = match &self.port {
            IntOrString::Int(number) => *number,
            IntOrString::String(name) => {
                let containers = &pod.spec.as_ref()?.containers;
                let mut ports = containers.iter().flat_map(|container| container.ports.iter().flatten());
                ports.find(|port| port.name.as_ref() == Some(name))?.container_port
            }
        };
        u16::try_from(number).ok()
    }
}

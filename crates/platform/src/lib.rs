//! The registry of Tidewatch's services and servers: constants generated from platform/services.toml, which Nix reads
//! as well.
//!
//! Each service has a [`Service`], such as `CONSOLE`, if it has a page, a [`Port`], such as `CONSOLE_PAGE`, and if it
//! receives notifications, a path, such as `MOCK_SLACK_WEBHOOK`. Each server has a [`Server`], such as `KAFKA`.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod drain;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

pub use drain::drain_order;

include!(concat!(env!("OUT_DIR"), "/registry.rs"));

/// A documented TCP port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Port(u16);

impl Port {
    /// Returns the number.
    pub const fn number(self) -> u16 {
        self.0
    }

    /// Returns this port's address on the loopback interface.
    pub const fn on_loopback(self) -> SocketAddr {
        SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), self.0)
    }
}

impl fmt::Display for Port {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// One of Tidewatch's services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Service {
    /// Name of its program, package, image and Prometheus job.
    pub name: &'static str,
    /// Its purpose, in one sentence.
    pub about: &'static str,
    /// Its short key in endpoints.json, which has an entry for its name as well.
    pub endpoint: &'static str,
    /// Port of its page or API, if it has one besides the admin listener.
    pub page: Option<Port>,
    /// Its admin port when all services share one host.
    pub admin: Port,
    /// Path at its endpoint that answers 200 while it works.
    pub live: &'static str,
    /// Servers and services that it connects to.
    pub talks_to: &'static [Peer],
    /// Names of the services that stop before it, so that it still handles what they send while stopping.
    pub drain_after: &'static [&'static str],
    /// Whether its page has the API of faults.
    pub faults: bool,
    /// Whether alerts are lost while it is down.
    pub critical: bool,
}

/// A server or service that a service connects to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// Name of the server or service.
    pub name: &'static str,
    /// Flag that takes its address, without the dashes.
    pub flag: &'static str,
    /// The peer's port: `admin` or `page` of a service, or one of those that the file lists for a server.
    pub port: &'static str,
}

/// A server that `tidewatch up` starts or connects to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Server {
    /// Its name, and its key in endpoints.json.
    pub name: &'static str,
    /// Its name in messages.
    pub title: &'static str,
    /// Port that its clients use.
    pub port: Port,
    /// All its ports by name; `port` is one of them.
    pub ports: &'static [(&'static str, Port)],
    /// Path that answers 200 once it is ready; `None` if it speaks Kafka's protocol instead of HTTP.
    pub ready: Option<&'static str>,
    /// Whether Prometheus scrapes its port.
    pub metrics: bool,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_listeners_share_a_port() {
        let admins = SERVICES.iter().map(|service| service.admin);
        let pages = SERVICES.iter().filter_map(|service| service.page);
        let servers = SERVERS.iter().flat_map(|server| server.ports).map(|(_, port)| *port);
        let ports: Vec<Port> = admins.chain(pages).chain(servers).collect();
        assert_eq!(ports.iter().collect::<BTreeSet<_>>().len(), ports.len(), "{ports:?}");
        assert_eq!(SERVICES[0].admin, ADMIN_PORT);
    }

    #[test]
    fn no_two_entries_share_a_name_or_an_endpoint() {
        let names = SERVICES.iter().flat_map(|service| {
            let endpoint = (service.endpoint != service.name).then_some(service.endpoint);
            [Some(service.name), endpoint].into_iter().flatten()
        });
        let names: Vec<&str> = names.chain(SERVERS.iter().map(|server| server.name)).collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{names:?}");
    }

    #[test]
    fn every_peer_has_the_port_by_which_it_is_reached() {
        for service in SERVICES {
            for peer in service.talks_to {
                let of_a_service = SERVICES.iter().find(|other| other.name == peer.name).map(|other| match peer.port {
                    "admin" => true,
                    "page" => other.page.is_some(),
                    _ => false,
                });
                let of_a_server = SERVERS.iter().find(|server| server.name == peer.name);
                let of_a_server = of_a_server.map(|server| server.ports.iter().any(|(name, _)| *name == peer.port));
                assert_eq!(of_a_service.or(of_a_server), Some(true), "{}: {peer:?}", service.name);
            }
        }
    }
}

//! The ports that `up` uses.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};

use tidewatch_platform::{KAFKA, Port, SERVERS, SERVICES, Service};
use tidewatch_servers::process;
use tidewatch_service::{Host, ListenArgs};

use crate::exit::usage;

/// The documented ports, or free ones.
#[derive(clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ports {
    /// The documented ports
    Default,
    /// Free ports
    Auto,
}

impl Ports {
    /// Returns the listeners of a service, which accept the `allowed` hosts.
    pub(super) fn listen(self, entry: Service, allowed: &[Host]) -> ListenArgs {
        let free = ListenArgs { allowed_host: allowed.to_vec(), ..ListenArgs::on_free_ports(entry) };
        match self {
            Self::Auto => free,
            Self::Default => {
                let (admin_listen, listen) = (entry.admin.on_loopback(), entry.page.map(Port::on_loopback));
                ListenArgs { admin_listen, listen, ..free }
            }
        }
    }

    /// Returns the port for a real Kafka.
    pub(super) fn kafka(self) -> process::Port {
        match self {
            Self::Default => process::Port::Fixed(KAFKA.port.number()),
            Self::Auto => process::Port::Free,
        }
    }

    /// Checks that the ports of the services that run are free, before anything is started.
    pub(super) fn check(self, runs: impl Fn(&Service) -> bool) -> anyhow::Result<()> {
        if self == Self::Auto {
            return Ok(());
        }
        let services = SERVICES.iter().filter(|service| runs(service));
        let pages = services.clone().filter_map(|service| service.page);
        pages.chain(services.map(|service| service.admin)).try_for_each(|port| check_free(port.on_loopback()))
    }

    /// Returns the port for a server that must know it before it starts.
    pub(super) fn reserve(self, port: Port) -> anyhow::Result<u16> {
        match self {
            Self::Default => check_free(port.on_loopback()).map(|()| port.number()),
            Self::Auto => Ok(process::Port::free()),
        }
    }

    /// Checks that Kafka's port is free, which only matters when `up` starts the broker.
    pub(super) fn check_kafka(self) -> anyhow::Result<()> {
        if self == Self::Auto { Ok(()) } else { check_free(KAFKA.port.on_loopback()) }
    }
}

/// Returns every documented port, for `--help`.
pub(super) fn documented() -> String {
    let pages = SERVICES.iter().filter_map(|service| Some(format!("{} {}", service.name, service.page?)));
    let servers = SERVERS.iter().map(|server| format!("{} {}", server.name, server.port));
    let admins = SERVICES.iter().map(|service| service.admin.number());
    let (first, last) = (admins.clone().min().unwrap_or_default(), admins.max().unwrap_or_default());
    let listed: Vec<String> = pages.chain(servers).collect();
    format!("{}, admin listeners {first} to {last}", listed.join(", "))
}

fn check_free(address: SocketAddr) -> anyhow::Result<()> {
    TcpListener::bind(address).map(drop).map_err(|error| {
        let why = match error.kind() {
            ErrorKind::AddrInUse => "is in use".to_owned(),
            _ => format!("can't be bound: {error}"),
        };
        usage(format!("--ports: {address} {why}; stop the program there, or use free ports with --ports auto"))
    })
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn a_taken_port_is_named_with_the_flag_that_helps() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = taken.local_addr().unwrap();
        let error = check_free(address).unwrap_err().to_string();
        assert!(error.starts_with(&format!("--ports: {address} is in use")), "{error}");
    }
}

//! Which ports `up` takes.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use tidewatch_kafka::broker::Port;

use crate::exit::usage;

/// The documented ports, or free ones.
#[derive(clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ports {
    /// The documented ports
    Default,
    /// Free ports
    Auto,
}

/// What listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Listener {
    Console,
    MockSlack,
    Simulator,
    /// One of the services' admin listeners, by its distance from the first.
    Admin(u16),
    Prometheus,
    Alertmanager,
    Grafana,
}

const KAFKA: u16 = 9092;
/// The first admin listener's; each service has the next one.
const ADMIN: u16 = 9464;
const SERVICES: u16 = 6;

impl Listener {
    fn port(self) -> u16 {
        match self {
            Self::Console => 8080,
            Self::MockSlack => 8081,
            Self::Simulator => 8083,
            Self::Admin(place) => ADMIN + place,
            Self::Prometheus => 9090,
            Self::Alertmanager => 9093,
            Self::Grafana => 3000,
        }
    }
}

impl Ports {
    /// Where `listener` binds.
    pub(super) fn of(self, listener: Listener) -> SocketAddr {
        let port = match self {
            Self::Default => listener.port(),
            Self::Auto => 0,
        };
        (Ipv4Addr::LOCALHOST, port).into()
    }

    /// Where a real Kafka listens.
    pub(super) fn kafka(self) -> Port {
        match self {
            Self::Default => Port::Fixed(KAFKA),
            Self::Auto => Port::Free,
        }
    }

    /// Refuses before anything is started when a port is taken.
    pub(super) fn check(self) -> anyhow::Result<()> {
        if self == Self::Auto {
            return Ok(());
        }
        let listeners = [Listener::Console, Listener::MockSlack, Listener::Simulator];
        listeners
            .into_iter()
            .chain((0..SERVICES).map(Listener::Admin))
            .try_for_each(|listener| check_free(listener.port()))
    }

    /// The port of a server that is told its port before it starts.
    pub(super) fn reserve(self, listener: Listener) -> anyhow::Result<u16> {
        match self {
            Self::Default => check_free(listener.port()).map(|()| listener.port()),
            Self::Auto => Ok(Port::free()),
        }
    }

    /// Refuses likewise when Kafka's port is taken, which only a broker that `up` starts needs.
    pub(super) fn check_kafka(self) -> anyhow::Result<()> {
        if self == Self::Auto { Ok(()) } else { check_free(KAFKA) }
    }
}

fn check_free(port: u16) -> anyhow::Result<()> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map(drop).map_err(|error| {
        let why = match error.kind() {
            ErrorKind::AddrInUse => "is in use".to_owned(),
            _ => format!("can't be bound: {error}"),
        };
        usage(format!("--ports: 127.0.0.1:{port} {why}; end what listens there, or take free ports with --ports auto"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_listeners_share_a_default_port() {
        let single = [Listener::Console, Listener::MockSlack, Listener::Simulator];
        let backends = [Listener::Prometheus, Listener::Alertmanager, Listener::Grafana];
        let mut ports: Vec<u16> = single
            .into_iter()
            .chain(backends)
            .chain((0..SERVICES).map(Listener::Admin))
            .map(Listener::port)
            .chain([KAFKA])
            .collect();
        let count = ports.len();
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), count);
    }

    #[test]
    fn a_taken_port_is_named_with_the_flag_that_helps() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let error = check_free(port).unwrap_err().to_string();
        assert!(error.starts_with(&format!("--ports: 127.0.0.1:{port} is in use")), "{error}");
    }
}

//! Which loopback port a broker takes.
use std::hash::{BuildHasher, Hasher};
use std::net::{Ipv4Addr, TcpListener};

use super::BrokerError;

/// Where the broker listens, always on 127.0.0.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port {
    /// This one, or a [`BrokerError::PortInUse`].
    Fixed(u16),
    /// Any that is free.
    Free,
}

/// A port that nothing listens on, below the range that systems take for outgoing connections: from there a client that
/// waits for the broker's return could be given the very port and connect to itself.
pub(super) fn free() -> u16 {
    const FIRST: u16 = 20_000;
    const COUNT: u16 = 12_000;
    // Every RandomState has keys of its own: enough to keep brokers that start side by side apart.
    let random = std::collections::hash_map::RandomState::new().build_hasher().finish();
    let start = (random % u64::from(COUNT)) as u16;
    (0..COUNT)
        .map(|step| FIRST + (start + step) % COUNT)
        .find(|port| check_free(*port).is_ok())
        // All are taken: whichever is tried, the start says so.
        .unwrap_or(FIRST)
}

/// A free port that is not `taken`, which is given away already and not bound yet.
pub(super) fn free_beside(taken: u16) -> u16 {
    std::iter::repeat_with(free).find(|port| *port != taken).unwrap_or(taken)
}

pub(super) fn check_free(port: u16) -> Result<(), BrokerError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map(drop).map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => BrokerError::PortInUse(port),
        _ => BrokerError::Io { action: "listen on", path: format!("127.0.0.1:{port}").into(), source: error },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_is_refused_in_one_sentence_that_names_it() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let said = check_free(port).unwrap_err().to_string();
        assert_eq!(
            said,
            format!("port {port} on 127.0.0.1 is already in use; stop what listens there or choose another port")
        );
    }

    #[test]
    fn a_free_port_lies_below_those_of_outgoing_connections() {
        assert!((20_000..32_000).contains(&free()));
    }
}

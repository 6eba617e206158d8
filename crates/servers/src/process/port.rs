//! Loopback ports for servers.
use std::hash::{BuildHasher, Hasher};
use std::net::{Ipv4Addr, TcpListener};

/// The port of a server, always on 127.0.0.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port {
    /// This port; if it is taken, the error is [`PortError::InUse`].
    Fixed(u16),
    /// Any free port.
    Free,
}

/// The reason why a port is not available.
#[derive(Debug, thiserror::Error)]
pub enum PortError {
    /// Another process already listens on it.
    #[error("port {0} on 127.0.0.1 is already in use; stop the program there or choose another port")]
    InUse(u16),
    /// The system refused it.
    #[error("cannot listen on 127.0.0.1:{port}: {source}")]
    Refused {
        /// The port.
        port: u16,
        /// The system's error.
        source: std::io::Error,
    },
}

impl Port {
    /// Returns the number of a port that was free just now.
    ///
    /// # Errors
    /// When the fixed port is not free.
    pub fn number(self) -> Result<u16, PortError> {
        match self {
            Port::Fixed(port) => Port::check_free(port).map(|()| port),
            Port::Free => Ok(Port::free()),
        }
    }

    /// Returns a free port below the range that systems use for outgoing connections: from that range, a client waiting
    /// for the server to come back could be assigned this very port and connect to itself.
    #[must_use]
    pub fn free() -> u16 {
        const FIRST: u16 = 20_000;
        const COUNT: u16 = 12_000;
        // Every RandomState has its own keys, which is random enough to keep servers that start at the same time apart.
        let random = std::collections::hash_map::RandomState::new().build_hasher().finish();
        let start = (random % u64::from(COUNT)) as u16;
        (0..COUNT)
            .map(|step| FIRST + (start + step) % COUNT)
            .find(|port| Port::check_free(*port).is_ok())
            // All ports are taken: whichever port is used, the start reports it.
            .unwrap_or(FIRST)
    }

    /// Returns a free port that is not in `taken`, the ports already assigned but not bound yet.
    #[must_use]
    pub fn free_beside(taken: &[u16]) -> u16 {
        std::iter::repeat_with(Port::free).find(|port| !taken.contains(port)).unwrap_or_else(Port::free)
    }

    /// Checks that no process listens on the port.
    ///
    /// # Errors
    /// When a process does, or the system refuses the port.
    pub fn check_free(port: u16) -> Result<(), PortError> {
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map(drop).map_err(|source| match source.kind() {
            std::io::ErrorKind::AddrInUse => PortError::InUse(port),
            _ => PortError::Refused { port, source },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_is_refused_in_one_sentence_that_names_it() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let said = Port::check_free(port).unwrap_err().to_string();
        assert_eq!(
            said,
            format!("port {port} on 127.0.0.1 is already in use; stop the program there or choose another port")
        );
    }

    #[test]
    fn a_free_port_lies_below_those_of_outgoing_connections() {
        assert!((20_000..32_000).contains(&Port::free()));
    }
}

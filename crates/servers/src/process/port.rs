//! Which loopback port a server takes.
use std::hash::{BuildHasher, Hasher};
use std::net::{Ipv4Addr, TcpListener};

/// Where a server listens, always on 127.0.0.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port {
    /// This one, or a [`PortError::InUse`].
    Fixed(u16),
    /// Any that is free.
    Free,
}

/// Why a port can't be had.
#[derive(Debug, thiserror::Error)]
pub enum PortError {
    /// Somebody listens on it already.
    #[error("port {0} on 127.0.0.1 is already in use; stop what listens there or choose another port")]
    InUse(u16),
    /// The system refuses it.
    #[error("cannot listen on 127.0.0.1:{port}: {source}")]
    Refused {
        /// Which one.
        port: u16,
        /// What the system said.
        source: std::io::Error,
    },
}

impl Port {
    /// Its number: it was free a moment ago.
    ///
    /// # Errors
    /// When the fixed one is not free.
    pub fn number(self) -> Result<u16, PortError> {
        match self {
            Port::Fixed(port) => Port::check_free(port).map(|()| port),
            Port::Free => Ok(Port::free()),
        }
    }

    /// A port that nothing listens on, below the range that systems take for outgoing connections: from there a client that
    /// waits for the server's return could be given the very port and connect to itself.
    #[must_use]
    pub fn free() -> u16 {
        const FIRST: u16 = 20_000;
        const COUNT: u16 = 12_000;
        // Every RandomState has keys of its own: enough to keep servers that start side by side apart.
        let random = std::collections::hash_map::RandomState::new().build_hasher().finish();
        let start = (random % u64::from(COUNT)) as u16;
        (0..COUNT)
            .map(|step| FIRST + (start + step) % COUNT)
            .find(|port| Port::check_free(*port).is_ok())
            // All are taken: whichever is tried, the start says so.
            .unwrap_or(FIRST)
    }

    /// A free port that is none of those `taken`, which are given away already and not bound yet.
    #[must_use]
    pub fn free_beside(taken: &[u16]) -> u16 {
        std::iter::repeat_with(Port::free).find(|port| !taken.contains(port)).unwrap_or_else(Port::free)
    }

    /// Whether nobody listens on it.
    ///
    /// # Errors
    /// When somebody does, or the system refuses it.
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
            format!("port {port} on 127.0.0.1 is already in use; stop what listens there or choose another port")
        );
    }

    #[test]
    fn a_free_port_lies_below_those_of_outgoing_connections() {
        assert!((20_000..32_000).contains(&Port::free()));
    }
}

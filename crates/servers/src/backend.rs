//! The servers that `tidewatch up` starts beside its services.
use tidewatch_platform as platform;

use crate::{Installation, NotFound, Server, Wiring};

/// A server that `tidewatch up` starts if it finds it.
#[derive(Clone, Copy, Debug)]
pub struct Backend {
    /// Its entry in the registry.
    pub entry: platform::Server,
    /// The servers without which it is not started.
    pub needs: &'static [platform::Server],
    /// Finds its program on this machine.
    pub find: fn() -> Result<Installation, NotFound>,
    /// Configures the installation that was found.
    pub configure: fn(Installation, &Wiring) -> Box<dyn Server>,
}

#[cfg(test)]
mod tests {
    use tidewatch_platform::SERVERS;

    use crate::BACKENDS;

    #[test]
    fn every_server_is_registered_and_comes_after_those_that_it_needs() {
        for (place, backend) in BACKENDS.iter().enumerate() {
            assert!(SERVERS.contains(&backend.entry), "{} is not registered", backend.entry.name);
            for needed in backend.needs {
                let earlier = BACKENDS[..place].iter().any(|other| other.entry == *needed);
                assert!(earlier, "{} needs {}, which is not listed before it", backend.entry.name, needed.name);
            }
        }
    }
}

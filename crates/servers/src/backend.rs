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
    /// Configures what was found.
    pub configure: fn(Installation, &Wiring) -> Box<dyn Server>,
}

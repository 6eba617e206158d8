//! Servers as child processes: found on this machine, started on free ports, monitored, and never left behind.
//!
//! Nothing in this module depends on the particular server.

mod group;
mod invocation;
mod log;
mod port;
mod search;
mod supervised;

pub use group::ProcessGroup;
pub use invocation::Invocation;
pub use log::last_lines;
pub use port::{Port, PortError};
pub use search::{Search, executable};
pub use supervised::{StartError, Supervised};

//! Servers as child processes: found on this machine, started on free ports, waited for, watched, and never left behind.
//!
//! Nothing here knows which server it is: `tidewatch-kafka` and `tidewatch-backends` do.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod group;
mod invocation;
mod log;
mod port;
mod search;
mod server;

pub use group::ProcessGroup;
pub use invocation::Invocation;
pub use log::last_lines;
pub use port::{Port, PortError};
pub use search::{Search, executable};
pub use server::{Server, StartError};

//! The simulated services and their faults.

use tidewatch_client::{Error, Reason, StatusCode};
pub(crate) use tidewatch_contract::http::simulator::{Fault, Faults, Service as Simulated};

use crate::exit::usage;

/// Describes the fault in a few words.
pub(crate) fn described(fault: &Fault) -> String {
    let place = fault.region.as_ref().map_or_else(String::new, |region| format!(" in {region}"));
    format!("{}: {}{place}", fault.service, fault.kind.as_str().replace('_', " "))
}

/// Returns the error of a request for faults. If the simulator refuses it, that is a usage error, and the simulator
/// explains it: which services or regions exist, or which value is out of range.
pub(crate) fn refused(error: Error) -> anyhow::Error {
    match error.reason() {
        Reason::Status { status: StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND, said } => usage(said),
        _ => error.into(),
    }
}

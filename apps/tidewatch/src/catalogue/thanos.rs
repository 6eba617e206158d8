//! The metrics of Thanos 0.42 that rules use. It runs in a cluster whose profile has it.

use tidewatch_service::metrics::Family;

pub(super) const SIDECAR: &[Family] = &[Family::gauge(
    "thanos_objstore_bucket_last_successful_upload_time",
    &["bucket"],
    "When it last put a file into the bucket; 0 if it has put none since its start.",
)];

pub(super) const COMPACTOR: &[Family] =
    &[Family::gauge("thanos_compact_halted", &[], "1 if it has stopped for good because of an error.")];

//! Tidewatch's Grafana dashboards, built from typed parts: every panel has a unit, a description and thresholds, and
//! each colour has one meaning. `dashboards/*.json` is what [`all`] returns; see docs/dashboards.md.
//!
//! ```
//! let overview = &tidewatch_dashboards::all()[0];
//! assert_eq!((overview.uid, overview.file_name.as_str()), ("tidewatch-overview", "overview.json"));
//! ```
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod annotation;
mod colour;
mod dashboard;
mod datasource;
mod golden_signals;
mod kafka;
mod kubernetes_platform;
mod limits;
mod link;
mod overview;
mod panel;
mod query;
mod runbooks;
mod slo;
mod stream_processor;
mod table;
mod threshold;
mod unit;
mod variable;

pub use colour::Colour;
pub use datasource::Datasource;
pub use query::{Answer, Query};

use dashboard::Design;

/// A dashboard in Grafana's format.
#[derive(Debug, Clone, PartialEq)]
pub struct Dashboard {
    /// The uid, a stable part of its URL.
    pub uid: &'static str,
    /// The name of its file in `dashboards/`.
    pub file_name: String,
    /// Whether it shows a Kubernetes cluster, and has no data without one.
    pub needs_cluster: bool,
    /// The dashboard, ready to be provisioned or imported.
    pub json: serde_json::Value,
}

impl Dashboard {
    /// Returns the content of its file.
    pub fn text(&self) -> String {
        format!("{:#}\n", self.json)
    }
}

fn designs() -> [Design; 6] {
    [
        overview::design(),
        golden_signals::design(),
        slo::design(),
        kafka::design(),
        stream_processor::design(),
        kubernetes_platform::design(),
    ]
}

/// Returns every dashboard, the one to open first at the beginning.
pub fn all() -> Vec<Dashboard> {
    let dashboard = |design: Design| Dashboard {
        uid: design.uid,
        file_name: format!("{}.json", design.uid.trim_start_matches("tidewatch-")),
        needs_cluster: design.uid == kubernetes_platform::UID,
        json: design.json(),
    };
    designs().into_iter().map(dashboard).collect()
}

/// Returns every query of every dashboard, including those of variables and annotations.
pub fn queries() -> Vec<Query> {
    designs().iter().flat_map(Design::queries).collect()
}

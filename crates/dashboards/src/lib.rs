//! Tidewatch's Grafana dashboards, built from typed parts: no panel without a unit, a description and thresholds, and
//! each colour with one meaning. `dashboards/*.json` is what [`all`] returns; see docs/dashboards.md.
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

/// A dashboard as Grafana takes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Dashboard {
    /// Its name in URLs, which stays.
    pub uid: &'static str,
    /// Its file below `dashboards/`.
    pub file_name: String,
    /// The dashboard, as it is provisioned or imported.
    pub json: serde_json::Value,
}

impl Dashboard {
    /// What its file holds.
    pub fn text(&self) -> String {
        format!("{:#}\n", self.json)
    }
}

fn designs() -> [Design; 5] {
    [overview::design(), golden_signals::design(), slo::design(), kafka::design(), stream_processor::design()]
}

/// Every dashboard; the one to open first comes first.
pub fn all() -> Vec<Dashboard> {
    let dashboard = |design: Design| Dashboard {
        uid: design.uid,
        file_name: format!("{}.json", design.uid.trim_start_matches("tidewatch-")),
        json: design.json(),
    };
    designs().into_iter().map(dashboard).collect()
}

/// Every query of every dashboard: of panels, variables and annotations.
pub fn queries() -> Vec<Query> {
    designs().iter().flat_map(Design::queries).collect()
}

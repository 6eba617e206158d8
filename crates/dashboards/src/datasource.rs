//! Grafana's datasources, with the uids under which they are provisioned.

use serde_json::{Value, json};

/// A datasource of Grafana.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Datasource {
    /// Metrics.
    Prometheus,
    /// Logs.
    Loki,
    /// Traces.
    Tempo,
}

impl Datasource {
    /// Returns the uid under which it is provisioned, which is also the name of its type.
    pub const fn uid(self) -> &'static str {
        match self {
            Self::Prometheus => "prometheus",
            Self::Loki => "loki",
            Self::Tempo => "tempo",
        }
    }

    pub(crate) fn reference(self) -> Value {
        json!({"type": self.uid(), "uid": self.uid()})
    }
}

//! Variables, which the viewer selects at the top of a dashboard.

use serde_json::{Value, json};

use crate::datasource::Datasource;
use crate::query::{Answer, Query};

/// A selection of label values. Several can be selected; initially all are.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Variable {
    name: &'static str,
    label: &'static str,
    /// A selector for the series whose label values are offered.
    selector: &'static str,
}

impl Variable {
    /// Creates the variable for label `name` of the series that `selector` selects.
    pub(crate) const fn new(name: &'static str, label: &'static str, selector: &'static str) -> Self {
        Self { name, label, selector }
    }

    pub(crate) fn json(&self) -> Value {
        let definition = format!("label_values({}, {})", self.selector, self.name);
        json!({
            "name": self.name,
            "label": self.label,
            "type": "query",
            "datasource": Datasource::Prometheus.reference(),
            "query": {"query": definition, "refId": "PrometheusVariableQueryEditor-VariableQuery", "qryType": 1,
                "label": self.name, "metric": self.selector},
            "definition": definition,
            "refresh": 2,
            "sort": 1,
            "multi": true,
            "includeAll": true,
            "allValue": ".*",
            "current": {"selected": true, "text": ["All"], "value": ["$__all"]},
            "options": [],
            "hide": 0,
            "skipUrlSync": false,
        })
    }

    pub(crate) fn query(&self, dashboard: &'static str) -> Query {
        Query {
            dashboard,
            panel: format!("variable {}", self.name),
            datasource: Datasource::Prometheus,
            expr: self.selector.to_owned(),
            answer: Answer::Data,
        }
    }
}

//! Annotations: the times during which an alert fired, as bands across every graph.

use serde_json::{Value, json};

use crate::colour::Colour;
use crate::datasource::Datasource;
use crate::link::RUNBOOKS;
use crate::query::{Answer, Query};

/// Maximum distance between two samples of an alert in the same band.
const STEP: &str = "15s";

/// Bands for the alerts of one severity, from both paths. The fast path's alerts go from the stream processor straight
/// to Alertmanager, whose datasource can't be queried from dashboards; Prometheus has them from the relay's gauge. An
/// alert that fires on both paths is one band.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AlertAnnotation {
    name: &'static str,
    severity: &'static str,
    colour: Colour,
    /// A regular expression for the selected services.
    services: &'static str,
}

impl AlertAnnotation {
    /// Returns annotations for critical alerts and for warnings. `services` is a regular expression; `.*` includes
    /// alerts without a service.
    pub(crate) fn both(services: &'static str) -> Vec<Self> {
        vec![
            Self { name: "Critical alerts", severity: "critical", colour: Colour::Critical, services },
            Self { name: "Warnings", severity: "warning", colour: Colour::Warning, services },
        ]
    }

    fn expr(&self) -> String {
        let Self { severity, services, .. } = self;
        let of = format!("severity=\"{severity}\", service=~\"{services}\"");
        format!(
            "max by (alertname, service) (alert_relay_firing_alerts{{{of}}} > 0 \
             or ALERTS{{alertstate=\"firing\", source=\"tidewatch\", {of}}})"
        )
    }

    pub(crate) fn json(&self) -> Value {
        let expr = self.expr();
        json!({
            "name": self.name,
            "enable": true,
            "hide": false,
            "iconColor": self.colour.hex(),
            "datasource": Datasource::Prometheus.reference(),
            // Grafana before 12 reads these two fields, later versions read the target.
            "expr": expr,
            "step": STEP,
            "target": {"refId": "Anno", "expr": expr, "interval": STEP},
            "titleFormat": "{{alertname}} {{service}}",
            "textFormat": format!("<a href=\"{RUNBOOKS}/{{{{alertname}}}}.md\" target=\"_blank\">Runbook</a>"),
            "tagKeys": "alertname,service",
            "useValueForTime": false,
        })
    }

    pub(crate) fn query(&self, dashboard: &'static str) -> Query {
        Query {
            dashboard,
            panel: format!("annotation {}", self.name),
            datasource: Datasource::Prometheus,
            expr: self.expr(),
            answer: Answer::MaybeNothing("nothing fires"),
        }
    }
}

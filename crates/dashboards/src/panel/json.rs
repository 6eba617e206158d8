//! Panels in Grafana's JSON.

use serde_json::{Value, json};

use super::{Form, Panel};
use crate::datasource::Datasource;
use crate::link::Link;
use crate::table::Column;

/// Minimum step of a graph. Rates are then taken over at least half a minute: at the simulator's 20 requests per second
/// per service, that is enough for a P99.
const MIN_STEP: &str = "30s";

impl Panel {
    /// Returns the panel's JSON at this position of the grid.
    pub(crate) fn json(&self, id: usize, (x, y, w, h): (u32, u32, u32, u32)) -> Value {
        let mut panel = json!({
            "id": id,
            "title": self.title,
            "description": self.description,
            "type": self.plugin(),
            "gridPos": {"x": x, "y": y, "w": w, "h": h},
            "options": self.options(),
            "fieldConfig": {"defaults": self.defaults(), "overrides": self.overrides()},
        });
        if !self.targets.is_empty() {
            let datasource = if matches!(self.form, Form::Logs) { Datasource::Loki } else { Datasource::Prometheus };
            panel["datasource"] = datasource.reference();
            panel["interval"] = json!(MIN_STEP);
            panel["targets"] = self.targets.iter().enumerate().map(|(index, target)| target.json(index)).collect();
        }
        if let Form::Table(columns) = &self.form {
            panel["transformations"] = Column::transformations(columns, self.targets.len());
        }
        panel
    }

    fn plugin(&self) -> &'static str {
        match self.form {
            Form::Graph { .. } => "timeseries",
            Form::Stat => "stat",
            Form::States => "state-timeline",
            Form::Table(_) => "table",
            Form::Text(_) => "text",
            Form::Logs => "logs",
        }
    }

    fn defaults(&self) -> Value {
        let thresholds = &self.thresholds;
        let colour = match self.form {
            // By name, so that a service has the same colour on every panel.
            Form::Graph { .. } => "palette-classic-by-name",
            _ => "thresholds",
        };
        let mut defaults = json!({
            "unit": self.unit.id(),
            "thresholds": thresholds.json(),
            "color": {"mode": colour},
            "mappings": self.mappings(),
            "links": self.links.iter().map(Link::field).collect::<Vec<_>>(),
            "custom": self.custom(),
        });
        let optional = [
            ("min", self.min.map(Value::from)),
            ("max", self.max.map(Value::from)),
            ("decimals", self.decimals.map(Value::from)),
            ("noValue", self.nothing.as_deref().map(Value::from)),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                defaults[name] = value;
            }
        }
        defaults
    }

    fn mappings(&self) -> Value {
        if self.words.is_empty() {
            return json!([]);
        }
        let words = self.words.iter().enumerate().map(|(index, (value, word, colour))| {
            (value.to_string(), json!({"text": word, "color": colour.hex(), "index": index}))
        });
        json!([{"type": "value", "options": words.collect::<serde_json::Map<_, _>>()}])
    }

    fn custom(&self) -> Value {
        match &self.form {
            Form::Graph { stacked } => json!({
                "drawStyle": "line",
                "lineWidth": 2,
                "lineInterpolation": "linear",
                "fillOpacity": if *stacked { 40 } else { 0 },
                "gradientMode": "none",
                "showPoints": "auto",
                "pointSize": 5,
                // Two missed steps are bridged; an outage is shown as a gap.
                "spanNulls": 90_000,
                "insertNulls": false,
                "axisPlacement": "auto",
                "axisLabel": "",
                "axisColorMode": "text",
                "axisCenteredZero": false,
                "axisBorderShow": false,
                "scaleDistribution": {"type": "linear"},
                "stacking": {"mode": if *stacked { "normal" } else { "none" }, "group": "A"},
                "thresholdsStyle": {"mode": if self.thresholds.judges() { "dashed" } else { "off" }},
                "hideFrom": {"legend": false, "tooltip": false, "viz": false},
            }),
            Form::States => json!({
                "fillOpacity": 80,
                "lineWidth": 0,
                "hideFrom": {"legend": false, "tooltip": false, "viz": false},
            }),
            Form::Table(_) => json!({"align": "auto", "cellOptions": {"type": "auto"}, "inspect": false}),
            Form::Stat | Form::Text(_) | Form::Logs => json!({}),
        }
    }

    fn options(&self) -> Value {
        let legend = json!({"displayMode": "list", "placement": "bottom", "showLegend": true, "calcs": []});
        match &self.form {
            Form::Graph { .. } => {
                json!({"legend": legend, "tooltip": {"mode": "multi", "sort": "desc", "hideZeros": false}})
            }
            Form::Stat => json!({
                "colorMode": "value",
                "graphMode": "area",
                "justifyMode": "auto",
                "orientation": "auto",
                "percentChangeColorMode": "standard",
                "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": false},
                "showPercentChange": false,
                "textMode": "auto",
                "wideLayout": true,
            }),
            Form::States => json!({
                "alignValue": "left",
                "legend": json!({"displayMode": "list", "placement": "bottom", "showLegend": false, "calcs": []}),
                "mergeValues": true,
                "rowHeight": 0.8,
                "showValue": "auto",
                "tooltip": {"mode": "single", "sort": "none", "hideZeros": false},
            }),
            Form::Table(columns) => json!({
                "showHeader": true,
                "cellHeight": "sm",
                "frameIndex": 0,
                "sortBy": Column::sorted_by(columns),
            }),
            Form::Text(markdown) => json!({"mode": "markdown", "content": markdown}),
            Form::Logs => json!({
                "showTime": true,
                "showLabels": false,
                "showCommonLabels": false,
                "showLogContextToggle": false,
                "wrapLogMessage": true,
                "prettifyLogMessage": false,
                "enableLogDetails": true,
                "dedupStrategy": "none",
                "sortOrder": "Descending",
            }),
        }
    }

    fn overrides(&self) -> Value {
        if let Form::Table(columns) = &self.form {
            return Column::overrides(columns);
        }
        let styles = self.styles.iter();
        styles.map(|(matcher, style)| json!({"matcher": matcher, "properties": style.properties()})).collect()
    }
}

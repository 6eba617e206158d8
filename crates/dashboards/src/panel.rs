//! Panels: none without a description, a unit and thresholds.

use serde_json::{Value, json};

use crate::colour::Colour;
use crate::datasource::Datasource;
use crate::link::Link;
use crate::query::{Target, ref_id};
use crate::table::Column;
use crate::threshold::Thresholds;
use crate::unit::Unit;

/// The shortest step of a graph. Rates are then taken over half a minute and more, which is what the slowest simulated
/// service needs for a P99.
const MIN_STEP: &str = "30s";

/// A panel.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Panel {
    pub(crate) title: String,
    description: String,
    form: Form,
    unit: Unit,
    thresholds: Thresholds,
    pub(crate) targets: Vec<Target>,
    min: Option<f64>,
    max: Option<f64>,
    decimals: Option<u8>,
    nothing: Option<String>,
    words: Vec<(f64, &'static str, Colour)>,
    /// Each with the matcher of its series.
    styles: Vec<(Value, Style)>,
    links: Vec<Link>,
}

#[derive(Debug, Clone, PartialEq)]
enum Form {
    Graph { stacked: bool },
    Stat,
    States,
    Table(Vec<Column>),
    Text(String),
    Logs,
}

/// How one series of a graph looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// In the colour of its meaning.
    Meaning(Colour),
    /// Dashed: less telling than the solid one beside it.
    Dashed,
    /// Dotted: less telling still.
    Dotted,
    /// Dashed and not in the legend: it goes with the solid one of the same name and colour.
    Companion,
}

impl Style {
    fn properties(self) -> Value {
        match self {
            Self::Meaning(colour) => json!([{"id": "color", "value": {"mode": "fixed", "fixedColor": colour.hex()}}]),
            Self::Dashed => json!([{"id": "custom.lineStyle", "value": {"fill": "dash", "dash": [10, 6]}}]),
            Self::Companion => json!([
                {"id": "custom.lineStyle", "value": {"fill": "dash", "dash": [10, 6]}},
                {"id": "custom.hideFrom", "value": {"legend": true, "tooltip": false, "viz": false}},
            ]),
            Self::Dotted => json!([{"id": "custom.lineStyle", "value": {"fill": "dot", "dash": [2, 6]}}]),
        }
    }
}

impl Panel {
    fn new(title: &str, description: &str, unit: Unit, thresholds: Thresholds, form: Form) -> Self {
        Self {
            title: title.to_owned(),
            description: description.to_owned(),
            form,
            unit,
            thresholds,
            targets: Vec::new(),
            min: None,
            max: None,
            decimals: None,
            nothing: None,
            words: Vec::new(),
            styles: Vec::new(),
            links: Vec::new(),
        }
    }

    /// Lines over time, from zero up.
    pub(crate) fn graph(title: &str, description: &str, unit: Unit, thresholds: Thresholds) -> Self {
        Self { min: Some(0.0), ..Self::new(title, description, unit, thresholds, Form::Graph { stacked: false }) }
    }

    /// One number, coloured by its thresholds, over a small graph where it is a range query.
    pub(crate) fn stat(title: &str, description: &str, unit: Unit, thresholds: Thresholds) -> Self {
        Self::new(title, description, unit, thresholds, Form::Stat)
    }

    /// A bar for each series that changes its colour and word with the state. States are numbers with
    /// [`words`](Self::word).
    pub(crate) fn states(title: &str, description: &str, thresholds: Thresholds) -> Self {
        Self::new(title, description, Unit::Count, thresholds, Form::States)
    }

    /// Rows with the labels of the answers and a column for each query. Unit and thresholds are the columns' own.
    pub(crate) fn table(title: &str, description: &str, columns: Vec<Column>) -> Self {
        Self::new(title, description, Unit::Count, Thresholds::none(), Form::Table(columns))
    }

    /// Markdown.
    pub(crate) fn text(title: &str, description: &str, markdown: &str) -> Self {
        let form = Form::Text(markdown.to_owned());
        Self::new(title, description, Unit::Count, Thresholds::none(), form)
    }

    /// Log lines.
    pub(crate) fn logs(title: &str, description: &str) -> Self {
        Self::new(title, description, Unit::Count, Thresholds::none(), Form::Logs)
    }

    /// Adds a query.
    pub(crate) fn ask(mut self, target: Target) -> Self {
        self.targets.push(target);
        self
    }

    /// Stacks the lines of a graph.
    pub(crate) fn stacked(mut self) -> Self {
        if let Form::Graph { stacked } = &mut self.form {
            *stacked = true;
        }
        self
    }

    /// Lets the axis begin where the values do, such as below zero.
    pub(crate) fn free_axis(mut self) -> Self {
        self.min = None;
        self
    }

    /// The highest value that there can be.
    pub(crate) fn max(mut self, max: f64) -> Self {
        self.max = Some(max);
        self
    }

    /// Digits after the decimal point.
    pub(crate) fn decimals(mut self, decimals: u8) -> Self {
        self.decimals = Some(decimals);
        self
    }

    /// What is shown where there is no data, if that is all right.
    pub(crate) fn nothing(mut self, text: &str) -> Self {
        self.nothing = Some(text.to_owned());
        self
    }

    /// Shows a word instead of a value.
    pub(crate) fn word(mut self, value: f64, word: &'static str, colour: Colour) -> Self {
        self.words.push((value, word, colour));
        self
    }

    /// Gives the series of this name a look of its own.
    pub(crate) fn style(mut self, series: &str, style: Style) -> Self {
        self.styles.push((json!({"id": "byName", "options": series}), style));
        self
    }

    /// Gives the series of the query that was asked last a look of its own.
    pub(crate) fn style_last(mut self, style: Style) -> Self {
        let query = ref_id(self.targets.len().saturating_sub(1));
        self.styles.push((json!({"id": "byFrameRefID", "options": query}), style));
        self
    }

    /// Adds a link, followed from a point or a value.
    pub(crate) fn link(mut self, link: Link) -> Self {
        self.links.push(link);
        self
    }

    /// The panel at a place of the grid.
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
            // By name, so that a service has one colour on every panel.
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
                // Two missed steps are joined, an outage is a gap.
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

/// How Grafana names the column of a query's values in a table.
pub(crate) fn value_field(index: usize, queries: usize) -> String {
    if queries > 1 { format!("Value #{}", ref_id(index)) } else { "Value".to_owned() }
}

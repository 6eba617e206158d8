//! Panels, each with a description, a unit and thresholds.

mod json;

use serde_json::{Value, json};

use crate::colour::Colour;
use crate::link::Link;
use crate::query::{Target, ref_id};
use crate::table::Column;
use crate::threshold::Thresholds;
use crate::unit::Unit;

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
    /// The matcher of the series and its style.
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

/// The look of one series in a graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// A fixed colour, by meaning.
    Meaning(Colour),
    /// Dashed: less important than the solid series beside it.
    Dashed,
    /// Dotted: even less important.
    Dotted,
    /// Dashed and not in the legend: it belongs to the solid series of the same name and colour.
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

    /// Creates lines over time, starting at zero.
    pub(crate) fn graph(title: &str, description: &str, unit: Unit, thresholds: Thresholds) -> Self {
        Self { min: Some(0.0), ..Self::new(title, description, unit, thresholds, Form::Graph { stacked: false }) }
    }

    /// Creates a single number, coloured by its thresholds. A range query adds a small graph behind it.
    pub(crate) fn stat(title: &str, description: &str, unit: Unit, thresholds: Thresholds) -> Self {
        Self::new(title, description, unit, thresholds, Form::Stat)
    }

    /// Creates one bar per series that changes its colour and word with the state. States are numbers with
    /// [`words`](Self::word).
    pub(crate) fn states(title: &str, description: &str, thresholds: Thresholds) -> Self {
        Self::new(title, description, Unit::Count, thresholds, Form::States)
    }

    /// Creates rows with the labels of the answers and one column per query. Each column has its own unit and
    /// thresholds.
    pub(crate) fn table(title: &str, description: &str, columns: Vec<Column>) -> Self {
        Self::new(title, description, Unit::Count, Thresholds::none(), Form::Table(columns))
    }

    /// Creates a text panel from Markdown.
    pub(crate) fn text(title: &str, description: &str, markdown: &str) -> Self {
        let form = Form::Text(markdown.to_owned());
        Self::new(title, description, Unit::Count, Thresholds::none(), form)
    }

    /// Creates a panel for log lines.
    pub(crate) fn logs(title: &str, description: &str) -> Self {
        Self::new(title, description, Unit::Count, Thresholds::none(), Form::Logs)
    }

    /// Adds a query.
    pub(crate) fn ask(mut self, target: Target) -> Self {
        self.targets.push(target);
        self
    }

    /// Stacks the series of a graph.
    pub(crate) fn stacked(mut self) -> Self {
        if let Form::Graph { stacked } = &mut self.form {
            *stacked = true;
        }
        self
    }

    /// Lets the axis begin at the lowest value, which may be below zero.
    pub(crate) fn free_axis(mut self) -> Self {
        self.min = None;
        self
    }

    /// Sets the highest possible value.
    pub(crate) fn max(mut self, max: f64) -> Self {
        self.max = Some(max);
        self
    }

    /// Sets the number of digits after the decimal point.
    pub(crate) fn decimals(mut self, decimals: u8) -> Self {
        self.decimals = Some(decimals);
        self
    }

    /// Sets the text for missing data, if that is normal.
    pub(crate) fn nothing(mut self, text: &str) -> Self {
        self.nothing = Some(text.to_owned());
        self
    }

    /// Shows a word instead of this value.
    pub(crate) fn word(mut self, value: f64, word: &'static str, colour: Colour) -> Self {
        self.words.push((value, word, colour));
        self
    }

    /// Sets the style of the series with this name.
    pub(crate) fn style(mut self, series: &str, style: Style) -> Self {
        self.styles.push((json!({"id": "byName", "options": series}), style));
        self
    }

    /// Sets the style of the series of the last added query.
    pub(crate) fn style_last(mut self, style: Style) -> Self {
        let query = ref_id(self.targets.len().saturating_sub(1));
        self.styles.push((json!({"id": "byFrameRefID", "options": query}), style));
        self
    }

    /// Adds a link, which opens from a point or a value.
    pub(crate) fn link(mut self, link: Link) -> Self {
        self.links.push(link);
        self
    }
}

/// Returns Grafana's name for the column of a query's values in a table.
pub(crate) fn value_field(index: usize, queries: usize) -> String {
    if queries > 1 { format!("Value #{}", ref_id(index)) } else { "Value".to_owned() }
}

//! Panels: none without a description, a unit and thresholds.

mod json;

use serde_json::{Value, json};

use crate::colour::Colour;
use crate::link::Link;
use crate::query::{Target, ref_id};
use crate::table::Column;
use crate::threshold::Thresholds;
use crate::unit::Unit;

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
}

/// How Grafana names the column of a query's values in a table.
pub(crate) fn value_field(index: usize, queries: usize) -> String {
    if queries > 1 { format!("Value #{}", ref_id(index)) } else { "Value".to_owned() }
}

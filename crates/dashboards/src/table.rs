//! Columns of tables.

use serde_json::{Map, Value, json};

use crate::colour::Colour;
use crate::link::Link;
use crate::panel::value_field;
use crate::threshold::Thresholds;
use crate::unit::Unit;

/// A column of a table.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Column {
    title: String,
    content: Content,
    links: Vec<Link>,
    words: Vec<(&'static str, Colour)>,
    width: Option<u32>,
    sorted: Option<bool>,
}

#[derive(Debug, Clone, PartialEq)]
enum Content {
    Label,
    /// The values of the query with this index.
    Value {
        query: usize,
        unit: Unit,
        thresholds: Thresholds,
        decimals: u8,
    },
}

impl Column {
    /// Creates a column with the values of a label, titled with its name.
    pub(crate) fn label(name: &str) -> Self {
        let content = Content::Label;
        Self { title: name.to_owned(), content, links: Vec::new(), words: Vec::new(), width: None, sorted: None }
    }

    /// Creates a column with the values of the panel's query with this index.
    pub(crate) fn value(title: &str, query: usize, unit: Unit, thresholds: Thresholds, decimals: u8) -> Self {
        let content = Content::Value { query, unit, thresholds, decimals };
        Self { content, ..Self::label(title) }
    }

    /// Adds a link to each of its cells.
    pub(crate) fn link(mut self, link: Link) -> Self {
        self.links.push(link);
        self
    }

    /// Colours a word by its meaning.
    pub(crate) fn word(mut self, word: &'static str, colour: Colour) -> Self {
        self.words.push((word, colour));
        self
    }

    /// Sets the width in pixels.
    pub(crate) fn width(mut self, pixels: u32) -> Self {
        self.width = Some(pixels);
        self
    }

    /// Sorts the table by this column.
    pub(crate) fn sorted(mut self, descending: bool) -> Self {
        self.sorted = Some(descending);
        self
    }

    /// Returns transformations that combine all answers into one table with exactly these columns, in this order.
    pub(crate) fn transformations(columns: &[Self], queries: usize) -> Value {
        let field = |column: &Self| match column.content {
            Content::Label => column.title.clone(),
            Content::Value { query, .. } => value_field(query, queries),
        };
        let kept: Vec<String> = columns.iter().map(field).collect();
        let order: Map<_, _> = kept.iter().enumerate().map(|(index, name)| (name.clone(), json!(index))).collect();
        let renamed = columns.iter().filter(|column| field(column) != column.title);
        let renamed: Map<_, _> = renamed.map(|column| (field(column), json!(column.title))).collect();
        json!([
            // Filtering comes first: rows are merged if all remaining fields are equal, and times and metric names
            // differ.
            {"id": "filterFieldsByName", "options": {"include": {"names": kept}}},
            {"id": "merge", "options": {}},
            {"id": "organize", "options": {"excludeByName": {}, "indexByName": order, "renameByName": renamed}},
        ])
    }

    pub(crate) fn sorted_by(columns: &[Self]) -> Value {
        let sorted = columns.iter().filter_map(|column| column.sorted.map(|descending| (column, descending)));
        sorted.map(|(column, descending)| json!({"displayName": column.title, "desc": descending})).collect()
    }

    pub(crate) fn overrides(columns: &[Self]) -> Value {
        columns
            .iter()
            .map(|column| {
                let matcher = json!({"id": "byName", "options": column.title});
                json!({"matcher": matcher, "properties": column.properties()})
            })
            .collect()
    }

    fn properties(&self) -> Value {
        let mut properties = Vec::new();
        let mut property = |id: &str, value: Value| properties.push(json!({"id": id, "value": value}));
        if let Content::Value { unit, thresholds, decimals, .. } = &self.content {
            property("unit", json!(unit.id()));
            property("decimals", json!(decimals));
            property("thresholds", thresholds.json());
            if thresholds.judges() {
                property("color", json!({"mode": "thresholds"}));
                property("custom.cellOptions", json!({"type": "color-text"}));
            }
        }
        if !self.words.is_empty() {
            let words = self.words.iter().enumerate().map(|(index, (word, colour))| {
                ((*word).to_owned(), json!({"text": word, "color": colour.hex(), "index": index}))
            });
            property("mappings", json!([{"type": "value", "options": words.collect::<Map<_, _>>()}]));
            property("custom.cellOptions", json!({"type": "color-text"}));
        }
        if !self.links.is_empty() {
            property("links", self.links.iter().map(Link::field).collect());
        }
        if let Some(pixels) = self.width {
            property("custom.width", json!(pixels));
        }
        properties.into()
    }
}

//! A dashboard: panels in rows on Grafana's grid of 24 columns.

use serde_json::{Value, json};

use crate::annotation::AlertAnnotation;
use crate::link::Link;
use crate::panel::Panel;
use crate::query::Query;
use crate::variable::Variable;

/// The schema version of Grafana 13. Older versions ignore unknown fields, newer ones migrate the dashboard.
const SCHEMA_VERSION: u32 = 42;
/// The tag on our dashboards, used for the links between them.
const TAG: &str = "tidewatch";

/// A dashboard under construction.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Design {
    pub(crate) uid: &'static str,
    pub(crate) title: &'static str,
    pub(crate) description: &'static str,
    /// The start of the time range, such as `now-1h`.
    pub(crate) from: &'static str,
    pub(crate) variables: Vec<Variable>,
    pub(crate) annotations: Vec<AlertAnnotation>,
    pub(crate) sections: Vec<Section>,
}

/// Panels below a heading.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Section {
    title: Option<&'static str>,
    collapsed: bool,
    bands: Vec<Band>,
}

/// Panels side by side.
#[derive(Debug, Clone, PartialEq)]
struct Band {
    height: u32,
    /// The panels and their widths.
    panels: Vec<(u32, Panel)>,
}

impl Section {
    /// Creates the first section, without a heading.
    pub(crate) const fn top() -> Self {
        Self { title: None, collapsed: false, bands: Vec::new() }
    }

    pub(crate) const fn new(title: &'static str) -> Self {
        Self { title: Some(title), collapsed: false, bands: Vec::new() }
    }

    /// Creates a section that is collapsed. Grafana runs its queries only after it is opened.
    pub(crate) const fn collapsed(title: &'static str) -> Self {
        Self { title: Some(title), collapsed: true, bands: Vec::new() }
    }

    /// Adds panels of this height side by side, each with its width.
    pub(crate) fn band(mut self, height: u32, panels: impl IntoIterator<Item = (u32, Panel)>) -> Self {
        self.bands.push(Band { height, panels: panels.into_iter().collect() });
        self
    }

    fn panels(&self) -> impl Iterator<Item = &Panel> {
        self.bands.iter().flat_map(|band| band.panels.iter().map(|(_, panel)| panel))
    }
}

/// Assigns IDs and positions to panels.
struct Grid {
    next: usize,
    y: u32,
}

impl Grid {
    fn id(&mut self) -> usize {
        self.next += 1;
        self.next
    }

    fn section(&mut self, section: &Section) -> Vec<Value> {
        let heading = section.title.map(|title| {
            let row = json!({
                "id": self.id(),
                "type": "row",
                "title": title,
                "collapsed": section.collapsed,
                "gridPos": {"x": 0, "y": self.y, "w": 24, "h": 1},
                "panels": [],
            });
            self.y += 1;
            row
        });
        let below = self.y;
        let mut panels = Vec::new();
        for band in &section.bands {
            let mut x = 0;
            for (width, panel) in &band.panels {
                panels.push(panel.json(self.id(), (x, self.y, *width, band.height)));
                x += width;
            }
            self.y += band.height;
        }
        match heading {
            Some(mut row) if section.collapsed => {
                self.y = below;
                row["panels"] = panels.into();
                vec![row]
            }
            heading => heading.into_iter().chain(panels).collect(),
        }
    }
}

impl Design {
    pub(crate) fn queries(&self) -> Vec<Query> {
        let variables = self.variables.iter().map(|variable| variable.query(self.uid));
        let annotations = self.annotations.iter().map(|annotation| annotation.query(self.uid));
        let panels = self.sections.iter().flat_map(Section::panels);
        let targets = panels.flat_map(|panel| panel.targets.iter().map(|target| target.query(self.uid, &panel.title)));
        variables.chain(annotations).chain(targets).collect()
    }

    pub(crate) fn json(&self) -> Value {
        let mut grid = Grid { next: 0, y: 0 };
        let panels: Vec<Value> = self.sections.iter().flat_map(|section| grid.section(section)).collect();
        json!({
            "uid": self.uid,
            "title": self.title,
            "description": self.description,
            "tags": [TAG],
            "schemaVersion": SCHEMA_VERSION,
            "version": 1,
            "editable": true,
            "graphTooltip": 1,
            "fiscalYearStartMonth": 0,
            "timezone": "browser",
            "refresh": "10s",
            "time": {"from": self.from, "to": "now"},
            "timepicker": {"refresh_intervals": ["5s", "10s", "30s", "1m", "5m", "15m"]},
            "links": [
                dashboards_link(),
                Link::runbooks_index().header(),
            ],
            "templating": {"list": self.variables.iter().map(Variable::json).collect::<Vec<_>>()},
            "annotations": {"list": std::iter::once(built_in())
                .chain(self.annotations.iter().map(AlertAnnotation::json))
                .collect::<Vec<_>>()},
            "panels": panels,
        })
    }
}

/// Links to all dashboards with our tag, next to the title.
fn dashboards_link() -> Value {
    json!({
        "title": "Tidewatch",
        "type": "dashboards",
        "tags": [TAG],
        "icon": "external link",
        "tooltip": "",
        "url": "",
        "asDropdown": false,
        "targetBlank": false,
        "includeVars": true,
        "keepTime": true,
    })
}

/// Annotations that users add in Grafana.
fn built_in() -> Value {
    json!({
        "builtIn": 1,
        "name": "Annotations & Alerts",
        "type": "dashboard",
        "enable": true,
        "hide": true,
        "iconColor": "rgba(0, 211, 255, 1)",
        "datasource": {"type": "grafana", "uid": "-- Grafana --"},
    })
}

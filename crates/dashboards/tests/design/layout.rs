//! Panels are within the grid and don't overlap.

use std::collections::BTreeSet;

use serde_json::Value;
use tidewatch_dashboards::all;

const COLUMNS: u64 = 24;
/// Height of a laptop's screen (1440 x 900 pixels) below Grafana's own bars, in units of the grid.
const FIRST_SCREEN: u64 = 20;

fn place(panel: &Value) -> [u64; 4] {
    ["x", "y", "w", "h"].map(|side| panel["gridPos"][side].as_u64().unwrap())
}

/// Asserts that no two panels overlap, none leaves the grid, and every line is filled.
fn assert_tiled(what: &str, panels: &[&Value]) {
    let mut taken = BTreeSet::new();
    for panel in panels {
        let [x, y, w, h] = place(panel);
        let title = &panel["title"];
        assert!(w > 0 && h > 0 && x + w <= COLUMNS, "{what}: {title} exceeds the grid: {x}+{w}");
        for cell in (x..x + w).flat_map(|x| (y..y + h).map(move |y| (x, y))) {
            assert!(taken.insert(cell), "{what}: {title} overlaps another panel at {cell:?}");
        }
    }
    for y in taken.iter().map(|(_, y)| *y).collect::<BTreeSet<_>>() {
        let filled = taken.iter().filter(|(_, row)| *row == y).count() as u64;
        assert_eq!(filled, COLUMNS, "{what}: row {y} has a gap");
    }
}

#[test]
fn panels_fill_the_grid_without_overlap() {
    for dashboard in all() {
        let entries: Vec<&Value> = dashboard.json["panels"].as_array().unwrap().iter().collect();
        assert_tiled(&dashboard.file_name, &entries);
        for row in entries.iter().filter(|entry| entry["collapsed"] == true) {
            let folded: Vec<&Value> = row["panels"].as_array().unwrap().iter().collect();
            assert_tiled(&format!("{}, {} unfolded", dashboard.file_name, row["title"]), &folded);
            assert!(folded.iter().all(|panel| place(panel)[1] > place(row)[1]), "{}: above its row", row["title"]);
        }
    }
}

#[test]
fn every_panel_is_large_enough_to_read() {
    super::support::every_panel(|what, panel| {
        let [_, _, w, h] = place(panel);
        assert!(w >= 4 && h >= 4, "{what}: {w} x {h}");
    });
}

#[test]
fn firing_alerts_and_affected_services_are_on_the_first_screen() {
    let overview = &all()[0];
    for title in ["Critical", "Firing now", "Services", "P99 latency", "Errors", "Traffic"] {
        let panels = super::support::panels(overview);
        let panel = panels.iter().find(|panel| panel["title"] == title).unwrap();
        let [_, y, _, h] = place(panel);
        assert!(y + h <= FIRST_SCREEN, "{title} ends at {}", y + h);
    }
}

#[test]
fn numbers_and_uids_are_unique() {
    let dashboards = all();
    let uids: BTreeSet<&str> = dashboards.iter().map(|dashboard| dashboard.uid).collect();
    assert_eq!(uids.len(), dashboards.len());
    for dashboard in &dashboards {
        assert_eq!(dashboard.json["uid"], dashboard.uid);
        // Grafana's maximum length.
        assert!(dashboard.uid.len() <= 40);
        let entries = dashboard.json["panels"].as_array().unwrap();
        let folded = entries.iter().flat_map(|entry| entry["panels"].as_array().into_iter().flatten());
        let ids: Vec<u64> = entries.iter().chain(folded).map(|panel| panel["id"].as_u64().unwrap()).collect();
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{}: {ids:?}", dashboard.file_name);
    }
}

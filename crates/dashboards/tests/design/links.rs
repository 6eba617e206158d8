//! Every link has an existing destination.

use std::path::Path;

use tidewatch_catalogue::ALERTS;
use tidewatch_dashboards::all;

use super::support::strings;

const RUNBOOKS: &str = "https://github.com/tidewatch/tidewatch/blob/main/runbooks/";

fn runbooks() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../runbooks")
}

/// Returns every address in a dashboard, from links and Markdown.
fn addresses(json: &serde_json::Value) -> Vec<String> {
    let texts = strings(json).into_iter();
    let starts = |text: &str| -> Vec<String> {
        let found = ["https://", "/d/", "/explore"].into_iter().flat_map(|start| {
            let ends = |c: char| [')', '"', ' ', '<'].contains(&c);
            text.match_indices(start).map(move |(at, _)| text[at..].split(ends).next().unwrap().to_owned())
        });
        found.collect()
    };
    texts.flat_map(starts).collect()
}

#[test]
fn links_lead_to_dashboards_and_runbooks_that_exist() {
    let dashboards = all();
    let mut followed = 0;
    for dashboard in &dashboards {
        for address in addresses(&dashboard.json) {
            followed += 1;
            if let Some(page) = address.strip_prefix(RUNBOOKS) {
                // Any alert may replace a variable.
                let exists = page.contains('{') || runbooks().join(page).is_file();
                assert!(exists, "{}: runbooks/{page} does not exist", dashboard.file_name);
            } else if let Some(rest) = address.strip_prefix("/d/") {
                let uid = rest.split('?').next().unwrap();
                assert!(dashboards.iter().any(|other| other.uid == uid), "{}: {address}", dashboard.file_name);
                let variables = rest.split("var-").skip(1).map(|rest| rest.split('=').next().unwrap());
                let other = dashboards.iter().find(|other| other.uid == uid).unwrap();
                for variable in variables {
                    let list = other.json["templating"]["list"].as_array().unwrap();
                    assert!(list.iter().any(|known| known["name"] == variable), "{uid} has no variable {variable}");
                }
            } else {
                assert!(address.starts_with("/explore?schemaVersion=1&panes="), "{}: {address}", dashboard.file_name);
            }
        }
    }
    assert!(followed > 30);
}

#[test]
fn the_overview_names_every_runbook() {
    let pages = std::fs::read_dir(runbooks()).unwrap().map(|entry| entry.unwrap().path());
    let pages = pages.filter(|page| page.extension().is_some_and(|extension| extension == "md"));
    let mut written: Vec<String> = pages.map(|page| page.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    written.retain(|page| page != "README");
    written.sort();
    let mut named: Vec<&str> = ALERTS.iter().map(|alert| alert.name).collect();
    named.sort_unstable();
    assert_eq!(named, written);
}

#[test]
fn a_link_to_logs_opens_a_pane_of_explore_with_its_variables_filled_in() {
    let dashboards = all();
    let links: Vec<String> = dashboards.iter().flat_map(|dashboard| addresses(&dashboard.json)).collect();
    let logs: Vec<&String> = links.iter().filter(|link| link.starts_with("/explore")).collect();
    assert!(!logs.is_empty());
    for link in logs {
        let panes = link.split("panes=").nth(1).unwrap();
        let panes = panes.replace("${__from}", "1").replace("${__to}", "2");
        let panes = panes.replace("${__field.labels.service}", "api").replace("${__value.text}", "api");
        assert!(!panes.contains('$'), "{panes}");
        let json: serde_json::Value = serde_json::from_str(&decoded(&panes)).unwrap();
        assert_eq!(json["a"]["queries"][0]["expr"], "{service_name=\"api\"}");
        assert_eq!(json["a"]["queries"][0]["datasource"]["uid"], "loki");
    }
}

fn decoded(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut out = Vec::new();
    while let Some(byte) = bytes.next() {
        let mut digit = || char::from(bytes.next().unwrap());
        out.push(if byte == b'%' {
            u8::from_str_radix(&String::from_iter([digit(), digit()]), 16).unwrap()
        } else {
            byte
        });
    }
    String::from_utf8(out).unwrap()
}

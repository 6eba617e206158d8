//! The files of the repository that have to agree: rules, their tests, runbooks.
use serde::Deserialize;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};
use tidewatch_detect::Rules;

/// Returns the repository's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The input of the checks.
#[derive(Clone)]
pub(crate) struct Sources {
    /// Prometheus's rules, from all files.
    pub(crate) rules: Vec<Rule>,
    /// Alerts of the stream-processor.
    pub(crate) fast: BTreeSet<String>,
    /// The runbook pages by name.
    pub(crate) runbooks: BTreeMap<String, String>,
    /// Alerts that are expected to fire in some test of the rules.
    pub(crate) tested: BTreeSet<String>,
}

/// A rule as Prometheus reads it: a record or an alert.
#[derive(Clone, Default, Deserialize)]
pub(crate) struct Rule {
    /// The series that it records.
    #[serde(default)]
    pub(crate) record: String,
    /// The alert that it raises.
    #[serde(default)]
    pub(crate) alert: String,
    pub(crate) expr: String,
    #[serde(default)]
    pub(crate) labels: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) annotations: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct RuleFile {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    rules: Vec<Rule>,
}

impl Sources {
    /// Reads the files of the repository.
    pub(crate) fn read() -> Self {
        let rules = ["rules", "rules/kubernetes", "rules/thanos"].into_iter().flat_map(|folder| files(folder, "yaml"));
        let rules = rules.flat_map(|(name, text)| {
            let file: RuleFile = serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
            file.groups.into_iter().flat_map(|group| group.rules)
        });
        let tested = files("rules/tests", "yaml").into_iter().flat_map(|(name, text)| {
            let tests: Value = serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
            expected_to_fire(&tests)
        });
        let runbooks = files("runbooks", "md").into_iter().filter(|(name, _)| name != "README");
        Self {
            rules: rules.collect(),
            fast: Rules::builtin().names().map(|(name, _)| name.to_owned()).collect(),
            runbooks: runbooks.collect(),
            tested: tested.collect(),
        }
    }

    /// Returns Prometheus's alerts.
    pub(crate) fn alerts(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter().filter(|rule| !rule.alert.is_empty())
    }
}

/// Returns the name without extension and the text of each file of a folder.
fn files(folder: &str, ending: &str) -> Vec<(String, String)> {
    let entries = fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|end| end == ending)).collect();
    paths.sort();
    let name = |path: &PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
    paths.iter().map(|path| (name(path), fs::read_to_string(path).unwrap())).collect()
}

/// Returns the alerts that a promtool unit test expects to fire, as alerts or as samples of the series ALERTS.
fn expected_to_fire(file: &Value) -> BTreeSet<String> {
    let list = |value: &Value, name: &str| value[name].as_array().cloned().unwrap_or_default();
    let mut names = BTreeSet::new();
    for test in list(file, "tests") {
        for alert in list(&test, "alert_rule_test") {
            if !list(&alert, "exp_alerts").is_empty() {
                names.insert(alert["alertname"].as_str().unwrap().to_owned());
            }
        }
        for query in list(&test, "promql_expr_test") {
            let labels = list(&query, "exp_samples").into_iter().map(|sample| sample["labels"].clone());
            for labels in labels {
                // The alert is named by the query, or by the labels of its result.
                let text = format!("{} {}", query["expr"].as_str().unwrap(), labels.as_str().unwrap_or_default());
                let name = text.split_once("alertname=\"").and_then(|(_, rest)| rest.split_once('"'));
                if let Some((name, _)) = name.filter(|_| text.contains("alertstate=\"firing\"")) {
                    names.insert(name.to_owned());
                }
            }
        }
    }
    names
}

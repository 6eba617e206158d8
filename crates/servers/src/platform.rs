//! The settings of `platform/*.toml`, which `tidewatch up` and Nix share.
use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

use jiff::SignedDuration;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Reads a file of `platform/` that is embedded in the program.
macro_rules! settings {
    ($file:literal) => {
        LazyLock::new(|| read($file, include_str!(concat!("../../../platform/", $file))))
    };
}

pub(crate) static KAFKA: LazyLock<Kafka> = settings!("kafka.toml");
pub(crate) static PROMETHEUS: LazyLock<Prometheus> = settings!("prometheus.toml");
/// The sections of `grafana.ini`.
pub(crate) static GRAFANA: LazyLock<BTreeMap<String, Settings>> = settings!("grafana.toml");
static DATASOURCES: LazyLock<Datasources> = settings!("datasources.toml");

pub(crate) type Settings = BTreeMap<String, Setting>;

/// A value in a server's configuration.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Setting {
    Switch(bool),
    Number(i64),
    Text(String),
}

/// `platform/kafka.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Kafka {
    pub(crate) cluster_id: String,
    pub(crate) heap: String,
    pub(crate) jvm: String,
    pub(crate) properties: Settings,
}

/// `platform/prometheus.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Prometheus {
    pub(crate) scrape_interval: SignedDuration,
    pub(crate) evaluation_interval: String,
    pub(crate) retention_time: String,
    pub(crate) retention_size: String,
    pub(crate) features: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Datasources {
    datasource: Vec<Datasource>,
}

/// A datasource of Grafana.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Datasource {
    name: String,
    uid: String,
    r#type: String,
    /// The server that it reads from.
    server: String,
    #[serde(default)]
    default: bool,
    #[serde(default)]
    json_data: serde_json::Map<String, Value>,
    /// Additions to `json_data`, by the server whose presence they require.
    #[serde(default)]
    with: BTreeMap<String, serde_json::Map<String, Value>>,
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Setting::Switch(on) => on.fmt(f),
            Setting::Number(number) => number.fmt(f),
            Setting::Text(text) => text.fmt(f),
        }
    }
}

fn read<T: DeserializeOwned>(file: &str, text: &str) -> T {
    toml::from_str(text).unwrap_or_else(|error| panic!("platform/{file}: {error}"))
}

/// Returns the datasources of the running servers, given as names and URLs, in Grafana's provisioning format.
pub(crate) fn datasources(running: &BTreeMap<&str, &str>) -> Vec<Value> {
    let provisioned = |datasource: &Datasource| {
        let url = running.get(datasource.server.as_str())?;
        let mut json_data = datasource.json_data.clone();
        let added = datasource.with.iter().filter(|(server, _)| running.contains_key(server.as_str()));
        json_data.extend(added.flat_map(|(_, added)| added.clone()));
        let Datasource { name, uid, r#type, default, .. } = datasource;
        Some(serde_json::json!({
            "name": name, "uid": uid, "type": r#type, "access": "proxy", "url": url, "isDefault": default,
            "jsonData": json_data,
        }))
    };
    DATASOURCES.datasource.iter().filter_map(provisioned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_read() {
        assert!(!KAFKA.properties.is_empty());
        assert!(!PROMETHEUS.features.is_empty());
        assert!(!GRAFANA.is_empty());
        assert!(!DATASOURCES.datasource.is_empty());
    }

    #[test]
    fn the_datasource_has_the_interval_of_scrapes() {
        let prometheus = &datasources(&BTreeMap::from([("prometheus", "http://p")]))[0];
        let interval: SignedDuration = prometheus["jsonData"]["timeInterval"].as_str().unwrap().parse().unwrap();
        assert_eq!(interval, PROMETHEUS.scrape_interval);
    }

    #[test]
    fn exemplars_lead_to_traces_where_tempo_runs_and_nowhere_else() {
        let both = datasources(&BTreeMap::from([("prometheus", "http://p"), ("tempo", "http://t")]));
        let destination = &both[0]["jsonData"]["exemplarTraceIdDestinations"][0];
        assert_eq!(destination["datasourceUid"], both[1]["uid"]);
        let alone = &datasources(&BTreeMap::from([("prometheus", "http://p")]))[0]["jsonData"];
        assert!(alone.get("exemplarTraceIdDestinations").is_none(), "{alone}");
    }
}

//! Grafana's datasources: those of `platform/datasources.toml` whose server runs.
use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::Peers;
use crate::settings::settings;

static SETTINGS: LazyLock<Settings> = settings!("datasources.toml");

/// `platform/datasources.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
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
    /// The server that answers in its place, where there is one.
    through: Option<String>,
    #[serde(default)]
    default: bool,
    #[serde(default)]
    json_data: Map<String, Value>,
    /// Additions to `json_data`, by the server whose presence they require.
    #[serde(default)]
    with: BTreeMap<String, Map<String, Value>>,
}

/// Returns the datasources of these servers in Grafana's provisioning format.
pub(super) fn provisioned(servers: &Peers) -> Value {
    let datasources: Vec<Value> = SETTINGS.datasource.iter().filter_map(|datasource| datasource.of(servers)).collect();
    json!({ "apiVersion": 1, "datasources": datasources })
}

impl Datasource {
    /// Returns the datasource, if its server is one of these.
    fn of(&self, servers: &Peers) -> Option<Value> {
        let own = servers.url(&self.server)?;
        let url = self.through.as_deref().and_then(|server| servers.url(server)).unwrap_or(own);
        let mut json_data = self.json_data.clone();
        let added = self.with.iter().filter(|(server, _)| servers.port(server).is_some());
        json_data.extend(added.flat_map(|(_, added)| added.clone()));
        let Datasource { name, uid, r#type, default, .. } = self;
        Some(json!({
            "name": name, "uid": uid, "type": r#type, "access": "proxy", "url": url, "isDefault": default,
            "jsonData": json_data,
        }))
    }
}

#[cfg(test)]
mod tests {
    use tidewatch_platform::{ALERTMANAGER, PROMETHEUS, Server};

    use super::*;
    use crate::prometheus::scrape_interval;

    /// Returns the datasources of servers on these ports.
    fn of(servers: &[(Server, u16)]) -> Value {
        provisioned(&servers.iter().copied().collect())["datasources"].clone()
    }

    #[test]
    fn a_datasource_exists_if_its_server_runs() {
        assert_eq!(of(&[]), json!([]));
        let both = of(&[(PROMETHEUS, 9090), (ALERTMANAGER, 9093)]);
        assert_eq!(both[0]["uid"], "prometheus");
        assert_eq!(both[0]["url"], "http://127.0.0.1:9090");
        assert_eq!(both[1]["type"], "alertmanager");
        assert_eq!(both[1]["url"], "http://127.0.0.1:9093");
        assert_eq!(of(&[(PROMETHEUS, 9090)]).as_array().map(Vec::len), Some(1));
    }

    #[test]
    fn thanos_answers_in_the_place_of_prometheus_where_it_runs() {
        let thanos = Server { name: "thanos-query", ..PROMETHEUS };
        let datasource = &of(&[(PROMETHEUS, 9090), (thanos, 10902)])[0];
        assert_eq!(datasource["uid"], "prometheus");
        assert_eq!(datasource["url"], "http://127.0.0.1:10902");
        assert_eq!(datasource["jsonData"]["prometheusType"], "Thanos");
        assert_eq!(of(&[(thanos, 10902)]), json!([]));
    }

    #[test]
    fn the_datasource_has_the_interval_of_scrapes() {
        let prometheus = &of(&[(PROMETHEUS, 9090)])[0];
        let interval = prometheus["jsonData"]["timeInterval"].as_str().unwrap();
        assert_eq!(interval, format!("{}s", scrape_interval().as_secs()));
    }

    #[test]
    fn exemplars_lead_to_traces_where_tempo_runs_and_nowhere_else() {
        let tempo = Server { name: "tempo", ..PROMETHEUS };
        let both = of(&[(PROMETHEUS, 9090), (tempo, 3200)]);
        let destination = &both[0]["jsonData"]["exemplarTraceIdDestinations"][0];
        assert_eq!(destination["datasourceUid"], both[1]["uid"]);
        let alone = &of(&[(PROMETHEUS, 9090)])[0]["jsonData"];
        assert!(alone.get("exemplarTraceIdDestinations").is_none(), "{alone}");
    }
}

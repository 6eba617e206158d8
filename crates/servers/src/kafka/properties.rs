//! The `server.properties` of a single KRaft node on loopback.
use std::fmt::Write;

use super::SETTINGS;

/// The file's name in the broker's working directory.
pub(super) const FILE: &str = "server.properties";

/// The data directory, relative to the broker's working directory: a relative path needs no escaping in a properties
/// file.
pub(super) const DATA: &str = "data";

/// Renders the configuration of a broker that serves clients on `port` and is its own controller on `controller`: the
/// settings of `platform/kafka.toml` plus the addresses.
pub(super) fn render(port: u16, controller: u16) -> String {
    let mut text = format!(
        "# Written at every start; changes are lost.
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.quorum.voters=1@127.0.0.1:{controller}
log.dirs={DATA}

"
    );
    for (name, value) in &SETTINGS.properties {
        // Writing to a String can't fail.
        let _ = writeln!(text, "{name}={value}");
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use tidewatch_kafka::topics::METRICS_RAW_DLQ;

    use super::*;

    fn rendered() -> BTreeMap<String, String> {
        let text = render(9092, 9093);
        let settings: Vec<_> = text.lines().filter_map(|line| line.split_once('=')).collect();
        let map: BTreeMap<_, _> = settings.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        assert_eq!(map.len(), settings.len(), "a setting is repeated: {text}");
        map
    }

    #[test]
    fn it_has_the_shared_settings_and_the_addresses_and_nothing_else() {
        let shared: serde_json::Value = toml::from_str(include_str!("../../../../platform/kafka.toml")).unwrap();
        let text = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let shared = shared["properties"].as_object().unwrap();
        let mut expected: BTreeMap<String, String> =
            shared.iter().map(|(name, value)| (name.clone(), text(value))).collect();
        for (name, value) in [
            ("listeners", "PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093"),
            ("advertised.listeners", "PLAINTEXT://127.0.0.1:9092"),
            ("controller.quorum.voters", "1@127.0.0.1:9093"),
            ("log.dirs", DATA),
        ] {
            assert_eq!(expected.insert(name.to_owned(), value.to_owned()), None, "{name} depends on the place");
        }
        assert_eq!(rendered(), expected);
    }

    #[test]
    fn the_broker_takes_the_largest_record_of_every_topic() {
        assert_eq!(rendered()["message.max.bytes"], METRICS_RAW_DLQ.max_message_bytes().to_string());
    }
}

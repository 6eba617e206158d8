//! Which Tidewatch is verified: the one that `up` runs here, or one whose services are named.

use reqwest::Url;

use crate::exit::usage;
use crate::state::{Endpoints, StateArgs};

/// Everything that can be named, as endpoints.json does.
const NAMES: [&str; 10] = [
    "kafka",
    "simulator",
    "processor",
    "bridge",
    "relay",
    "console",
    "mock_slack",
    "prometheus",
    "alertmanager",
    "grafana",
];

/// One word of --target.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Part {
    /// What endpoints.json in the state directory says.
    Local,
    /// One service's address.
    Place { name: &'static str, place: String },
}

/// Reads one word.
pub(super) fn part(text: &str) -> Result<Part, String> {
    if text == "local" {
        return Ok(Part::Local);
    }
    let (name, place) =
        text.split_once('=').ok_or("expected local, or NAME=URL such as prometheus=http://127.0.0.1:9090")?;
    let Some(name) = NAMES.into_iter().find(|known| *known == name) else {
        return Err(format!("nothing is called {name:?}; there are {}", NAMES.join(", ")));
    };
    if name == "kafka" {
        return match place.rsplit_once(':') {
            Some((host, port)) if !host.is_empty() && !host.contains('/') && port.parse::<u16>().is_ok() => {
                Ok(Part::Place { name, place: place.to_owned() })
            }
            _ => Err("kafka: expected HOST:PORT".to_owned()),
        };
    }
    let url = Url::parse(place).map_err(|error| format!("{name}: not a URL: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("{name}: expected a URL that begins with http:// or https://"));
    }
    Ok(Part::Place { name, place: place.trim_end_matches('/').to_owned() })
}

/// What the words say together: addresses that are named take the place of endpoints.json's.
pub(super) fn endpoints(parts: &[Part], state: &StateArgs) -> anyhow::Result<Endpoints> {
    let mut endpoints = if parts.contains(&Part::Local) { state.endpoints()? } else { Endpoints::default() };
    for part in parts {
        if let Part::Place { name, place } = part {
            endpoints.insert(name, place);
        }
    }
    if endpoints.get("processor").is_none() {
        return Err(usage("--target: lacks processor=URL, the stream-processor's admin listener"));
    }
    Ok(endpoints)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_named_and_checked() {
        assert_eq!(part("local"), Ok(Part::Local));
        let place = |name, place: &str| Ok(Part::Place { name, place: place.to_owned() });
        assert_eq!(part("prometheus=http://h:9090/"), place("prometheus", "http://h:9090"));
        assert_eq!(part("kafka=h:9092"), place("kafka", "h:9092"));
        for (text, why) in [
            ("remote", "expected local"),
            ("prom=http://h", "nothing is called \"prom\""),
            ("prometheus=h:9090", "begins with http"),
            ("prometheus=", "not a URL"),
            ("kafka=http://h:9092", "HOST:PORT"),
            ("kafka=h", "HOST:PORT"),
        ] {
            let error = part(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn without_a_processor_there_is_nothing_to_verify() {
        let parts = [part("prometheus=http://h:9090").unwrap()];
        let error = endpoints(&parts, &StateArgs::default()).unwrap_err().to_string();
        assert!(error.contains("lacks processor=URL"), "{error}");
    }
}

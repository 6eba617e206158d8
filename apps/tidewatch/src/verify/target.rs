//! The Tidewatch to verify: the one that `up` runs here, or one whose services are named.

use tidewatch_client::HttpUrl;
use tidewatch_platform::{KAFKA, SERVERS, SERVICES, STREAM_PROCESSOR};

use crate::exit::usage;
use crate::state::{Endpoints, StateArgs};

/// Returns every name that a target may use, as endpoints.json has them: a service by its short key and by its name.
fn names() -> impl Iterator<Item = &'static str> {
    let services = SERVICES.iter().flat_map(|service| {
        let name = (service.name != service.endpoint).then_some(service.name);
        [Some(service.endpoint), name].into_iter().flatten()
    });
    services.chain(SERVERS.iter().map(|server| server.name))
}

/// Returns examples and the names, for `--help`.
pub(super) fn help() -> String {
    let names: Vec<&str> = names().filter(|name| *name != KAFKA.name).collect();
    format!(
        "Examples:\n  \
        tidewatch verify --report verify.json --junit verify.xml\n  \
        tidewatch verify --target processor=http://10.0.0.5:9464,kafka=10.0.0.5:9092\n\n\
        Addresses have these names: kafka (HOST:PORT); {} (URLs). Steps that would need others are skipped.",
        names.join(", ")
    )
}

/// One item of --target.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Part {
    /// The contents of endpoints.json in the state directory.
    Local,
    /// The address of one service.
    Place { name: &'static str, place: String },
}

/// Parses one item.
pub(super) fn part(text: &str) -> Result<Part, String> {
    if text == "local" {
        return Ok(Part::Local);
    }
    let (name, place) =
        text.split_once('=').ok_or("expected local, or NAME=URL such as prometheus=http://127.0.0.1:9090")?;
    let Some(name) = names().find(|known| *known == name) else {
        let known: Vec<&str> = names().collect();
        return Err(format!("unknown name {name:?}; the known names are {}", known.join(", ")));
    };
    if name == KAFKA.name {
        return match place.rsplit_once(':') {
            Some((host, port)) if !host.is_empty() && !host.contains('/') && port.parse::<u16>().is_ok() => {
                Ok(Part::Place { name, place: place.to_owned() })
            }
            _ => Err("kafka: expected HOST:PORT".to_owned()),
        };
    }
    place.parse::<HttpUrl>().map_err(|error| format!("{name}: {error}"))?;
    Ok(Part::Place { name, place: place.trim_end_matches('/').to_owned() })
}

/// Returns the endpoints that the items describe together; named addresses replace those of endpoints.json.
pub(super) fn endpoints(parts: &[Part], state: &StateArgs) -> anyhow::Result<Endpoints> {
    let mut endpoints = if parts.contains(&Part::Local) { state.endpoints()? } else { Endpoints::default() };
    for part in parts {
        if let Part::Place { name, place } = part {
            endpoints.insert(name, place);
        }
    }
    if endpoints.get(STREAM_PROCESSOR.name).is_none() {
        return Err(usage("--target: processor=URL is missing, the stream-processor's admin listener"));
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
        assert_eq!(part("metrics-bridge=http://h"), place("metrics-bridge", "http://h"));
        for (text, why) in [
            ("remote", "expected local"),
            ("prom=http://h", "unknown name \"prom\""),
            ("prometheus=h:9090", "begins with http"),
            ("prometheus=", "give a URL"),
            ("kafka=http://h:9092", "HOST:PORT"),
            ("kafka=h", "HOST:PORT"),
        ] {
            let error = part(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn a_service_is_named_by_its_name_or_its_short_key() {
        for name in ["processor", "stream-processor"] {
            let parts = [part(&format!("{name}=http://h:9464")).unwrap()];
            let endpoints = endpoints(&parts, &StateArgs::default()).unwrap();
            assert_eq!(endpoints.get("processor"), Some("http://h:9464"), "{name}");
        }
    }

    #[test]
    fn without_a_processor_there_is_nothing_to_verify() {
        let parts = [part("prometheus=http://h:9090").unwrap()];
        let error = endpoints(&parts, &StateArgs::default()).unwrap_err().to_string();
        assert!(error.contains("processor=URL is missing"), "{error}");
    }
}

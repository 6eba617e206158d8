//! The addresses of a running Tidewatch's services, for requests over HTTP.

use std::time::Duration;

use anyhow::Context;
use tidewatch_client::HttpUrl;

use crate::state::Endpoints;

/// How long an answer may take.
pub(crate) const LIMIT: Duration = Duration::from_secs(5);

/// Returns the URL of `name`, if it is running.
pub(crate) fn url(endpoints: &Endpoints, name: &str) -> anyhow::Result<Option<HttpUrl>> {
    endpoints.get(name).map(|place| parse(name, place)).transpose()
}

/// Returns the URL of `name`, or an error that says that this Tidewatch doesn't have it.
pub(crate) fn required(endpoints: &Endpoints, name: &str) -> anyhow::Result<HttpUrl> {
    parse(name, endpoints.require(name)?)
}

fn parse(name: &str, place: &str) -> anyhow::Result<HttpUrl> {
    place.parse().with_context(|| format!("the address of {name} is not usable"))
}

/// Returns an address that is safe to show: a URL of any scheme without user name, password and query.
pub(crate) fn shown(place: &str) -> String {
    let Some((scheme, rest)) = place.split_once("://") else { return place.to_owned() };
    let rest = rest.split_once(['?', '#']).map_or(rest, |(rest, _)| rest);
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}{}", path.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_name_and_password() {
        for (secret, safe) in [
            ("http://me:secret@h:9090/under/?a=b", "http://h:9090/under"),
            ("sasl_ssl://me:s@cret@kafka-1:9092", "sasl_ssl://kafka-1:9092"),
            ("https://h?token=secret@h#secret", "https://h"),
            ("http://me:secret@", "http://"),
        ] {
            assert_eq!(shown(secret), safe);
        }
        for plain in ["http://h:9090", "http://h/a@b", "kafka-1:9092", "in-process", ""] {
            assert_eq!(shown(plain), plain);
        }
    }

    #[test]
    fn an_address_that_is_not_there_or_not_a_url_is_named() {
        let mut endpoints = Endpoints::default();
        endpoints.insert("console", "nowhere");
        assert!(format!("{:#}", required(&endpoints, "console").unwrap_err()).contains("address of console"));
        assert!(required(&endpoints, "prometheus").unwrap_err().to_string().contains("has no prometheus"));
        assert_eq!(url(&endpoints, "prometheus").unwrap(), None);
    }
}

//! The addresses of a running Tidewatch's services, for requests over HTTP.

use std::time::Duration;

use anyhow::{Context, anyhow};
use tidewatch_client::HttpUrl;

use crate::state::Endpoints;

/// How long an answer may take.
pub(crate) const LIMIT: Duration = Duration::from_secs(5);

/// Returns the URL of `name`, if it is running.
pub(crate) fn url(endpoints: &Endpoints, name: &str) -> anyhow::Result<Option<HttpUrl>> {
    let parse = |place: &str| place.parse().with_context(|| format!("the address of {name} is not usable"));
    endpoints.get(name).map(parse).transpose()
}

/// Returns the URL of `name`, or an error that says that this Tidewatch doesn't have it.
pub(crate) fn required(endpoints: &Endpoints, name: &str) -> anyhow::Result<HttpUrl> {
    url(endpoints, name)?.ok_or_else(|| anyhow!("the running tidewatch has no {name}"))
}

/// Returns an address that is safe to show: a URL without the user name and password that it may contain.
pub(crate) fn shown(place: &str) -> String {
    place.parse::<HttpUrl>().map_or_else(|_| place.to_owned(), |url| url.without_credentials())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_name_and_password() {
        assert_eq!(shown("http://me:secret@h:9090/under?a=b"), "http://h:9090/under");
        for plain in ["http://h:9090", "kafka-1:9092", "in-process", ""] {
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

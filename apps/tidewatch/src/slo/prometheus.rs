//! Queries Prometheus.

use std::collections::BTreeMap;

use anyhow::{Context, anyhow, bail};
use reqwest::{Client, Url};
use serde::Deserialize;

use crate::http;

/// A Prometheus server.
pub(super) struct Prometheus {
    client: Client,
    url: String,
    /// The URL to show to people.
    shown: String,
}

/// Parses the URL of a flag.
pub(super) fn url(text: &str) -> Result<String, String> {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(text.trim_end_matches('/').to_owned()),
        _ => Err("expected a URL such as http://127.0.0.1:9090".to_owned()),
    }
}

/// The current value of a series.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sample {
    pub(super) labels: BTreeMap<String, String>,
    pub(super) value: f64,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    data: Option<Data>,
}

#[derive(Deserialize)]
struct Data {
    result: Vec<Series>,
}

#[derive(Deserialize)]
struct Series {
    metric: BTreeMap<String, String>,
    value: (f64, String),
}

impl Prometheus {
    pub(super) fn new(url: &str) -> anyhow::Result<Self> {
        Ok(Self { client: http::client()?, url: url.to_owned(), shown: http::shown(url) })
    }

    /// Returns the current instant vector of `expression`.
    pub(super) async fn query(&self, expression: &str) -> anyhow::Result<Vec<Sample>> {
        let request = self.client.get(format!("{}/api/v1/query", self.url)).query(&[("query", expression)]);
        let response = request.send().await.map_err(|error| {
            let reason = if error.is_timeout() { "no answer within 5 s" } else { "can't connect" };
            anyhow!(
                "Prometheus at {} does not answer ({reason}): start it, or name another with --prometheus",
                self.shown
            )
        })?;
        let status = response.status();
        let answer: Answer = response.json().await.map_err(|_| {
            anyhow!("{} answers {status}, and not as Prometheus does: name another with --prometheus", self.shown)
        })?;
        let Some(data) = answer.data else {
            let reason = answer.error.unwrap_or_else(|| status.to_string());
            bail!("Prometheus at {} refuses `{expression}`: {reason}", self.shown);
        };
        data.result
            .into_iter()
            .map(|Series { metric, value: (_, value) }| {
                let value = value.parse().with_context(|| format!("Prometheus answers the value `{value}`"))?;
                Ok(Sample { labels: metric, value })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_is_no_url_is_refused() {
        assert_eq!(url("http://h:9090/"), Ok("http://h:9090".to_owned()));
        for bad in ["", "localhost:9090", "127.0.0.1:9090", "ftp://h", "not a url"] {
            assert!(url(bad).is_err_and(|error| error.contains("http://")), "{bad}");
        }
    }
}

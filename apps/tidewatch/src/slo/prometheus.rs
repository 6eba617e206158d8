//! Asks Prometheus.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use reqwest::Client;
use serde::Deserialize;

use crate::http;

/// A Prometheus server.
pub(super) struct Prometheus {
    client: Client,
    url: String,
}

/// A series' value now.
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
        Ok(Self { client: http::client()?, url: url.trim_end_matches('/').to_owned() })
    }

    /// The instant vector that `expression` is now.
    pub(super) async fn query(&self, expression: &str) -> anyhow::Result<Vec<Sample>> {
        let request = self.client.get(format!("{}/api/v1/query", self.url)).query(&[("query", expression)]);
        let response = http::send("Prometheus", request).await?;
        let status = response.status();
        let answer: Answer =
            response.json().await.with_context(|| format!("{} answers {status}, which is no Prometheus", self.url))?;
        let Some(data) = answer.data else {
            bail!("Prometheus at {} refuses `{expression}`: {}", self.url, answer.error.unwrap_or_default());
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

//! Alertmanager's API v2: what it was told, to whom it sends it, and telling it something.

use std::collections::BTreeMap;

use anyhow::anyhow;
use jiff::Timestamp;
use reqwest::Client;
use serde::{Deserialize, Serialize};

use crate::http;

const NAME: &str = "Alertmanager";

/// A client of it.
#[derive(Debug, Clone)]
pub(super) struct Alertmanager {
    client: Client,
    url: String,
}

/// An alert that it knows.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Alert {
    pub(super) labels: BTreeMap<String, String>,
    /// Whom its route leads to.
    pub(super) receivers: Vec<Receiver>,
}

/// Somebody who is told.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Receiver {
    pub(super) name: String,
}

/// An alert to be told.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Posted {
    pub(super) labels: BTreeMap<String, String>,
    pub(super) annotations: BTreeMap<String, String>,
    pub(super) starts_at: Timestamp,
    pub(super) ends_at: Timestamp,
}

impl Alertmanager {
    /// The one at this URL.
    pub(super) fn new(client: Client, url: impl Into<String>) -> Self {
        Self { client, url: url.into() }
    }

    /// Where it is.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// A command that shows what this path answers.
    pub(super) fn curl(&self, path: &str) -> String {
        format!("curl -s '{}{path}'", http::shown(&self.url))
    }

    /// Alerts that fire, silenced and inhibited ones too.
    pub(super) async fn alerts(&self) -> anyhow::Result<Vec<Alert>> {
        http::get(&self.client, NAME, &format!("{}/api/v2/alerts", self.url)).await
    }

    /// Tells it of an alert.
    pub(super) async fn post(&self, alert: &Posted) -> anyhow::Result<()> {
        let url = format!("{}/api/v2/alerts", self.url);
        let response = http::send(NAME, self.client.post(&url).json(&[alert])).await?;
        match response.status() {
            status if status.is_success() => Ok(()),
            status => Err(anyhow!(
                "the {NAME} at {url} answers {status}: {}",
                response.text().await.unwrap_or_default().trim()
            )),
        }
    }
}

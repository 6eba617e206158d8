//! Alertmanager's API v2: the alerts it received, the receivers it sends them to, and posting an alert.

use std::collections::BTreeMap;

use anyhow::anyhow;
use jiff::Timestamp;
use reqwest::Client;
use serde::{Deserialize, Serialize};

use crate::http;

const NAME: &str = "Alertmanager";

/// A client of Alertmanager.
#[derive(Debug, Clone)]
pub(super) struct Alertmanager {
    client: Client,
    url: String,
}

/// An alert that Alertmanager has.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Alert {
    pub(super) labels: BTreeMap<String, String>,
    /// The receivers that its route leads to.
    pub(super) receivers: Vec<Receiver>,
}

/// A receiver of notifications.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Receiver {
    pub(super) name: String,
}

/// An alert to post.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Posted {
    pub(super) labels: BTreeMap<String, String>,
    pub(super) annotations: BTreeMap<String, String>,
    pub(super) starts_at: Timestamp,
    pub(super) ends_at: Timestamp,
}

impl Alertmanager {
    /// Returns a client of the Alertmanager at this URL.
    pub(super) fn new(client: Client, url: impl Into<String>) -> Self {
        Self { client, url: url.into() }
    }

    /// Returns its URL.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Returns a command that shows the response of this path.
    pub(super) fn curl(&self, path: &str) -> String {
        format!("curl -s '{}{path}'", http::shown(&self.url))
    }

    /// Returns the firing alerts, including silenced and inhibited ones.
    pub(super) async fn alerts(&self) -> anyhow::Result<Vec<Alert>> {
        http::get(&self.client, NAME, &format!("{}/api/v2/alerts", self.url)).await
    }

    /// Posts an alert.
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

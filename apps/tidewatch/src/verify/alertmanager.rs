//! Alertmanager's API v2: the alerts it received, the receivers it sends them to, and posting an alert.

use anyhow::anyhow;
use reqwest::Client;
use tidewatch_contract::http::alertmanager::{ALERTS, GettableAlert, PostableAlert};

use crate::http;

const NAME: &str = "Alertmanager";

/// A client of Alertmanager.
#[derive(Debug, Clone)]
pub(super) struct Alertmanager {
    client: Client,
    url: String,
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
    pub(super) async fn alerts(&self) -> anyhow::Result<Vec<GettableAlert>> {
        http::get(&self.client, NAME, &format!("{}{ALERTS}", self.url)).await
    }

    /// Posts an alert.
    pub(super) async fn post(&self, alert: &PostableAlert) -> anyhow::Result<()> {
        let url = format!("{}{ALERTS}", self.url);
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

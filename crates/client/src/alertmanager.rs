//! Alertmanager's API v2.

use std::time::Duration;

use reqwest::Method;
use tidewatch_contract::http::alertmanager::{ALERTS, GettableAlert, PostableAlert};

use crate::{Client, Error, HttpUrl};

/// A client of Alertmanager.
#[derive(Debug, Clone)]
pub struct Alertmanager(Client);

impl Alertmanager {
    /// Returns a client of the Alertmanager at this address, see [`Client::new`].
    pub fn new(base: HttpUrl, limit: Duration) -> Result<Self, Error> {
        Client::new("Alertmanager", base, limit).map(Self)
    }

    /// Returns its address.
    pub fn base(&self) -> &HttpUrl {
        self.0.base()
    }

    /// Returns the firing alerts, including silenced and inhibited ones.
    pub async fn alerts(&self) -> Result<Vec<GettableAlert>, Error> {
        self.0.get(ALERTS).await
    }

    /// Posts alerts.
    pub async fn post(&self, alerts: &[PostableAlert]) -> Result<(), Error> {
        let url = self.0.base().join(ALERTS);
        self.0.send(Method::POST, &url, |post| post.json(alerts)).await?.accepted().await.map(drop)
    }
}

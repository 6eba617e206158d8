//! A webhook that takes notifications in Alertmanager's format.

use std::time::Duration;

use reqwest::Method;
use tidewatch_contract::http::alertmanager;

use crate::{Client, Error, HttpUrl};

/// A client of a webhook.
#[derive(Debug, Clone)]
pub struct Webhook(Client);

impl Webhook {
    /// Returns a client of the webhook at exactly this address, see [`Client::new`].
    pub fn new(url: HttpUrl, limit: Duration) -> Result<Self, Error> {
        Client::new("webhook", url, limit).map(Self)
    }

    /// Returns its address.
    pub fn base(&self) -> &HttpUrl {
        self.0.base()
    }

    /// Posts alerts.
    pub async fn post(&self, body: &alertmanager::Webhook) -> Result<(), Error> {
        self.0.send(Method::POST, self.0.base(), |post| post.json(body)).await?.accepted().await.map(drop)
    }
}

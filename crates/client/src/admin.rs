//! The admin listener that every service has.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use tidewatch_contract::http::admin::{METRICS, READY, Readiness};

use crate::{Client, Error, HttpUrl};

/// A client of a service's admin listener.
#[derive(Debug, Clone)]
pub struct Admin(Client);

impl Admin {
    /// Returns a client of the admin listener of `service` at this address, see [`Client::new`].
    pub fn new(service: &str, base: HttpUrl, limit: Duration) -> Result<Self, Error> {
        Client::new(service, base, limit).map(Self)
    }

    /// Returns whether the service is ready, and the reasons if it isn't.
    pub async fn readiness(&self) -> Result<Readiness, Error> {
        let answer = self.0.send(Method::GET, &self.0.base().join(READY), |request| request).await?;
        // A service that isn't ready answers with this status and its reasons.
        let answer =
            if answer.status() == StatusCode::SERVICE_UNAVAILABLE { answer } else { answer.accepted().await? };
        answer.json().await
    }

    /// Returns the service's metrics in Prometheus's text format.
    pub async fn metrics(&self) -> Result<String, Error> {
        let answer = self.0.send(Method::GET, &self.0.base().join(METRICS), |request| request).await?;
        answer.accepted().await?.text().await
    }
}

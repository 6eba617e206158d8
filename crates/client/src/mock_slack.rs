//! mock-slack.

use std::time::Duration;

use tidewatch_contract::http::mock_slack::{ALERTS, Notification};
use tidewatch_platform::MOCK_SLACK;

use crate::{Client, Error, HttpUrl};

/// A client of mock-slack.
#[derive(Debug, Clone)]
pub struct MockSlack(Client);

impl MockSlack {
    /// Returns a client of the mock-slack at this address, see [`Client::new`].
    pub fn new(base: HttpUrl, limit: Duration) -> Result<Self, Error> {
        Client::new(MOCK_SLACK.name, base, limit).map(Self)
    }

    /// Returns all notifications that it keeps, newest first.
    pub async fn notifications(&self) -> Result<Vec<Notification>, Error> {
        self.0.get(ALERTS).await
    }

    /// Returns its newest notifications, at most this many, newest first.
    pub async fn newest(&self, count: usize) -> Result<Vec<Notification>, Error> {
        self.0.query(ALERTS, &[("limit", &count.to_string())]).await
    }
}

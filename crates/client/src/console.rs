//! The console.

use std::time::Duration;

use serde_json::Value;
use tidewatch_contract::http::console::{STATUS, Status};
use tidewatch_platform::CONSOLE;

use crate::{Client, Error, HttpUrl};

/// A client of the console.
#[derive(Debug, Clone)]
pub struct Console(Client);

impl Console {
    /// Returns a client of the console at this address, see [`Client::new`].
    pub fn new(base: HttpUrl, limit: Duration) -> Result<Self, Error> {
        Client::new(CONSOLE.name, base, limit).map(Self)
    }

    /// Returns the figures of its page.
    pub async fn status(&self) -> Result<Status, Error> {
        self.0.get(STATUS).await
    }

    /// Returns the figures of its page as JSON, including fields that are missing in [`Status`].
    pub async fn status_json(&self) -> Result<Value, Error> {
        self.0.get(STATUS).await
    }
}

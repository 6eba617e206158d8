//! The console.

use std::time::Duration;

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
}

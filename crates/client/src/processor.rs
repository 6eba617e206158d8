//! The stream-processor.

use std::time::Duration;

use tidewatch_contract::http::processor::{STATUS, Status};
use tidewatch_platform::STREAM_PROCESSOR;

use crate::{Client, Error, HttpUrl};

/// A client of the stream-processor's admin listener.
#[derive(Debug, Clone)]
pub struct Processor(Client);

impl Processor {
    /// Returns a client of the stream-processor at this address, see [`Client::new`].
    pub fn new(base: HttpUrl, limit: Duration) -> Result<Self, Error> {
        Client::new(STREAM_PROCESSOR.name, base, limit).map(Self)
    }

    /// Returns its partitions and groups.
    pub async fn status(&self) -> Result<Status, Error> {
        self.0.get(STATUS).await
    }
}

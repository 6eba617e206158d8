//! The user-service.

use std::time::Duration;

use tidewatch_contract::http::users::{INTERNAL_USER, User};
use tidewatch_platform::USER_SERVICE;

use crate::{Client, Error, HttpUrl};

/// A client of the user-service.
#[derive(Debug, Clone)]
pub struct UserService(Client);

impl UserService {
    /// Returns a client of the user-service at this address, see [`Client::new`].
    pub fn new(base: HttpUrl, limit: Duration) -> Result<Self, Error> {
        Client::new(USER_SERVICE.name, base, limit).map(Self)
    }

    /// Returns the user with this number.
    pub async fn user(&self, id: u64) -> Result<User, Error> {
        self.0.get(&INTERNAL_USER.replace("{id}", &id.to_string())).await
    }
}

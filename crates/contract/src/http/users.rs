//! The API of the api-gateway and of the user-service behind it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The gateway's route of one [`User`].
pub const USER: &str = "/user/{id}";
/// The user-service's route of one [`User`].
pub const INTERNAL_USER: &str = "/internal/user/{id}";

/// One user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct User {
    /// Number of the user.
    pub id: u64,
    /// Name of the user.
    pub name: String,
}

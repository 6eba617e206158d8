//! The api-gateway in front of a user-service that a test controls.
#![allow(clippy::unwrap_used, missing_docs)]

mod events;
mod faults;
mod limits;
mod upstream;
mod users;

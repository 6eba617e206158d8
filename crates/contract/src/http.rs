//! The HTTP responses of the services, one module per service. The server writes and every client reads the same types.
//!
//! A client may be older or newer than the server: unknown fields are ignored, and fields added later have defaults.

pub mod mock_slack;
pub mod processor;
pub mod simulator;

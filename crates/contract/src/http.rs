//! The types that Tidewatch's programs exchange over HTTP, one module per service, and Alertmanager's formats. The
//! server writes and every client reads the same types.
//!
//! A client may be older or newer than the server: unknown fields are ignored, and fields added later have defaults.

pub mod admin;
pub mod alertmanager;
pub mod console;
pub mod correlation;
pub mod mock_slack;
pub mod problem;
pub mod processor;
pub mod simulator;
pub mod users;

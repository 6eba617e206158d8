//! The HTTP client of Tidewatch's programs.
//!
//! [`Client`] sends requests to one peer. It connects only to the address that it is given: it follows no redirects,
//! since a redirected POST can be lost and still be answered with 200, and it ignores the proxies of the environment,
//! which were set for other programs. Time and size of an answer are limited. There is one typed client per peer, such
//! as [`Processor`]; it sends and reads the types of `tidewatch_contract`.
//!
//! A request that is sent while another one is answered continues its trace, and carries its correlation id.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod admin;
mod alertmanager;
mod answer;
mod client;
mod console;
mod correlation;
mod error;
mod http_url;
mod mock_slack;
mod processor;
pub mod prometheus;
mod simulator;
mod trace;
mod user_service;
mod webhook;

pub use admin::Admin;
pub use alertmanager::Alertmanager;
pub use answer::LONGEST_ANSWER;
pub use client::Client;
pub use console::Console;
pub use correlation::correlated;
pub use error::{Error, Reason};
pub use http_url::{HttpUrl, HttpUrlError};
pub use mock_slack::MockSlack;
pub use processor::Processor;
pub use prometheus::Prometheus;
pub use reqwest::StatusCode;
pub use simulator::Simulator;
pub use user_service::UserService;
pub use webhook::Webhook;

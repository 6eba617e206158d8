//! A stand-in for a chat: receives Alertmanager and Slack webhooks and shows their notifications.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod alertmanager;
mod history;
mod journal;
mod metrics;
mod notification;
mod page;
mod routes;
mod service;
mod slack;
mod text;

pub use service::{Config, MockSlack};

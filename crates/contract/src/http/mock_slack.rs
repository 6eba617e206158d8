//! `GET /api/alerts` of mock-slack: the notifications that it received, newest first.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The path of the list of [`Notification`]s.
pub const ALERTS: &str = "/api/alerts";

/// One notification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    /// The status that it reports.
    pub status: NotificationStatus,
    /// The alert's labels.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// The alert's annotations; a Slack message's text is its `summary`.
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
    /// When the alert began; `None` for a Slack message.
    pub starts_at: Option<Timestamp>,
    /// When the alert ended; only for a resolved alert.
    pub ends_at: Option<Timestamp>,
    /// When it was received, by mock-slack's clock.
    pub received_at: Timestamp,
    /// The sender's name for the alert; a Slack message has none.
    pub fingerprint: Option<String>,
}

impl Notification {
    /// Returns a label's value, or an empty string if the label is absent.
    pub fn label(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", String::as_str)
    }
}

/// The status that a notification reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NotificationStatus {
    /// An alert began.
    Firing,
    /// An alert ended.
    Resolved,
    /// Another message, posted to the Slack webhook.
    Message,
    /// A status added in a later version.
    #[serde(other)]
    Unknown,
}

impl NotificationStatus {
    /// Returns the status as JSON spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Resolved => "resolved",
            Self::Message => "message",
            Self::Unknown => "unknown",
        }
    }
}

//! What was received, in one form for both kinds of webhook.
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a notification says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// An alert began.
    Firing,
    /// It is over.
    Resolved,
    /// Something else that was posted to the Slack webhook.
    Message,
}

impl Status {
    /// The status as JSON spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Resolved => "resolved",
            Self::Message => "message",
        }
    }
}

/// One notification, as `GET /api/alerts` lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    /// What it says.
    pub status: Status,
    /// The alert's labels.
    pub labels: BTreeMap<String, String>,
    /// The alert's annotations; a Slack message's text is its `summary`.
    pub annotations: BTreeMap<String, String>,
    /// When the alert began; unknown of a Slack message.
    pub starts_at: Option<Timestamp>,
    /// When the alert ended; of a resolved one only.
    pub ends_at: Option<Timestamp>,
    /// When it was received, by this machine's clock.
    pub received_at: Timestamp,
    /// The sender's name for the alert; a Slack message has none.
    pub fingerprint: Option<String>,
}

/// What makes two notifications the same one: fingerprint, start and status.
pub(crate) type Identity = (String, Option<Timestamp>, Status);

impl Notification {
    /// None for a Slack message, which is told as often as it is posted.
    pub(crate) fn identity(&self) -> Option<Identity> {
        Some((self.fingerprint.clone()?, self.starts_at, self.status))
    }
}

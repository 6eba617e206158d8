//! What was received, in one form for both kinds of webhook.
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
};

use crate::text::clip;

/// The longest text that is kept, in bytes.
const TEXT: usize = 4 * 1024;
/// The longest name of a label or annotation, and the longest fingerprint.
const NAME: usize = 256;
/// Names and texts of one notification's labels, and of its annotations, in bytes.
const TEXTS: usize = 32 * 1024;

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

    /// Cuts its texts to what somebody may read, so that no sender fills the history with a few of them. Labels and
    /// annotations beyond that are left out.
    pub(crate) fn clip(&mut self) {
        for texts in [&mut self.labels, &mut self.annotations] {
            let mut left = TEXTS;
            *texts = std::mem::take(texts)
                .into_iter()
                .map_while(|(mut name, mut text)| {
                    clip(&mut name, NAME);
                    clip(&mut text, TEXT);
                    left = left.checked_sub(name.len() + text.len())?;
                    Some((name, text))
                })
                .collect();
        }
        if let Some(long) = self.fingerprint.as_mut().filter(|fingerprint| fingerprint.len() > NAME) {
            // Cut off, two alerts might become one.
            let mut hasher = DefaultHasher::new();
            long.hash(&mut hasher);
            *long = format!("{:016x}", hasher.finish());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notification_keeps_a_bounded_part_of_what_was_sent() {
        let texts = |count: usize, text: &str| -> BTreeMap<String, String> {
            (0..count).map(|number| (format!("{number:04}"), text.to_owned())).collect()
        };
        let mut notification = Notification {
            status: Status::Firing,
            labels: texts(10_000, "a value"),
            annotations: texts(1, &"日".repeat(1_000_000)),
            starts_at: None,
            ends_at: None,
            received_at: Timestamp::UNIX_EPOCH,
            fingerprint: Some("x".repeat(1_000_000)),
        };
        let other = Notification { fingerprint: Some("x".repeat(1_000_001)), ..notification.clone() };
        let [mut same, mut other] = [notification.clone(), other];
        for notification in [&mut notification, &mut same, &mut other] {
            notification.clip();
        }
        assert!(notification.labels.len() > 1_000, "{}", notification.labels.len());
        assert!(serde_json::to_vec(&notification).unwrap().len() < 2 * 2 * TEXTS);
        assert!(notification.annotations["0000"].ends_with("日…"));
        assert_eq!(notification.identity(), same.identity());
        assert_ne!(notification.identity(), other.identity());
    }
}

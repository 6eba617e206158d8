//! Received notifications, in one form for both kinds of webhook.
use jiff::Timestamp;
use std::hash::{DefaultHasher, Hash, Hasher};
pub(crate) use tidewatch_contract::http::mock_slack::{Notification, NotificationStatus as Status};

use crate::text::clip;

/// Maximum length of the value of a label or annotation, in bytes.
const TEXT: usize = 4 * 1024;
/// Maximum length of the name of a label or annotation, and of a fingerprint, in bytes.
const NAME: usize = 256;
/// Maximum total size of a notification's label names and values, in bytes; the same applies to its annotations.
const TEXTS: usize = 32 * 1024;

/// The fields that identify a notification: fingerprint, start and status.
pub(crate) type Identity = (String, Option<Timestamp>, Status);

/// Returns the identity of a notification, or `None` for a Slack message, which counts each time it is posted.
pub(crate) fn identity(notification: &Notification) -> Option<Identity> {
    Some((notification.fingerprint.clone()?, notification.starts_at, notification.status))
}

/// Truncates texts to a readable length, so that no sender can fill the history with a few notifications. Labels and
/// annotations beyond `TEXTS` are dropped.
pub(crate) fn clip_texts(notification: &mut Notification) {
    for texts in [&mut notification.labels, &mut notification.annotations] {
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
    if let Some(long) = notification.fingerprint.as_mut().filter(|fingerprint| fingerprint.len() > NAME) {
        // Hash the fingerprint instead of truncating it, which could merge two alerts into one.
        let mut hasher = DefaultHasher::new();
        long.hash(&mut hasher);
        *long = format!("{:016x}", hasher.finish());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn a_notification_keeps_a_bounded_part_of_its_request() {
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
            clip_texts(notification);
        }
        assert!(notification.labels.len() > 1_000, "{}", notification.labels.len());
        assert!(serde_json::to_vec(&notification).unwrap().len() < 2 * 2 * TEXTS);
        assert!(notification.annotations["0000"].ends_with("日…"));
        assert_eq!(identity(&notification), identity(&same));
        assert_ne!(identity(&notification), identity(&other));
    }
}

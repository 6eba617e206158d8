//! Reads what is posted to a Slack incoming webhook: text and attachments.
use crate::notification::{Notification, Status};
use jiff::Timestamp;
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    text: String,
    channel: Option<String>,
    username: Option<String>,
    #[serde(default)]
    attachments: Vec<Attachment>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Attachment {
    title: String,
    text: String,
    fallback: String,
    fields: Vec<Field>,
}

#[derive(Deserialize)]
struct Field {
    #[serde(default)]
    title: String,
    #[serde(default)]
    value: String,
}

/// The notification in a message's body, or Slack's own word for what is wrong with it.
pub(crate) fn parse(body: &[u8], received_at: Timestamp) -> Result<Notification, &'static str> {
    let message: Message = serde_json::from_slice(body).map_err(|_| "invalid_payload")?;
    let mut lines = vec![message.text];
    for attachment in message.attachments {
        let bare = attachment.title.is_empty() && attachment.text.is_empty();
        lines.extend([attachment.title, attachment.text]);
        lines.extend(attachment.fields.into_iter().map(|field| format!("{}: {}", field.title, field.value)));
        // What Slack shows where it can't show the attachment itself.
        lines.extend(bare.then_some(attachment.fallback));
    }
    lines.retain(|line| !line.trim().is_empty());
    if lines.is_empty() {
        return Err("no_text");
    }
    let named = [("channel", message.channel), ("username", message.username)];
    Ok(Notification {
        status: status(&lines),
        labels: named.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect(),
        annotations: BTreeMap::from([("summary".to_owned(), lines.join("\n"))]),
        starts_at: None,
        ends_at: None,
        received_at,
        fingerprint: None,
    })
}

/// Alertmanager's Slack messages begin with `[FIRING:n]` or `[RESOLVED]`.
fn status(lines: &[String]) -> Status {
    let begins = |mark: &str| lines.iter().any(|line| line.starts_with(mark));
    if begins("[FIRING") {
        Status::Firing
    } else if begins("[RESOLVED") {
        Status::Resolved
    } else {
        Status::Message
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(body: &str) -> (Status, String) {
        let notification = parse(body.as_bytes(), Timestamp::UNIX_EPOCH).unwrap();
        (notification.status, notification.annotations["summary"].clone())
    }

    #[test]
    fn text_and_attachments_are_put_together() {
        assert_eq!(summary(r#"{"text":"deployed"}"#), (Status::Message, "deployed".into()));
        let body = r##"{"channel":"#ops","attachments":[{"title":"[FIRING:1] Down","text":"since noon","fallback":"unused",
            "fields":[{"title":"service","value":"auth"}]},{"fallback":"only this"}]}"##;
        assert_eq!(summary(body), (Status::Firing, "[FIRING:1] Down\nsince noon\nservice: auth\nonly this".into()));
        assert_eq!(summary(r#"{"attachments":[{"title":"[RESOLVED] Down"}]}"#).0, Status::Resolved);
    }

    #[test]
    fn what_slack_refuses_is_refused_in_its_words() {
        for (body, word) in [("text", "invalid_payload"), ("{}", "no_text"), (r#"{"text":" "}"#, "no_text")] {
            assert_eq!(parse(body.as_bytes(), Timestamp::UNIX_EPOCH).unwrap_err(), word);
        }
    }
}

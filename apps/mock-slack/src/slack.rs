//! A parser for messages posted to a Slack incoming webhook: text, blocks and attachments, as JSON or form data.
use crate::notification::{Notification, Status};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use std::{borrow::Cow, collections::BTreeMap};
use tidewatch_contract::lenient::{Text, or_empty};

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Message {
    text: Text,
    channel: Text,
    username: Text,
    #[serde(deserialize_with = "or_empty")]
    blocks: Vec<Value>,
    #[serde(deserialize_with = "or_empty")]
    attachments: Vec<Attachment>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Attachment {
    pretext: Text,
    title: Text,
    text: Text,
    fallback: Text,
    #[serde(deserialize_with = "or_empty")]
    fields: Vec<Field>,
    #[serde(deserialize_with = "or_empty")]
    blocks: Vec<Value>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Field {
    title: Text,
    value: Text,
}

/// Returns the notification in a message's body, or Slack's error code for an invalid message.
pub(crate) fn parse(body: &[u8], received_at: Timestamp) -> Result<Notification, &'static str> {
    let payload = payload(body);
    if !payload.trim_ascii_start().starts_with(b"{") {
        // Serde would read a list as the message's fields in order.
        return Err("invalid_payload");
    }
    let message: Message = serde_json::from_slice(&payload).map_err(|_| "invalid_payload")?;
    // Slack also shows blocks without any text, such as an image.
    let empty = message.blocks.is_empty() && message.attachments.iter().all(|attachment| attachment.blocks.is_empty());
    let mut lines = vec![message.text.0];
    lines.extend(message.blocks.iter().flat_map(texts));
    for attachment in message.attachments {
        let Attachment { pretext, title, text, fallback, fields, blocks } = attachment;
        let before = lines.len();
        lines.extend([pretext.0, title.0, text.0]);
        lines.extend(blocks.iter().flat_map(texts));
        let bare = lines[before..].iter().all(|line| line.trim().is_empty());
        lines.extend(fields.into_iter().map(|field| format!("{}: {}", field.title.0, field.value.0)));
        // Slack shows the fallback where it can't show the attachment itself.
        lines.extend(bare.then_some(fallback.0));
    }
    lines.retain(|line| !line.trim().is_empty());
    // Senders repeat the blocks' text for clients that can't show blocks.
    lines.dedup();
    if lines.is_empty() && empty {
        return Err("no_text");
    }
    let named = [("channel", message.channel.0), ("username", message.username.0)];
    Ok(Notification {
        status: status(&lines),
        labels: named
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
        annotations: BTreeMap::from([("summary".to_owned(), lines.join("\n"))]),
        starts_at: None,
        ends_at: None,
        received_at,
        fingerprint: None,
    })
}

/// Returns the JSON in a body: the whole body, or the form field `payload`.
fn payload(body: &[u8]) -> Cow<'_, [u8]> {
    let form = || form_urlencoded::parse(body).find(|(name, _)| name == "payload");
    match body.trim_ascii_start().first() {
        Some(b'{') | None => Cow::Borrowed(body),
        Some(_) => form().map_or(Cow::Borrowed(body), |(_, value)| Cow::Owned(value.into_owned().into_bytes())),
    }
}

/// Returns every text inside a block: its own first, then those of its fields, elements and so on.
fn texts(block: &Value) -> Vec<String> {
    match block {
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(members) => {
            let (own, inner): (Vec<_>, Vec<_>) = members.iter().partition(|(name, _)| *name == "text");
            own.into_iter().chain(inner).flat_map(|(name, value)| match value {
                Value::String(text) if name == "text" || name == "alt_text" => vec![text.clone()],
                value => texts(value),
            })
        }
        .collect(),
        _ => Vec::new(),
    }
}

/// Returns the status from the prefix of Alertmanager's Slack messages, `[FIRING:n]` or `[RESOLVED]`.
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

    fn message(text: &str) -> (Status, String) {
        (Status::Message, text.to_owned())
    }

    #[test]
    fn text_and_attachments_are_put_together() {
        assert_eq!(summary(r#"{"text":"deployed"}"#), message("deployed"));
        let body = r##"{"channel":"#ops","attachments":[
            {"title":"[FIRING:1] Down","text":"since noon","fallback":"unused",
                "fields":[{"title":"service","value":"auth"}]},{"fallback":"only this"}]}"##;
        assert_eq!(summary(body), (Status::Firing, "[FIRING:1] Down\nsince noon\nservice: auth\nonly this".into()));
        assert_eq!(summary(r#"{"attachments":[{"title":"[RESOLVED] Down"}]}"#).0, Status::Resolved);
        assert_eq!(
            summary(r#"{"attachments":[{"pretext":"[FIRING:2] disk","title":null}]}"#),
            (Status::Firing, "[FIRING:2] disk".into())
        );
    }

    #[test]
    fn each_text_of_a_block_appears_once() {
        let blocks = r#"[{"type":"header","text":{"type":"plain_text","text":"Deployed"}},{"type":"divider"},
            {"type":"section","fields":[{"type":"mrkdwn","text":"*by* hand"}]},
            {"type":"context","elements":[
                {"type":"image","image_url":"https://example.org/a.png","alt_text":"a graph"}]},
            {"type":"rich_text","elements":[
                {"type":"rich_text_section","elements":[{"type":"text","text":"all well"}]}]}]"#;
        let told = message("Deployed\n*by* hand\na graph\nall well");
        assert_eq!(summary(&format!(r#"{{"blocks":{blocks}}}"#)), told);
        assert_eq!(summary(&format!(r#"{{"attachments":[{{"color":"good","blocks":{blocks}}}]}}"#)), told);
        assert_eq!(summary(&format!(r#"{{"text":"Deployed","blocks":{blocks}}}"#)), told);
        assert_eq!(summary(r#"{"blocks":[{"type":"divider"}]}"#), message(""));
    }

    #[test]
    fn a_form_is_read_whether_its_payload_is_encoded_or_not() {
        assert_eq!(summary(r#"payload={"text":"Text."}"#), message("Text."));
        assert_eq!(summary("channel=%23ops&payload=%7B%22text%22%3A%22a+%26+b%22%7D"), message("a & b"));
    }

    #[test]
    fn numbers_and_nulls_are_accepted_as_text() {
        let body =
            r#"{"attachments":[{"title":"Load","fields":[{"title":"High","value":100},{"title":null,"value":true}]}]}"#;
        assert_eq!(summary(body), message("Load\nHigh: 100\n: true"));
        let body = concat!(
            r#"{"text":null,"username":null,"blocks":null,"attachments":[{"title":"[FIRING:1] X","text":null,"#,
            r#""fields":null}]}"#
        );
        assert_eq!(summary(body), (Status::Firing, "[FIRING:1] X".into()));
    }

    #[test]
    fn requests_that_slack_rejects_are_rejected_with_slacks_error() {
        for (body, word) in [
            ("text", "invalid_payload"),
            ("payload=text", "invalid_payload"),
            ("[]", "invalid_payload"),
            (r#"{"text":{"a":1}}"#, "invalid_payload"),
            ("{}", "no_text"),
            (r#"{"text":" "}"#, "no_text"),
            (r#"{"text":null,"attachments":null}"#, "no_text"),
        ] {
            assert_eq!(parse(body.as_bytes(), Timestamp::UNIX_EPOCH).unwrap_err(), word, "{body}");
        }
    }
}

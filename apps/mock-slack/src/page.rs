//! The page: received notifications, newest first. It works without JavaScript and loads nothing.
use crate::notification::{Notification, Status};
use jiff::Timestamp;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use std::collections::HashSet;
use tidewatch_platform::MOCK_SLACK_WEBHOOK;

/// The Content Security Policy: the browser must not load anything from outside the page.
pub(crate) const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/// Maximum number of notifications on the page; the API lists all of them.
const SHOWN: usize = 200;
const STYLE: &str = include_str!("page.css");

/// Renders the page from notifications, newest first.
pub(crate) fn render(notifications: &[Notification]) -> Markup {
    let firing = firing_now(notifications);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="refresh" content="5";
                title { @if firing > 0 { "(" (firing) ") " } "mock-slack" }
                // Browsers request /favicon.ico if no icon is given.
                link rel="icon" href="data:,";
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { "mock-slack" }
                    p.now role="status" {
                        @if firing == 0 { "Nothing is firing" } @else { (firing) " firing now" }
                    }
                }
                main {
                    @if notifications.is_empty() {
                        p { "Nothing received yet." }
                        p.quiet {
                            "Alertmanager's webhooks go to " code { (MOCK_SLACK_WEBHOOK) }
                            ", Slack's to " code { "/slack/webhook" } "."
                        }
                    }
                    ol aria-label="Notifications, newest first" {
                        @for (notification, last) in marked_last(notifications).take(SHOWN) {
                            (entry(notification, last))
                        }
                    }
                    @if notifications.len() > SHOWN {
                        p.quiet {
                            "The newest " (SHOWN) " of " (notifications.len()) " are shown; "
                            a href="/api/alerts" { "all of them as JSON" } "."
                        }
                    }
                }
            }
        }
    }
}

/// Renders one notification; `last` is set if nothing newer was received for the same alert.
fn entry(notification: &Notification, last: bool) -> Markup {
    let Notification { status, labels, annotations, .. } = notification;
    let label = |name: &str| labels.get(name).map(String::as_str);
    let shown_above = ["alertname", "source", "path"];
    html! {
        li class={ (status.as_str()) @if !last { " past" } } {
            div.head {
                span.badge { (mark(*status)) " " (status.as_str()) }
                @if let Some(name) = label("alertname") { h2 { (name) } }
                (time(notification.received_at))
            }
            @if let Some(summary) = annotations.get("summary") { p.text { (summary) } }
            dl {
                @for (name, value) in labels.iter().filter(|(name, _)| !shown_above.contains(&name.as_str())) {
                    div { dt { (name) } dd { (value) } }
                }
                @for name in ["value", "threshold"] {
                    @if let Some(value) = annotations.get(name) { div { dt { (name) } dd { (value) } } }
                }
                @if let Some(start) = notification.starts_at { div { dt { "since" } dd { (time(start)) } } }
                @if let (Some(start), Some(end)) = (notification.starts_at, notification.ends_at) {
                    div { dt { "lasted" } dd { (lasted(start, end)) } }
                }
            }
            // Anyone who can post here controls this text, so only web addresses become links.
            @let is_web = |url: &&String| url.starts_with("http://") || url.starts_with("https://");
            @if let Some(url) = annotations.get("runbook_url").filter(is_web) {
                p.quiet {
                    a href=(url) rel="noreferrer" {
                        "Runbook" @if let Some(name) = label("alertname") { " for " bdi { (name) } }
                    }
                }
            }
        }
    }
}

/// Returns a shape that repeats the status, for people who can't tell the colours apart.
fn mark(status: Status) -> &'static str {
    match status {
        Status::Firing => "▲",
        Status::Resolved => "✓",
        Status::Message | Status::Unknown => "●",
    }
}

fn time(at: Timestamp) -> Markup {
    html! { time datetime=(at) { (at.strftime("%Y-%m-%d %H:%M:%S UTC")) } }
}

fn lasted(start: Timestamp, end: Timestamp) -> String {
    let seconds = end.duration_since(start).as_secs().max(0);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

/// Counts the alerts that are firing according to their latest notification.
fn firing_now(newest_first: &[Notification]) -> usize {
    marked_last(newest_first)
        .filter(|(notification, last)| {
            *last && notification.fingerprint.is_some() && notification.status == Status::Firing
        })
        .count()
}

/// Marks the latest notification of each alert; a notification without a fingerprint is always a latest one.
fn marked_last(newest_first: &[Notification]) -> impl Iterator<Item = (&Notification, bool)> {
    let mut seen = HashSet::new();
    newest_first.iter().map(move |notification| {
        let last = notification.fingerprint.as_ref().is_none_or(|fingerprint| seen.insert(fingerprint));
        (notification, last)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;
    use std::collections::BTreeMap;

    fn notification(fingerprint: &str, status: Status, summary: &str, runbook: &str) -> Notification {
        let start = Timestamp::UNIX_EPOCH;
        Notification {
            status,
            labels: BTreeMap::from([
                ("alertname".into(), "HighErrorRate".into()),
                ("service".into(), fingerprint.into()),
            ]),
            annotations: BTreeMap::from([("summary".into(), summary.into()), ("runbook_url".into(), runbook.into())]),
            starts_at: Some(start),
            ends_at: (status == Status::Resolved).then(|| start + SignedDuration::from_secs(74)),
            received_at: start + SignedDuration::from_secs(3_600),
            fingerprint: Some(fingerprint.into()),
        }
    }

    #[test]
    fn firing_alerts_are_counted_by_their_latest_notification() {
        let told = [
            notification("a", Status::Resolved, "", ""),
            notification("b", Status::Firing, "", ""),
            notification("a", Status::Firing, "", ""),
        ];
        let page = render(&told).into_string();
        assert!(page.contains("1 firing now") && page.contains("<title>(1) mock-slack</title>"), "{page}");
        assert!(page.contains("1 min 14 s") && page.contains("1970-01-01 01:00:00 UTC"), "{page}");
        assert_eq!(
            page.matches("class=\"firing\"").count(),
            1,
            "a resolved alert does not look like a firing one: {page}"
        );
        assert!(render(&told[..1]).into_string().contains("Nothing is firing"));
    }

    #[test]
    fn received_text_cannot_become_markup_or_a_script_link() {
        let page = render(&[notification("<b>", Status::Firing, "<script>alert(1)</script>", "javascript:alert(1)")]);
        let page = page.into_string();
        assert!(
            page.contains("&lt;script&gt;") && !page.contains("<script") && !page.contains("javascript:"),
            "{page}"
        );
    }

    #[test]
    fn received_text_does_not_reverse_the_text_around_it() {
        let page = render(&[notification("\u{202e}a", Status::Firing, "\u{202e}b", "")]).into_string();
        let rule = STYLE.lines().find(|line| line.contains("unicode-bidi: isolate")).unwrap();
        for (before, element) in [("<dd>\u{202e}a", "dd"), ("<p class=\"text\">\u{202e}b", ".text")] {
            assert!(page.contains(before) && rule.contains(element), "{page}");
        }
        assert_eq!(page.matches('\u{202e}').count(), 2, "{page}");
    }

    #[test]
    fn the_page_loads_nothing() {
        let page = render(&[notification("a", Status::Firing, "", "https://example.org/runbook")]).into_string();
        assert!(!page.contains("src=") && !page.contains("@import") && !page.contains("url("), "{page}");
        assert_eq!(page.matches("https://").count(), 1);
    }

    #[test]
    fn a_long_history_is_truncated_with_a_note_about_the_rest() {
        let page = render(&vec![notification("a", Status::Firing, "", ""); SHOWN + 1]).into_string();
        assert_eq!(page.matches("<li ").count(), SHOWN);
        assert!(page.contains("The newest 200 of 201 are shown"), "{page}");
    }
}

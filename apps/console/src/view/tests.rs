//! The page's content for a given state.

use tidewatch_contract::http::mock_slack::Notification;
use tidewatch_contract::http::processor::{GroupView, RuleStatus, RuleView, Status};
use tidewatch_contract::http::simulator::Faults;

use super::*;
use crate::fixture::{alert_event, at, dead_letter, fault, group, notification, resolved};
use crate::peers::Peer;
use crate::signals::Arrival;

const NOW: i64 = 1_800_000_000;

fn with_traffic(services: &[&str]) -> State {
    let mut state = State::default();
    for second in NOW - 100..NOW {
        for service in services {
            for n in 0..20 {
                let arrival = Arrival { second, latency_ms: Some(50.0 + f64::from(n)), error: false, off_clock: false };
                state.signals.record(service, arrival);
            }
        }
    }
    state
}

fn answered<T>(answer: T) -> Option<Peer<T>> {
    let mut peer = Peer::new("http://127.0.0.1:8083");
    peer.take(at(NOW), Ok(answer));
    Some(peer)
}

fn fragment(state: &State, id: &str) -> String {
    let frame = frame(state, at(NOW));
    frame.fragments.iter().find(|(name, _)| *name == id).unwrap().1.to_string()
}

/// Returns the text without its tags.
fn text(markup: &str) -> String {
    markup.split('<').filter_map(|part| part.split_once('>')).map(|(_, text)| text).collect::<Vec<_>>().join("|")
}

fn one_story(fault_kind: &str, rule: &str) -> State {
    let mut state = with_traffic(&["pay"]);
    let active = vec![fault(fault_kind, "pay", None, NOW - 40, None)];
    state.simulator = answered(Faults { active, history: Vec::new() });
    state.alerts.apply(alert_event(rule, "pay", "eu", NOW - 27));
    state.slack = answered(vec![notification("firing", rule, "pay", "eu", NOW - 27, NOW - 25)]);
    state
}

#[test]
fn quiet_shows_in_title_word_and_shape() {
    let state = with_traffic(&["auth", "pay"]);
    assert_eq!(frame(&state, at(NOW)).title, "Tidewatch");
    let summary = fragment(&state, "summary");
    assert!(summary.contains("All quiet") && summary.contains("shape ok"), "{summary}");
    assert!(text(&summary).contains("40.0"), "both services' requests together: {summary}");
    assert_eq!(fragment(&state, "firing"), "");
}

#[test]
fn firing_shows_in_title_icon_word_shape_and_card() {
    let mut state = with_traffic(&["auth", "pay"]);
    let quiet = frame(&state, at(NOW)).icon;
    for region in ["eu", "us"] {
        state.alerts.apply(alert_event("HighErrorRate", "pay", region, NOW - 30));
    }
    let frame = frame(&state, at(NOW));
    assert_eq!(frame.title, "(1 firing) Tidewatch", "two regions of one rule and service are one");
    assert_ne!(frame.icon, quiet);
    assert!(fragment(&state, "summary").contains("verdict firing"));
    let firing = text(&fragment(&state, "firing"));
    assert!(firing.contains("31.4 %") && firing.contains("limit 5.0 %") && firing.contains("eu|, |us"), "{firing}");
    let services = fragment(&state, "services");
    assert_eq!(services.matches("card service firing").count(), 1, "{services}");
    assert!(fragment(&state, "announcement").contains("1 firing: HighErrorRate on pay"));
}

#[test]
fn a_page_without_current_data_does_not_look_healthy() {
    let mut state = with_traffic(&["pay"]);
    let mut processor = Peer::new("http://127.0.0.1:9465");
    processor.take(at(NOW - 75), Ok(Status::default()));
    processor.take(at(NOW - 33), Err("no answer within 2 s".into()));
    state.processor = Some(processor);
    assert_eq!(frame(&state, at(NOW)).title, "(?) Tidewatch");
    assert!(!fragment(&state, "services").contains("card service ok"));
    let notice = text(&fragment(&state, "notices"));
    assert!(notice.contains("stream-processor: not answering since") && notice.contains("(33 s)"), "{notice}");
    assert!(fragment(&state, "pipeline").contains("its lag is unknown"));
}

#[test]
fn a_service_with_too_few_requests_has_its_own_look_and_shows_the_reason() {
    let mut state = with_traffic(&["auth", "pay"]);
    let reason = "100 % of 20 requests failed; too few to evaluate";
    let groups = vec![
        group("auth", Some("eu"), "HighErrorRate", (RuleStatus::Ok, 0.0, None)),
        group("pay", Some("eu"), "HighErrorRate", (RuleStatus::Unknown, 1.0, Some(reason))),
    ];
    state.processor = answered(Status { groups, ..Status::default() });
    let services = fragment(&state, "services");
    assert_eq!(services.matches("card service ok").count(), 1, "{services}");
    assert_eq!(services.matches("card service unknown").count(), 1, "{services}");
    let shown = text(&services);
    assert!(shown.contains("|too few to evaluate|") && shown.contains(&format!("|{reason}.|")), "{shown}");
    assert!(services.contains(&format!("title=\"{reason}.\"")), "the cell shows the reason: {services}");
    let summary = text(&fragment(&state, "summary"));
    assert!(summary.contains("2 services, 1 with too few requests to evaluate"), "{summary}");
}

#[test]
fn nothing_is_shown_of_an_absent_peer() {
    let mut state = with_traffic(&["pay"]);
    state.alerts.apply(alert_event("HighErrorRate", "pay", "eu", NOW - 30));
    let timeline = fragment(&state, "timeline");
    assert!(!timeline.contains("injected</text>") && !timeline.contains("notified</text>"), "{timeline}");
    assert!(!timeline.contains("no such fault"), "the injected faults are unknown: {timeline}");
    assert!(!fragment(&state, "pipeline").contains("Stream-processor"));
    assert!(!fragment(&state, "services").contains("<table"));
    assert_eq!(fragment(&state, "notices"), "");
}

#[test]
fn a_story_shows_the_seconds_from_injection_to_detection_and_notification() {
    let story = text(&fragment(&one_story("error_rate", "HighErrorRate"), "timeline"));
    assert!(story.contains("Injected") && story.contains("+14.0 s") && story.contains("+15.0 s"), "{story}");
    assert!(!story.contains("Healed") && !story.contains("Resolved"), "{story}");
}

#[test]
fn a_healed_story_shows_the_seconds_from_healing_to_the_end() {
    let mut state = one_story("error_rate", "HighErrorRate");
    let healed = vec![fault("error_rate", "pay", None, NOW - 100, Some(NOW - 70))];
    state.simulator = answered(Faults { active: Vec::new(), history: healed });
    state.alerts.apply(resolved(alert_event("HighErrorRate", "pay", "eu", NOW - 27), NOW - 8));
    let notified = notification("resolved", "HighErrorRate", "pay", "eu", NOW - 27, NOW - 6);
    state.slack.as_mut().unwrap().answer.as_mut().unwrap().push(notified);
    let story = text(&fragment(&state, "timeline"));
    assert!(story.contains("+62 s") && story.contains("+64 s"), "{story}");
}

#[test]
fn a_pending_step_shows_how_long_it_has_been_pending() {
    let mut state = with_traffic(&["pay"]);
    let active = vec![fault("latency", "pay", Some("eu"), NOW - 8, None)];
    state.simulator = answered(Faults { active, history: Vec::new() });
    let timeline = fragment(&state, "timeline");
    assert!(timeline.contains("waiting") && timeline.contains("… 8.0 s"), "{timeline}");
    assert!(text(&timeline).contains("latency ×10 in eu"), "{timeline}");
}

#[test]
fn malformed_records_are_shown_by_their_dead_letters() {
    let mut state = with_traffic(&["pay"]);
    let active = vec![fault("malformed", "pay", None, NOW - 60, None)];
    state.simulator = answered(Faults { active, history: Vec::new() });
    state.letters.record(0, 0, dead_letter(NOW - 58, "pay"));
    let timeline = text(&fragment(&state, "timeline"));
    assert!(timeline.contains("+2.0 s") && timeline.contains("1 dead letter|"), "{timeline}");
}

#[test]
fn an_empty_timeline_shows_how_to_break_something() {
    let mut state = with_traffic(&["pay"]);
    state.simulator = answered(Faults::default());
    let timeline = text(&fragment(&state, "timeline"));
    assert!(
        timeline.contains("cargo run --release -- break |pay| --latency 10")
            || timeline.contains("break pay --latency 10"),
        "{timeline}"
    );
}

/// Renders a page on which everything that comes from outside is `hostile`.
fn page_of(hostile: &str) -> String {
    let mut state = with_traffic(&[hostile]);
    let mut event = alert_event(hostile, hostile, hostile, NOW - 30);
    event.summary = hostile.to_owned();
    state.alerts.apply(event);
    let active = vec![fault(hostile, hostile, Some(hostile), NOW - 40, None)];
    state.simulator = answered(Faults { active, history: Vec::new() });
    state.slack = answered(vec![notification(hostile, hostile, hostile, hostile, NOW - 30, NOW - 20)]);
    state.letters.record(
        0,
        0,
        crate::letters::DeadLetter { at: at(NOW), reason: hostile.into(), key: hostile.into(), origin: hostile.into() },
    );
    let rule = RuleView {
        state: RuleStatus::Ok,
        value: Some(f64::NAN),
        threshold: Some(f64::INFINITY),
        since: None,
        reason: None,
    };
    let labels = ["service", "region"].map(|label| (label.to_owned(), hostile.to_owned()));
    let groups = vec![GroupView { labels: labels.into(), rules: [(hostile.to_owned(), rule)].into() }];
    state.processor = answered(Status { groups, ..Status::default() });
    state.log(tidewatch_contract::LogEvent {
        timestamp: at(NOW),
        service: hostile.into(),
        level: "ERROR".into(),
        message: hostile.into(),
        request_id: None,
        trace_id: None,
        span_id: None,
        attributes: Default::default(),
    });
    page(&frame(&state, at(NOW))).into_string()
}

#[test]
fn names_from_the_stream_and_from_peers_stay_text() {
    let page = page_of("<script>alert(1)</script>\"'&");
    assert!(page.contains("&lt;script&gt;alert(1)"));
    assert_eq!(page.matches("<script").count(), 1, "only the page's own script");
}

#[test]
fn a_right_to_left_name_does_not_reverse_the_text_around_it() {
    let page = page_of("\u{202e}x");
    let isolated = ["name", "rule", "level", "message"].map(|class| format!("{class}\""));
    let found: Vec<usize> = page.match_indices('\u{202e}').map(|(at, _)| at).collect();
    assert!(found.len() > 10, "{}", found.len());
    for at in found {
        let (_, tag) = page[..at].rsplit_once('<').unwrap();
        // Inside a tag it is part of an attribute's value, which a browser shows on its own.
        let Some((tag, _)) = tag.split_once('>') else { continue };
        let is_isolated = isolated.iter().any(|class| tag.contains(class))
            || ["td", "th", "dd", "bdi"].iter().any(|name| tag.starts_with(name));
        assert!(is_isolated, "<{tag}>");
    }
}

#[test]
fn the_worst_region_of_a_traffic_drop_is_the_quietest() {
    let mut state = with_traffic(&["pay"]);
    for (region, value) in [("eu", 40.0), ("us", 3.0)] {
        let event = alert_event("TrafficDrop", "pay", region, NOW - 30);
        state.alerts.apply(tidewatch_contract::AlertEvent { value, threshold: 200.0, ..event });
    }
    let firing = text(&fragment(&state, "firing"));
    assert!(firing.contains("3 /min") && firing.contains("limit 200 /min"), "{firing}");
}

#[test]
fn a_page_with_many_services_and_alerts_stays_bounded() {
    let names: Vec<String> = (0..60).map(|n| format!("service-{n}")).collect();
    let mut state = with_traffic(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let mut active = Vec::new();
    let mut notified: Vec<Notification> = Vec::new();
    for service in &names {
        active.push(fault("error_rate", service, None, NOW - 60, None));
        for n in 0..20 {
            let region = format!("r{n}");
            state.alerts.apply(alert_event("HighErrorRate", service, &region, NOW - 40));
            notified.push(notification("firing", "HighErrorRate", service, &region, NOW - 40, NOW - 38));
        }
    }
    state.simulator = answered(Faults { active, history: Vec::new() });
    state.slack = answered(notified);
    let firing = fragment(&state, "firing");
    assert!(firing.matches("<li").count() <= 12 && firing.contains("and 48 more"), "{firing}");
    let timeline = fragment(&state, "timeline");
    assert!(timeline.contains("and 52 more lanes") && timeline.len() < 100_000, "{} bytes", timeline.len());
}

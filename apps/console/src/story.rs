//! Incidents put together from their parts: an injected fault, the alerts that detected it, and the notifications about
//! them.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use tidewatch_contract::http::mock_slack::{Notification, NotificationStatus};
use tidewatch_contract::http::simulator::Fault;

use crate::alerts::Alert;
use crate::letters::DeadLetters;
use crate::rules::Family;

/// Maximum difference between the clocks of services on different machines.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_secs(2);
/// An alert that fires this long after the healing still belongs to the healed fault: windows look back 60 s.
const AFTERMATH: SignedDuration = SignedDuration::from_secs(90);

/// An incident from injection to the last notification. Any part may be missing.
#[derive(Debug)]
pub struct Story<'a> {
    /// The affected service.
    pub service: &'a str,
    /// The kind of problem.
    pub family: Family,
    /// The fault; `None` if nothing was injected, so the incident is real.
    pub fault: Option<&'a Fault>,
    /// The alerts that detected it, one per region.
    pub alerts: Vec<&'a Alert>,
    /// The notifications received for these alerts, oldest first.
    pub notifications: Vec<&'a Notification>,
    /// Dead letters of the service during the fault: when the first was written, and how many.
    pub dead_letters: Option<(Timestamp, u32)>,
}

impl Story<'_> {
    /// Returns when the incident began, as far as is known.
    pub fn began(&self) -> Timestamp {
        let detected = self.alerts.iter().map(|alert| alert.fired_at).min();
        self.fault.map(|fault| fault.injected_at).or(detected).unwrap_or_default()
    }

    /// Returns when the first sign was seen: an alert or, for malformed records, a dead letter.
    pub fn detected(&self) -> Option<Timestamp> {
        let alert = self.alerts.iter().map(|alert| alert.fired_at).min();
        alert.or(self.dead_letters.map(|(first, _)| first))
    }

    /// Returns when the receiver got the first firing notification.
    pub fn notified(&self) -> Option<Timestamp> {
        self.received(NotificationStatus::Firing).min()
    }

    /// Returns when the fault was healed.
    pub fn healed(&self) -> Option<Timestamp> {
        self.fault.and_then(|fault| fault.healed_at)
    }

    /// Returns when the last of the alerts was resolved; `None` without alerts or while one is firing.
    pub fn resolved(&self) -> Option<Timestamp> {
        let ends: Option<Vec<Timestamp>> = self.alerts.iter().map(|alert| alert.resolved.map(|(at, _)| at)).collect();
        ends?.into_iter().max()
    }

    /// Returns when the receiver got the last notification of a resolution, once all alerts are resolved.
    pub fn notified_over(&self) -> Option<Timestamp> {
        self.resolved().and_then(|_| self.received(NotificationStatus::Resolved).max())
    }

    /// Returns when the last part of the incident ended; `None` while it continues.
    pub fn ended(&self) -> Option<Timestamp> {
        let fault_over = self.fault.is_none_or(|fault| fault.healed_at.is_some());
        let alerts_over = self.alerts.is_empty() || self.resolved().is_some();
        (fault_over && alerts_over).then(|| {
            let last = [self.healed(), self.resolved(), self.notified_over()].into_iter().flatten().max();
            last.unwrap_or_else(|| self.began())
        })
    }

    fn received(&self, status: NotificationStatus) -> impl Iterator<Item = Timestamp> {
        self.notifications.iter().filter(move |notified| notified.status == status).map(|notified| notified.received_at)
    }
}

/// Returns all stories, newest first.
pub fn stories<'a>(
    faults: &[&'a Fault],
    alerts: &'a [Alert],
    notifications: &'a [Notification],
    letters: &DeadLetters,
    now: Timestamp,
) -> Vec<Story<'a>> {
    let mut of_faults: Vec<Vec<&Alert>> = vec![Vec::new(); faults.len()];
    let mut unexplained: BTreeMap<(&str, &str), Vec<Vec<&Alert>>> = BTreeMap::new();
    for alert in alerts {
        match faults.iter().rposition(|fault| explains(fault, alert)) {
            Some(index) => of_faults[index].push(alert),
            None => {
                let groups = unexplained.entry((alert.service(), &alert.rule)).or_default();
                match groups.last_mut().filter(|group| group.iter().any(|other| together(other, alert))) {
                    Some(group) => group.push(alert),
                    None => groups.push(vec![alert]),
                }
            }
        }
    }
    let injected = faults.iter().zip(of_faults).map(|(fault, alerts)| {
        let family = Family::of_fault(fault.kind);
        Story {
            service: &fault.service,
            family,
            fault: Some(*fault),
            notifications: notified(&alerts, notifications),
            alerts,
            dead_letters: (family == Family::Malformed).then(|| counted(fault, letters, now)).flatten(),
        }
    });
    let real = unexplained.into_iter().flat_map(|((service, rule), groups)| {
        groups.into_iter().map(move |alerts| Story {
            service,
            family: Family::of_rule(rule),
            fault: None,
            notifications: notified(&alerts, notifications),
            alerts,
            dead_letters: None,
        })
    });
    let mut stories: Vec<Story<'a>> = injected.chain(real).collect();
    stories.sort_by_key(|story| std::cmp::Reverse(story.began()));
    stories
}

/// Returns whether the fault is the kind that this alert detects, in the right place at the right time.
fn explains(fault: &Fault, alert: &Alert) -> bool {
    let same_place = match (&fault.region, alert.region()) {
        (Some(broken), Some(judged)) => broken == judged,
        _ => true,
    };
    fault.service == alert.service()
        && Family::of_fault(fault.kind) == Family::of_rule(&alert.rule)
        && same_place
        && alert.fired_at >= fault.injected_at - CLOCK_TOLERANCE
        && fault.healed_at.is_none_or(|healed| alert.fired_at <= healed + AFTERMATH)
}

/// Returns whether two alerts of one rule and service overlap in time, so that people see one incident.
fn together(a: &Alert, b: &Alert) -> bool {
    let ends = |alert: &Alert| alert.resolved.map_or(Timestamp::MAX, |(at, _)| at);
    a.fired_at <= ends(b) && b.fired_at <= ends(a)
}

fn notified<'a>(alerts: &[&Alert], notifications: &'a [Notification]) -> Vec<&'a Notification> {
    let is_about = |notified: &Notification, alert: &Alert| {
        notified.label("alertname") == alert.rule
            && alert.group.iter().all(|(label, value)| notified.label(label) == value)
            && notified.starts_at.is_none_or(|at| at.duration_since(alert.started_at).abs() <= CLOCK_TOLERANCE)
    };
    let mut notified: Vec<&Notification> =
        notifications.iter().filter(|notified| alerts.iter().any(|alert| is_about(notified, alert))).collect();
    notified.sort_by_key(|notified| notified.received_at);
    notified
}

fn counted(fault: &Fault, letters: &DeadLetters, now: Timestamp) -> Option<(Timestamp, u32)> {
    let until = fault.healed_at.unwrap_or(now) + CLOCK_TOLERANCE;
    let on = fault.injected_at.as_second()..=until.as_second();
    let mut counts = letters.of_key(&fault.service).filter(|(second, _)| on.contains(second)).peekable();
    let first = Timestamp::from_second(counts.peek()?.0).ok()?;
    Some((first.max(fault.injected_at), counts.map(|(_, count)| count).sum()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::AlertBook;
    use crate::fixture::{alert_event, at, dead_letter, fault, notification, resolved};

    fn described(faults: &[Fault], book: &AlertBook, notifications: &[Notification]) -> Vec<String> {
        let faults: Vec<&Fault> = faults.iter().collect();
        stories(&faults, book.all(), notifications, &DeadLetters::default(), at(1_000))
            .iter()
            .map(|story| {
                let since = |time: Option<Timestamp>| time.map(|time| (time - story.began()).get_seconds());
                format!(
                    "{} {:?} fault={} alerts={} detected={:?} notified={:?} resolved={:?} over={:?}",
                    story.service,
                    story.family,
                    story.fault.is_some(),
                    story.alerts.len(),
                    since(story.detected()),
                    since(story.notified()),
                    since(story.resolved()),
                    since(story.notified_over())
                )
            })
            .collect()
    }

    #[test]
    fn a_fault_its_detection_and_its_notification_are_one_story() {
        let mut book = AlertBook::default();
        for region in ["eu", "us"] {
            book.apply(alert_event("HighLatencyP99", "pay", region, 114));
            book.apply(resolved(alert_event("HighLatencyP99", "pay", region, 114), 265));
        }
        let notified = [
            notification("firing", "HighLatencyP99", "pay", "eu", 114, 116),
            notification("resolved", "HighLatencyP99", "pay", "eu", 114, 268),
        ];
        assert_eq!(
            described(&[fault("latency", "pay", None, 100, Some(200))], &book, &notified),
            ["pay Latency fault=true alerts=2 detected=Some(15) notified=Some(16) resolved=Some(165) over=Some(168)"]
        );
    }

    #[test]
    fn an_alert_of_another_kind_service_region_or_time_does_not_belong_to_the_fault() {
        let mut book = AlertBook::default();
        book.apply(alert_event("HighErrorRate", "pay", "eu", 115));
        book.apply(alert_event("HighLatencyP99", "auth", "eu", 115));
        book.apply(alert_event("HighLatencyP99", "pay", "us", 115));
        book.apply(resolved(alert_event("HighLatencyP99", "pay", "eu", 50), 80));
        book.apply(alert_event("HighLatencyP99", "pay", "eu", 900));
        let stories = described(&[fault("latency", "pay", Some("eu"), 100, Some(200))], &book, &[]);
        assert!(
            stories.contains(
                &"pay Latency fault=true alerts=0 detected=None notified=None resolved=None over=None".into()
            ),
            "{stories:#?}"
        );
        assert_eq!(stories.iter().filter(|story| story.contains("fault=false")).count(), 5, "{stories:#?}");
    }

    #[test]
    fn the_second_of_two_similar_faults_gets_the_alert_that_follows_it() {
        let mut book = AlertBook::default();
        book.apply(alert_event("TrafficDrop", "pay", "eu", 330));
        let faults = [fault("silence", "pay", None, 100, Some(290)), fault("silence", "pay", None, 300, None)];
        let stories = described(&faults, &book, &[]);
        assert!(stories[0].contains("alerts=1 detected=Some(31)"), "{stories:#?}");
        assert!(stories[1].contains("alerts=0"), "{stories:#?}");
    }

    #[test]
    fn a_story_continues_until_the_fault_is_healed_and_every_alert_resolved() {
        let mut book = AlertBook::default();
        book.apply(alert_event("HighErrorRate", "pay", "eu", 110));
        book.apply(alert_event("HighErrorRate", "pay", "us", 110));
        book.apply(resolved(alert_event("HighErrorRate", "pay", "eu", 110), 260));
        let healed = fault("error_rate", "pay", None, 100, Some(200));
        let of = |book: &AlertBook| stories(&[&healed], book.all(), &[], &DeadLetters::default(), at(1_000))[0].ended();
        assert_eq!(of(&book), None);
        book.apply(resolved(alert_event("HighErrorRate", "pay", "us", 110), 265));
        assert_eq!(of(&book), Some(at(265)));
    }

    #[test]
    fn malformed_records_are_detected_by_their_dead_letters() {
        let mut letters = DeadLetters::default();
        for (offset, second) in [90, 103, 104, 150].into_iter().enumerate() {
            letters.record(0, offset as i64, dead_letter(second, "pay"));
        }
        let malformed = fault("malformed", "pay", None, 100, Some(120));
        let stories = stories(&[&malformed], &[], &[], &letters, at(1_000));
        assert_eq!(stories[0].dead_letters, Some((at(103), 2)));
        assert_eq!(stories[0].detected(), Some(at(103)));
    }
}

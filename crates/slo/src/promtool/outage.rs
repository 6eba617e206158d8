//! Services with an outage of a known length, and what an alert must make of it.

use crate::burn::BurnAlert;
use crate::{Budgeting, Indicator, Slo};

use super::scenario::{Check, Counter, Scenario};

/// Seconds between two samples.
pub const SCRAPE: u64 = 15;
/// Requests between two samples: so many that the bad ones are whole too.
const REQUESTS: f64 = 600_000.0;
/// Healthy samples before anything happens: an hour. Base records rise within the five minutes of their rates, so right
/// after a start the mean traffic is too low; after an hour that is 4 %.
const LEAD_IN: u64 = 240;

/// An SLO and how its metrics are spelled.
pub struct Subject {
    /// The objective.
    pub slo: Slo,
    /// Selector of the series of all events.
    pub total: String,
    /// Selector of the other series: bad ones or good ones, as the indicator says, or of the value.
    pub other: String,
}

impl Subject {
    /// From the queries of the indicator, which must be plain selectors.
    pub fn new(slo: &Slo) -> Self {
        let (total, other) = match &slo.indicator {
            Indicator::Good { good, total, .. } => (&total.text, &good.text),
            Indicator::Bad { bad, total, .. } => (&total.text, &bad.text),
            Indicator::Threshold { query, .. } => (&query.text, &query.text),
        };
        Self { total: total.clone(), other: other.clone(), slo: slo.clone() }
    }

    /// The series where shares of events are bad for so many samples each: `(samples, share)`.
    pub fn series(&self, course: &[(u64, f64)]) -> Vec<(String, Counter)> {
        let count = |each: &dyn Fn(f64) -> f64| {
            course.iter().fold(Counter::new(), |counter, (samples, bad)| counter.rise(*samples, each(*bad)))
        };
        match &self.slo.indicator {
            Indicator::Bad { .. } => {
                vec![(self.total.clone(), count(&|_| REQUESTS)), (self.other.clone(), count(&|bad| REQUESTS * bad))]
            }
            Indicator::Good { .. } => vec![
                (self.total.clone(), count(&|_| REQUESTS)),
                (self.other.clone(), count(&|bad| REQUESTS * (1.0 - bad))),
            ],
            Indicator::Threshold { value, .. } => {
                // Half of the bound is within it, twice is not.
                let gauge = course.iter().fold(Counter::new(), |gauge, (samples, bad)| {
                    gauge.constant(*samples, if *bad > 0.0 { value * 2.0 } else { value / 2.0 })
                });
                vec![(self.total.clone(), gauge)]
            }
        }
    }

    /// Counts firing alerts of this SLO with this long window.
    pub fn firing(&self, alert: &BurnAlert, at: u64, fires: bool) -> Check {
        let (slo, name, long) = (&self.slo.name, alert.severity.alert_name(), alert.long);
        let series =
            format!("ALERTS{{alertname=\"{name}\",alertstate=\"firing\",slo=\"{slo}\",long_window=\"{long}\"}}");
        Check {
            at,
            expr: format!("count by (alertname, alertstate) ({series})"),
            labels: format!("{{alertname=\"{name}\",alertstate=\"firing\"}}"),
            value: fires.then_some(1.0),
        }
    }

    /// For how many samples 100 % (with occurrences: `share`) of the events must be bad to spend `of` (1: just enough)
    /// of what makes `alert` fire.
    fn outage(&self, alert: &BurnAlert, share: f64, of: f64) -> u64 {
        let spent = of * alert.factor(self.slo.window) * self.slo.budget() * alert.long.as_secs_f64();
        let seconds = match (self.slo.budgeting, &self.slo.indicator) {
            (Budgeting::Occurrences, Indicator::Threshold { .. }) => spent,
            (Budgeting::Occurrences, _) => spent / share,
            (Budgeting::TimeSlices { slice, target }, _) => {
                // A slice is bad as soon as more than this share of it is, and until less is.
                let slice = slice.as_secs_f64();
                spent - slice + 2.0 * slice * (1.0 - target)
            }
        };
        // Rounded away from what is just enough.
        let samples = seconds / SCRAPE as f64;
        if of > 1.0 { samples.ceil() as u64 } else { samples.floor() as u64 }
    }
}

/// One alert, two SLOs of the same shape: an outage that spends 1.05 of what it takes, which fires and is resolved, and
/// one that spends 0.95 of it, which does not fire.
pub fn spent(alert: &BurnAlert, pairs: &[(Subject, Subject)]) -> Scenario {
    let mut scenario = Scenario {
        name: format!("an outage that spends what the alert over {} asks for", alert.long),
        scrape: SCRAPE,
        ..Scenario::default()
    };
    for (more, less) in pairs {
        let share = match more.slo.budgeting {
            Budgeting::Occurrences => 0.3,
            Budgeting::TimeSlices { .. } => 1.0,
        };
        let timing = alert.timing(&more.slo, share);
        let resolved = (LEAD_IN + more.outage(alert, share, 1.05)) * SCRAPE + timing.resolves_within as u64 + SCRAPE;
        for (subject, of) in [(more, 1.05), (less, 0.95)] {
            let outage = subject.outage(alert, share, of);
            let end = (LEAD_IN + outage) * SCRAPE;
            let rest = (resolved / SCRAPE).saturating_sub(LEAD_IN + outage) + 40;
            scenario.series.extend(subject.series(&[(LEAD_IN, 0.0), (outage, share), (rest, 0.0)]));
            // Base records are behind by their five minutes at most, records and alerts by the lag.
            let told = end + 300 + timing.lag as u64;
            scenario.checks.push(subject.firing(alert, LEAD_IN * SCRAPE, false));
            scenario.checks.push(subject.firing(alert, told, of > 1.0));
            scenario.checks.push(subject.firing(alert, resolved, false));
        }
    }
    scenario
}

/// One alert, two SLOs that count events: errors that go on at 1.05 of the factor, which fires by the documented time
/// and is resolved after they end, and at 0.95 of it, which never fires.
pub fn steady(alert: &BurnAlert, more: &Subject, less: &Subject) -> Scenario {
    let mut scenario = Scenario {
        name: format!("errors at just the rate of the alert over {}", alert.long),
        scrape: SCRAPE,
        ..Scenario::default()
    };
    let long = alert.long.as_millis() / 1_000;
    // Both go on until all of the long window is in it.
    let burning = long / SCRAPE + 40;
    let end = (LEAD_IN + burning) * SCRAPE;
    let factor = alert.factor(more.slo.window) * more.slo.budget();
    let timing = alert.timing(&more.slo, 1.05 * factor);
    let resolved = end + timing.resolves_within as u64 + SCRAPE;
    for (subject, of) in [(more, 1.05), (less, 0.95)] {
        let course = [(LEAD_IN, 0.0), (burning, of * factor), ((resolved - end) / SCRAPE + 40, 0.0)];
        scenario.series.extend(subject.series(&course));
        scenario.checks.push(subject.firing(alert, end, of > 1.0));
        scenario.checks.push(subject.firing(alert, resolved, false));
    }
    if let Some(after) = timing.fires_after {
        let told = LEAD_IN * SCRAPE + (after + timing.lag) as u64;
        scenario.checks.push(more.firing(alert, told, true));
        // The evaluations may lag; they never run ahead by more than the step in which they happen.
        scenario.checks.push(more.firing(alert, told - timing.lag as u64 - long / 20 - 60, false));
    }
    scenario
}

//! Services with an outage of known length, and the alert that it must cause.

use crate::burn::BurnAlert;
use crate::{Budgeting, Indicator, Slo};

use super::scenario::{Check, Counter, Scenario};

/// Seconds between two samples.
pub const SCRAPE: u64 = 15;
/// Requests between two samples: enough for the bad ones to be a whole number.
const REQUESTS: f64 = 600_000.0;
/// Healthy samples before the outage: an hour. Base records rise during the five minutes of their rates, so the mean
/// traffic is too low at first; after an hour by 4 %.
const LEAD_IN: u64 = 240;

/// An SLO and the selectors of its series.
pub struct Subject {
    /// The objective.
    pub slo: Slo,
    /// The selector for the series of all events.
    pub total: String,
    /// The selector for the other series: bad or good events, depending on the indicator, or the value.
    pub other: String,
}

impl Subject {
    /// Takes the selectors from the indicator's queries, which must be plain selectors.
    pub fn new(slo: &Slo) -> Self {
        let (total, other) = match &slo.indicator {
            Indicator::Good { good, total, .. } => (&total.text, &good.text),
            Indicator::Bad { bad, total, .. } => (&total.text, &bad.text),
            Indicator::Threshold { query, .. } => (&query.text, &query.text),
        };
        Self { total: total.clone(), other: other.clone(), slo: slo.clone() }
    }

    /// Returns the series for a course of `(samples, share)`: each share of events is bad for that number of samples.
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
                // Half of the bound is within it, twice the bound is not.
                let gauge = course.iter().fold(Counter::new(), |gauge, (samples, bad)| {
                    gauge.constant(*samples, if *bad > 0.0 { value * 2.0 } else { value / 2.0 })
                });
                vec![(self.total.clone(), gauge)]
            }
        }
    }

    /// Checks whether this SLO's alert with this long window is firing.
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

    /// Returns the number of samples for which 100 % (with occurrences: `share`) of the events must be bad to spend
    /// `of` (1: just enough) of the amount at which `alert` fires.
    fn outage(&self, alert: &BurnAlert, share: f64, of: f64) -> u64 {
        let spent = of * alert.factor(self.slo.window) * self.slo.budget() * alert.long.as_secs_f64();
        let seconds = match (self.slo.budgeting, &self.slo.indicator) {
            (Budgeting::Occurrences, Indicator::Threshold { .. }) => spent,
            (Budgeting::Occurrences, _) => spent / share,
            (Budgeting::TimeSlices { slice, target }, _) => {
                // A slice turns bad when the bad share exceeds this, and good again when it falls below.
                let slice = slice.as_secs_f64();
                spent - slice + 2.0 * slice * (1.0 - target)
            }
        };
        // Rounded away from the exact amount.
        let samples = seconds / SCRAPE as f64;
        if of > 1.0 { samples.ceil() as u64 } else { samples.floor() as u64 }
    }
}

/// Returns a scenario for one alert and pairs of SLOs of the same shape: an outage that spends 1.05 of the required
/// amount, which fires and is resolved, and one that spends 0.95 of it, which doesn't fire.
pub fn spent(alert: &BurnAlert, pairs: &[(Subject, Subject)]) -> Scenario {
    let mut scenario = Scenario {
        name: format!("an outage that spends the budget at which the alert over {} fires", alert.long),
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
            // Base records lag by at most five minutes, records and alerts by `lag`.
            let told = end + 300 + timing.lag as u64;
            scenario.checks.push(subject.firing(alert, LEAD_IN * SCRAPE, false));
            scenario.checks.push(subject.firing(alert, told, of > 1.0));
            scenario.checks.push(subject.firing(alert, resolved, false));
        }
    }
    scenario
}

/// Returns a scenario for one alert and two SLOs that count events: constant errors at 1.05 of the factor, which fire
/// by the documented time and are resolved after they end, and at 0.95 of it, which never fire.
pub fn steady(alert: &BurnAlert, more: &Subject, less: &Subject) -> Scenario {
    let mut scenario = Scenario {
        name: format!("errors at exactly the rate of the alert over {}", alert.long),
        scrape: SCRAPE,
        ..Scenario::default()
    };
    let long = alert.long.as_millis() / 1_000;
    // Both continue until they fill the long window.
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
        // Evaluations may lag, but are never early by more than the step in which they happen.
        scenario.checks.push(more.firing(alert, told - timing.lag as u64 - long / 20 - 60, false));
    }
    scenario
}

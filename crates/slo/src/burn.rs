//! The burn-rate alerts: their windows and factors, and when they fire.
//!
//! From the SRE Workbook, chapter 5 "Alerting on SLOs", approach 6 (multiwindow, multi-burn-rate alerts), table 5-8: an
//! alert fires if a given share of the budget was spent within its long window, and its short window shows that the
//! budget is still burning.

use crate::generate::times::{EVERY, KEEP_FIRING, RATE, TILE};
use crate::slo::{complement, tidy};
use crate::{Budgeting, Indicator, Slo, Span, Window};

/// The urgency of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Wakes the person on call.
    Page,
    /// Is handled in working hours.
    Ticket,
}

impl Severity {
    /// Returns the value of the label `severity`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Page => "critical",
            Self::Ticket => "warning",
        }
    }

    /// Returns the `alertname`.
    pub fn alert_name(self) -> &'static str {
        match self {
            Self::Page => "ErrorBudgetBurnPage",
            Self::Ticket => "ErrorBudgetBurnTicket",
        }
    }
}

/// A burn-rate alert.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BurnAlert {
    /// The window in which the share of the budget is spent.
    pub long: Span,
    /// The window in which the budget must still be burning.
    pub short: Span,
    /// The share of the budget, in percent.
    percent: f64,
    /// The urgency.
    pub severity: Severity,
}

const fn alert(long: Span, short: Span, percent: f64, severity: Severity) -> BurnAlert {
    BurnAlert { long, short, percent, severity }
}

/// All burn-rate alerts, the most urgent first.
pub const ALERTS: [BurnAlert; 4] = [
    alert(Span::from_hours(1), Span::from_mins(5), 2.0, Severity::Page),
    alert(Span::from_hours(6), Span::from_mins(30), 5.0, Severity::Page),
    alert(Span::from_days(1), Span::from_hours(2), 10.0, Severity::Ticket),
    alert(Span::from_days(3), Span::from_hours(6), 10.0, Severity::Ticket),
];

impl BurnAlert {
    /// Returns the burn rate at which the alert fires, where 1 spends the budget exactly over its window: share x
    /// window / long window, and at least 1. For 30 d: 14.4, 6, 3, 1.
    pub fn factor(&self, window: Window) -> f64 {
        let windows = window.span().as_secs_f64() / self.long.as_secs_f64();
        tidy((self.percent / 100.0 * windows).max(1.0))
    }

    /// Returns the percentage of the budget that is spent in a long window at this burn rate.
    pub fn spent_percent(&self, window: Window) -> f64 {
        let windows = window.span().as_secs_f64() / self.long.as_secs_f64();
        (self.factor(window) / windows * 1_000.0).round() / 10.0
    }
}

/// The times at which an alert fires and is resolved if a share of events suddenly becomes bad, at even traffic and
/// with no bad events before.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Timing {
    /// Seconds until the records reach the alert's threshold. `None` if the alert never fires.
    pub fires_after: Option<f64>,
    /// Maximum delay in seconds that successive evaluations add to both times.
    pub lag: f64,
    /// Maximum number of seconds from the end of the fault until the alert is resolved.
    pub resolves_within: f64,
}

impl BurnAlert {
    /// Returns when this alert of `slo` fires and is resolved if a share `bad` (0 to 1) of the events is bad from some
    /// moment on. With a threshold indicator only 1 is meaningful: a value is within its bound or not.
    pub fn timing(&self, slo: &Slo, bad: f64) -> Timing {
        // The part of the long window that must have been bad, in seconds.
        let spent = self.factor(slo.window) * slo.budget() * self.long.as_secs_f64();
        let counts_time = matches!(slo.indicator, Indicator::Threshold { .. });
        let (after, smoothed) = match slo.budgeting {
            Budgeting::Occurrences if counts_time => (spent, Span::from_millis(0)),
            // Base records are means over five minutes. During the first five minutes they rise linearly to `bad`, so
            // their sum is a parabola.
            Budgeting::Occurrences => {
                let rate = RATE.as_secs_f64();
                let needed = spent / bad;
                let after = if needed <= rate / 2.0 { (2.0 * rate * needed).sqrt() } else { needed + rate / 2.0 };
                (after, RATE)
            }
            Budgeting::TimeSlices { slice, target } => {
                let until_bad = slice.as_secs_f64() * complement(target) / bad;
                let never = complement(target) >= bad;
                (if never { f64::INFINITY } else { until_bad + spent }, slice)
            }
        };
        let most = match slo.budgeting {
            Budgeting::Occurrences => bad,
            Budgeting::TimeSlices { .. } => 1.0,
        };
        let reachable = after.is_finite() && self.factor(slo.window) * slo.budget() < most;
        // Delays of the base record, the window and the alert. Long windows add a tile that ends half a minute ago.
        let in_tiles = self.long > Span::from_hours(1);
        let lag = 3.0 * EVERY.as_secs_f64() + if in_tiles { TILE.as_secs_f64() + EVERY.as_secs_f64() } else { 0.0 };
        // The ratio over five minutes is the base record itself, which is already smoothed.
        let is_base = self.short == RATE && matches!(slo.budgeting, Budgeting::Occurrences);
        let tail = if is_base { 0.0 } else { smoothed.as_secs_f64() };
        Timing {
            fires_after: reachable.then_some(after),
            lag,
            resolves_within: self.short.as_secs_f64() + tail + KEEP_FIRING.as_secs_f64() + lag,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_follow_from_the_window_and_are_never_below_1() {
        let factors = |window| ALERTS.map(|alert| alert.factor(window));
        assert_eq!(factors(Window::Days30), [14.4, 6.0, 3.0, 1.0]);
        assert_eq!(factors(Window::Days28), [13.44, 5.6, 2.8, 1.0]);
        assert_eq!(factors(Window::Days7), [3.36, 1.4, 1.0, 1.0]);
    }

    #[test]
    fn alerts_fire_at_the_workbooks_budget_share_unless_the_factor_would_be_below_1() {
        let spent = |window| ALERTS.map(|alert| alert.spent_percent(window));
        assert_eq!(spent(Window::Days30), [2.0, 5.0, 10.0, 10.0]);
        assert_eq!(spent(Window::Days7), [2.0, 5.0, 14.3, 42.9]);
    }

    fn slo(extra: &str, method: &str, target: f64) -> Slo {
        let metric = |name: &str| format!("{{metricSource: {{type: Prometheus, spec: {{query: {name}}}}}}}");
        let yaml = format!(
            "{{apiVersion: openslo/v1, kind: SLO, metadata: {{name: a}}, spec: {{service: s, budgetingMethod: \
             {method}, timeWindow: [{{duration: 30d, isRolling: true}}], objectives: [{{target: {target}{extra}}}], \
             indicator: {{spec: {{ratioMetric: {{counter: true, bad: {}, total: {}}}}}}}}}}}",
            metric("bad"),
            metric("total")
        );
        crate::parse("a.yaml", &yaml).unwrap().remove(0)
    }

    #[test]
    fn a_total_outage_pages_within_minutes_and_the_slower_alerts_follow() {
        let slo = slo("", "Occurrences", 0.999);
        let after = ALERTS.map(|alert| alert.timing(&slo, 1.0).fires_after.unwrap().round());
        // 51.84 s and 129.6 s of outage are on the parabola, 259.2 s is beyond it.
        assert_eq!(after, [176.0, 279.0, 409.0, 409.0]);
    }

    #[test]
    fn an_outage_that_cannot_burn_fast_enough_never_fires() {
        let slo = slo("", "Occurrences", 0.9);
        let fires = ALERTS.map(|alert| alert.timing(&slo, 1.0).fires_after.is_some());
        assert_eq!(fires, [false, true, true, true]);
    }

    #[test]
    fn a_slice_is_bad_as_soon_as_its_share_of_bad_events_exceeds_the_limit() {
        let slo = slo(", timeSliceTarget: 0.99, timeSliceWindow: 5m", "Timeslices", 0.99);
        let page = ALERTS[0].timing(&slo, 1.0).fires_after.unwrap();
        assert!((page - 521.4).abs() < 1e-6, "{page}");
        assert_eq!(ALERTS[0].timing(&slo, 0.01).fires_after, None);
    }
}

//! The burn-rate alerts: their windows and factors, and when they fire.
//!
//! From the SRE Workbook, chapter 5 "Alerting on SLOs", approach 6 (multiwindow, multi-burn-rate alerts), table 5-8: an
//! alert fires when a given share of the budget was spent within its long window, and the short window says that it
//! still goes on.

use crate::generate::times::{EVERY, KEEP_FIRING, RATE, TILE};
use crate::slo::{complement, tidy};
use crate::{Budgeting, Indicator, Slo, Span, Window};

/// What an alert asks of people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Wakes somebody.
    Page,
    /// Is looked at in working hours.
    Ticket,
}

impl Severity {
    /// The label `severity`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Page => "critical",
            Self::Ticket => "warning",
        }
    }

    /// The `alertname`.
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
    /// Over what the share of the budget is spent.
    pub long: Span,
    /// Over what it must still go on.
    pub short: Span,
    /// Share of the budget, in percent.
    percent: f64,
    /// What it asks of people.
    pub severity: Severity,
}

const fn alert(long: Span, short: Span, percent: f64, severity: Severity) -> BurnAlert {
    BurnAlert { long, short, percent, severity }
}

/// All of them, the most urgent first.
pub const ALERTS: [BurnAlert; 4] = [
    alert(Span::from_hours(1), Span::from_mins(5), 2.0, Severity::Page),
    alert(Span::from_hours(6), Span::from_mins(30), 5.0, Severity::Page),
    alert(Span::from_days(1), Span::from_hours(2), 10.0, Severity::Ticket),
    alert(Span::from_days(3), Span::from_hours(6), 10.0, Severity::Ticket),
];

impl BurnAlert {
    /// How many times faster than allowed on average the budget is spent: its share x window / long window, and never
    /// below 1, at which the budget lasts just for the window. At 30 d: 14.4, 6, 3, 1.
    pub fn factor(&self, window: Window) -> f64 {
        let windows = window.span().as_secs_f64() / self.long.as_secs_f64();
        tidy((self.percent / 100.0 * windows).max(1.0))
    }

    /// Percent of the budget that burning at the factor spends in a long window.
    pub fn spent_percent(&self, window: Window) -> f64 {
        let windows = window.span().as_secs_f64() / self.long.as_secs_f64();
        (self.factor(window) / windows * 1_000.0).round() / 10.0
    }
}

/// When an alert fires and when it is over, where a share of events becomes bad at once, at even traffic, on a clean
/// past.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Timing {
    /// Seconds until the records say so; none if the alert never fires.
    pub fires_after: Option<f64>,
    /// Seconds that evaluations, one after the other, may add to either.
    pub lag: f64,
    /// Seconds from the end of it until it is resolved, at most.
    pub resolves_within: f64,
}

impl BurnAlert {
    /// When this alert of `slo` fires and is over, where `bad` (0 to 1) of its events are bad from some moment on. With
    /// a threshold indicator nothing but 1 means anything: a value is within its bound or not.
    pub fn timing(&self, slo: &Slo, bad: f64) -> Timing {
        // What must have been bad of the long window, in seconds.
        let spent = self.factor(slo.window) * slo.budget() * self.long.as_secs_f64();
        let counts_time = matches!(slo.indicator, Indicator::Threshold { .. });
        let (after, smoothed) = match slo.budgeting {
            Budgeting::Occurrences if counts_time => (spent, Span::from_millis(0)),
            // Base records are means over five minutes: they rise to `bad` within these, and the sum over them is a
            // parabola first.
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
        // Base record, window, alert; for the long windows a tile, half a minute back, besides.
        let in_tiles = self.long > Span::from_hours(1);
        let lag = 3.0 * EVERY.as_secs_f64() + if in_tiles { TILE.as_secs_f64() + EVERY.as_secs_f64() } else { 0.0 };
        // The share of events over five minutes is the base record itself, which is smoothed already.
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
    fn the_share_of_the_budget_is_the_workbooks_unless_the_factor_would_be_below_1() {
        let spent = |window| ALERTS.map(|alert| alert.spent_percent(window));
        assert_eq!(spent(Window::Days30), [2.0, 5.0, 10.0, 10.0]);
        assert_eq!(spent(Window::Days7), [2.0, 5.0, 14.3, 42.9]);
    }

    fn slo(extra: &str, method: &str, target: f64) -> Slo {
        let metric = |name: &str| format!("{{metricSource: {{type: Prometheus, spec: {{query: {name}}}}}}}");
        let yaml = format!(
            "{{apiVersion: openslo/v1, kind: SLO, metadata: {{name: a}}, spec: {{service: s, budgetingMethod: {method}, \
             timeWindow: [{{duration: 30d, isRolling: true}}], objectives: [{{target: {target}{extra}}}], indicator: {{spec: \
             {{ratioMetric: {{counter: true, bad: {}, total: {}}}}}}}}}}}",
            metric("bad"),
            metric("total")
        );
        crate::parse("a.yaml", &yaml).unwrap().remove(0)
    }

    #[test]
    fn a_total_outage_pages_within_minutes_and_the_slower_alerts_follow() {
        let slo = slo("", "Occurrences", 0.999);
        let after = ALERTS.map(|alert| alert.timing(&slo, 1.0).fires_after.unwrap().round());
        // 51.84 s and 129.6 s of outage on the parabola, 259.2 s beyond it.
        assert_eq!(after, [176.0, 279.0, 409.0, 409.0]);
    }

    #[test]
    fn an_outage_that_can_not_burn_that_fast_never_fires() {
        let slo = slo("", "Occurrences", 0.9);
        let fires = ALERTS.map(|alert| alert.timing(&slo, 1.0).fires_after.is_some());
        assert_eq!(fires, [false, true, true, true]);
    }

    #[test]
    fn slices_are_bad_as_soon_as_their_share_is() {
        let slo = slo(", timeSliceTarget: 0.99, timeSliceWindow: 5m", "Timeslices", 0.99);
        let page = ALERTS[0].timing(&slo, 1.0).fires_after.unwrap();
        assert!((page - 521.4).abs() < 1e-6, "{page}");
        assert_eq!(ALERTS[0].timing(&slo, 0.01).fires_after, None);
    }
}

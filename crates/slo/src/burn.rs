//! The burn-rate alerts: their windows and factors, and when they fire.
//!
//! From the SRE Workbook, chapter 5 "Alerting on SLOs", approach 6 (multiwindow, multi-burn-rate alerts), table 5-8: an
//! alert fires when a given share of the budget was spent within its long window, and the short window says that it still
//! goes on.

use crate::slo::tidy;
use crate::{Span, Window};

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
}

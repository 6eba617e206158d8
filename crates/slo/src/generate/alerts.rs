//! The alerts, shared by all SLOs.

use std::collections::BTreeSet;

use super::names::{BUDGET, EVENTS, MIN_BAD, REMAINING, bad_in, ratio_in, slice_bad_in};
use super::times::{ABSENT, EVERY, KEEP_FIRING};
use super::writer::{Alert, Writer};
use crate::burn::{ALERTS, BurnAlert};
use crate::{Scale, Span, Window};

/// The alert for an indicator whose metric is absent.
const ABSENT_ALERT: &str = "SLOIndicatorAbsent";

/// Returns the URL of an alert's runbook.
fn runbook(alert: &str) -> String {
    format!("{}/blob/main/runbooks/{alert}.md", env!("CARGO_PKG_REPOSITORY"))
}

/// Returns whether bad events over `window` are recorded for an alert's guard.
pub(super) fn is_long_window(window: Span) -> bool {
    ALERTS.iter().any(|alert| alert.long == window)
}

/// Writes the alerts: burn-rate alerts once per budget window, because their factors depend on it.
pub(super) fn write(writer: &mut Writer, budgets: &BTreeSet<Window>, slices: bool, scale: Scale) {
    writer.group("slos:alerts", scale.apply(EVERY));
    for window in budgets {
        for alert in &ALERTS {
            write_burn(writer, *window, alert, slices, scale);
        }
    }
    write_absent(writer, scale);
}

fn write_burn(writer: &mut Writer, window: Window, alert: &BurnAlert, slices: bool, scale: Scale) {
    let of = format!("{{window=\"{window}\"}}");
    let factor = alert.factor(window);
    let above = |span| format!("{}{of} > {factor} * {BUDGET}{of}", ratio_in(span));
    let events = format!("{}{of}", bad_in(alert.long));
    let counted = if slices { format!("({}{of} or {events})", slice_bad_in(alert.long)) } else { events };
    let expression = format!("{}\nand\n{}\nand\n{counted} >= {MIN_BAD}{of}", above(alert.long), above(alert.short));
    let name = alert.severity.alert_name();
    let labels = [
        ("severity", alert.severity.as_str().to_owned()),
        ("source", "tidewatch".to_owned()),
        ("path", "slow".to_owned()),
        ("long_window", alert.long.to_string()),
        ("burn_rate", factor.to_string()),
    ];
    let left = format!(
        "{{{{ with printf \"{REMAINING}{{slo=%q}}\" $labels.slo | query }}}}Remaining budget: \
         {{{{ . | first | value | humanizePercentage }}}}.{{{{ end }}}}"
    );
    let annotations = [
        (
            "summary",
            format!("{{{{ $labels.slo }}}} spends its error budget at least {factor} times as fast as allowed"),
        ),
        (
            "description",
            format!(
                "{{{{ $value | humanizePercentage }}}} of the last {long} was bad, and the errors continue. At \
                 {factor} times the allowed rate, {spent} % of the {window} budget is spent every {long}. {left}",
                long = alert.long,
                spent = alert.spent_percent(window),
            ),
        ),
        ("runbook_url", runbook(name)),
    ];
    let alert = Alert {
        name,
        hold: None,
        keep_firing: Some(scale.apply(KEEP_FIRING)),
        labels: &labels,
        annotations: &annotations,
    };
    writer.alert(&alert, &expression);
}

fn write_absent(writer: &mut Writer, scale: Scale) {
    let labels = [("severity", "warning".to_owned()), ("source", "tidewatch".to_owned()), ("path", "slow".to_owned())];
    let annotations = [
        ("summary", "{{ $labels.slo }} can't be evaluated: its metric is absent".to_owned()),
        (
            "description",
            "Prometheus has no series for the indicator of {{ $labels.slo }} ({{ $labels.service }}), so no burn-rate \
             alert of it can fire."
                .to_owned(),
        ),
        ("runbook_url", runbook(ABSENT_ALERT)),
    ];
    let alert = Alert {
        name: ABSENT_ALERT,
        hold: Some(scale.apply(ABSENT)),
        keep_firing: None,
        labels: &labels,
        annotations: &annotations,
    };
    writer.alert(&alert, &format!("{BUDGET} unless {EVENTS}"));
}

//! The base records of one SLO: numerator and denominator, of which everything else is made, and its constants.

use super::names::{BAD, BUDGET, EVENTS, MIN_BAD, POINT, SLICE_BAD, SLICE_EVENTS, ratio_in};
use super::times::{EVERY, RATE};
use super::writer::Writer;
use crate::slo::complement;
use crate::{Budgeting, Indicator, Query, Scale, Slo, Span};

/// Writes the group of `slo`.
pub(super) fn write(writer: &mut Writer, slo: &Slo, scale: Scale) {
    let window = slo.window.to_string();
    let mut labels = vec![("slo", slo.name.as_str()), ("service", &slo.service), ("window", &window)];
    labels.extend(slo.labels.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    writer.group(&format!("slo:{}", slo.name), scale.apply(EVERY));
    for (name, expression) in records(slo, scale) {
        writer.record(name, &expression, &labels);
    }
    writer.record(&ratio_in(RATE), &ratio(slo, scale), &labels);
    writer.record(BUDGET, &format!("vector({})", slo.budget()), &labels);
    writer.record(MIN_BAD, &format!("vector({})", slo.min_bad_events), &labels);
}

/// The share of bad events over the last five minutes. Base records of events are means over these already, those of
/// time are not.
fn ratio(slo: &Slo, scale: Scale) -> String {
    let own = |record: &str| format!("{record}{{slo=\"{}\"}}", slo.name);
    match (slo.budgeting, &slo.indicator) {
        (Budgeting::Occurrences, Indicator::Good { .. } | Indicator::Bad { .. }) => {
            format!("sum({}) / (sum({}) > 0)", own(BAD), own(EVENTS))
        }
        _ => format!("sum(avg_over_time({}[{}])) and sum({})", own(BAD), scale.apply(RATE), own(BAD)),
    }
}

/// Records in the order of their evaluation: a later one reads what an earlier one has just written.
fn records(slo: &Slo, scale: Scale) -> Vec<(&'static str, String)> {
    let own = |record: &str| format!("sum({record}{{slo=\"{}\"}})", slo.name);
    match (slo.budgeting, &slo.indicator) {
        (Budgeting::Occurrences, Indicator::Threshold { .. }) => {
            vec![(BAD, value_is_bad(&slo.indicator)), (EVENTS, format!("1 + 0 * {}", own(BAD)))]
        }
        (Budgeting::Occurrences, indicator) => {
            let (events, bad) = rates(indicator, RATE, scale, &own(EVENTS));
            vec![(EVENTS, events), (BAD, bad)]
        }
        (Budgeting::TimeSlices { slice, target }, Indicator::Threshold { .. }) => {
            let slice = scale.apply(slice);
            let bad =
                format!("sum(avg_over_time({POINT}{{slo=\"{}\"}}[{slice}])) > bool {}", slo.name, complement(target));
            // The mean lasts for a slice after the value is gone; the slice's events must not.
            let bad = format!("{bad} and {}", own(POINT));
            vec![(POINT, value_is_bad(&slo.indicator)), (BAD, bad), (EVENTS, format!("1 + 0 * {}", own(POINT)))]
        }
        (Budgeting::TimeSlices { slice, target }, indicator) => {
            let (events, bad) = rates(indicator, slice, scale, &own(SLICE_EVENTS));
            let share = format!("{} / ({} > 0)", own(SLICE_BAD), own(SLICE_EVENTS));
            vec![
                (SLICE_EVENTS, events),
                (SLICE_BAD, bad),
                (EVENTS, format!("1 + 0 * {}", own(SLICE_EVENTS))),
                (BAD, format!("({share} > bool {})\nor\n0 * {}", complement(target), own(SLICE_EVENTS))),
            ]
        }
    }
}

/// All events a second and the bad ones, of which there are none, not unknown many, where no series tells of any.
/// `all` is what was recorded of the former.
fn rates(indicator: &Indicator, over: Span, scale: Scale, all: &str) -> (String, String) {
    let over = scale.apply(over);
    let rate = |query: &Query, counter: bool| match counter {
        true => format!("sum(rate({}[{over}]))", embedded(&query.text)),
        // No number, as a recorded ratio is without traffic, would make every sum that it is in no number for as long
        // as a budget's window.
        false => format!("sum(({}) >= 0)", embedded(&query.text)),
    };
    let bad_rate = |query: &Query, counter: bool| match counter {
        true => format!("sum({})", rate_from_zero(&embedded(&query.text), over)),
        false => rate(query, false),
    };
    match indicator {
        Indicator::Bad { bad, total, counter } => {
            (rate(total, *counter), format!("{}\nor\n0 * {all}", bad_rate(bad, *counter)))
        }
        Indicator::Good { good, total, counter } => {
            let good = rate(good, *counter);
            (rate(total, *counter), format!("clamp_min({all} - ({good} or 0 * {all}), 0)"))
        }
        // Not called for it.
        Indicator::Threshold { .. } => (String::new(), String::new()),
    }
}

/// The rate of counters that may have been 0 until now, as those of errors are. `rate()` takes it that such a counter
/// began with the window's first sample and reaches no further back, so the first errors after a start would count for
/// too little (two thirds of a scrape's interval of a total outage). `delta()` does reach back, but knows no counter
/// that starts anew; where one did, it is the smaller.
fn rate_from_zero(selector: &str, over: Span) -> String {
    let straight = format!("delta({selector}[{over}]) / {}", over.as_secs_f64());
    format!("\n  rate({selector}[{over}]) > {straight}\n  or\n  {straight}\n")
}

/// 1 where a series of the value is not within the bound, else 0; no number (of a quantile without requests) is within.
fn value_is_bad(indicator: &Indicator) -> String {
    match indicator {
        Indicator::Threshold { query, good_when, value } => {
            format!("max(({}) {} bool {value})", embedded(&query.text), good_when.negated().symbol())
        }
        Indicator::Good { .. } | Indicator::Bad { .. } => String::new(),
    }
}

/// A query on lines of its own where it has several or a comment, which would swallow what follows.
fn embedded(query: &str) -> String {
    if query.contains(['\n', '#']) { format!("\n{query}\n") } else { query.to_owned() }
}

//! The base records of one SLO: numerator and denominator, from which everything else is computed, and its constants.

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

/// Returns the ratio of bad events over the last five minutes. Base records of events are already means over five
/// minutes, those of time are not.
fn ratio(slo: &Slo, scale: Scale) -> String {
    let own = |record: &str| format!("{record}{{slo=\"{}\"}}", slo.name);
    match (slo.budgeting, &slo.indicator) {
        (Budgeting::Occurrences, Indicator::Good { .. } | Indicator::Bad { .. }) => {
            format!("sum({}) / (sum({}) > 0)", own(BAD), own(EVENTS))
        }
        _ => format!("sum(avg_over_time({}[{}])) and sum({})", own(BAD), scale.apply(RATE), own(BAD)),
    }
}

/// Returns the records in the order of evaluation: later ones read what earlier ones have just written.
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
            // The mean exists for a slice's length after the value is gone; the slice's events must not.
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

/// Returns the rates of all events and of bad events. Without series for bad events, their rate is 0 rather than
/// unknown. `all` reads the recorded rate of all events.
fn rates(indicator: &Indicator, over: Span, scale: Scale, all: &str) -> (String, String) {
    let over = scale.apply(over);
    let rate = |query: &Query, counter: bool| match counter {
        true => format!("sum(rate({}[{over}]))", embedded(&query.text)),
        // A NaN, which a recorded ratio is without traffic, would turn every sum that includes it into NaN for the
        // whole window of a budget.
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
        // Not called for thresholds.
        Indicator::Threshold { .. } => (String::new(), String::new()),
    }
}

/// Returns the rate of counters that may have been 0 until now, such as error counters. `rate()` assumes that such a
/// counter began with the first sample in the window and doesn't extrapolate further back, so the first errors after a
/// start would count too little (by two thirds of a scrape interval of a total outage). `delta()` does extrapolate back
/// but doesn't detect counter resets; after a reset, its result is the smaller one.
fn rate_from_zero(selector: &str, over: Span) -> String {
    let straight = format!("delta({selector}[{over}]) / {}", over.as_secs_f64());
    format!("\n  rate({selector}[{over}]) > {straight}\n  or\n  {straight}\n")
}

/// Returns 1 if a series of the value is not within the bound, else 0. NaN (of a quantile without requests) counts as
/// within.
fn value_is_bad(indicator: &Indicator) -> String {
    match indicator {
        Indicator::Threshold { query, good_when, value } => {
            format!("max(({}) {} bool {value})", embedded(&query.text), good_when.negated().symbol())
        }
        Indicator::Good { .. } | Indicator::Bad { .. } => String::new(),
    }
}

/// Puts a query on its own lines if it has several lines or a comment, which would swallow the text after it.
fn embedded(query: &str) -> String {
    if query.contains(['\n', '#']) { format!("\n{query}\n") } else { query.to_owned() }
}

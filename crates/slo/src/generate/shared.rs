//! The records shared by all SLOs: ratios of bad events over each window, and remaining budgets.

use std::collections::BTreeSet;

use super::names::{
    BAD, BAD_MEAN, BUDGET, EVENTS, EVENTS_MEAN, EVENTS_TILE, REMAINING, SLICE_BAD, STEP, TILE_STEP, bad_in,
    projected_in, ratio_in, slice_bad_in,
};
use super::times::{self, EVERY, TILE};
use super::writer::Writer;
use crate::{Scale, Span, Window};

/// Windows summed from evaluation steps. The first is only used for its ratio.
const SHORT: [Span; 2] = [Span::from_mins(30), Span::from_hours(1)];
/// Windows summed from tiles.
const LONG: [Span; 4] = [Span::from_hours(2), Span::from_hours(6), Span::from_days(1), Span::from_days(3)];

/// Writes the windows up to an hour, which are as recent as the base records.
pub(super) fn write_short(writer: &mut Writer, slices: bool, scale: Scale) {
    writer.group("slos:short", scale.apply(EVERY));
    writer.record(STEP, &since_last(STEP, EVERY, scale), &[]);
    writer.record(&bad_in(EVERY), &format!("{BAD} * scalar({STEP})"), &[]);
    if slices {
        writer.record(&slice_bad_in(EVERY), &format!("{SLICE_BAD} * scalar({STEP})"), &[]);
    }
    for window in SHORT {
        write_window(writer, window, (EVENTS, EVERY), slices, scale);
    }
}

/// Writes the windows longer than an hour, and the budgets.
pub(super) fn write_long(writer: &mut Writer, budgets: &BTreeSet<Window>, slices: bool, scale: Scale) {
    writer.group("slos:long", scale.apply(TILE));
    writer.record(TILE_STEP, &since_last(TILE_STEP, TILE, scale), &[]);
    // Half a minute back: records evaluated at this moment may not be written yet, and no later tile would include
    // them.
    let mean =
        |record: &str, over| format!("avg_over_time({record}[{}] offset {})", scale.apply(over), scale.apply(EVERY));
    let tile = |record| mean(record, TILE);
    writer.record(EVENTS_TILE, &tile(EVENTS), &[]);
    writer.record(&bad_in(TILE), &format!("{} * scalar({TILE_STEP})", tile(BAD)), &[]);
    if slices {
        writer.record(&slice_bad_in(TILE), &format!("{} * scalar({TILE_STEP})", tile(SLICE_BAD)), &[]);
    }
    for window in LONG {
        write_window(writer, window, (EVENTS_TILE, TILE), slices, scale);
    }
    writer.record(EVENTS_MEAN, &mean(EVENTS, times::STEP), &[]);
    writer.record(BAD_MEAN, &mean(BAD, times::STEP), &[]);
    for window in budgets {
        write_budget(writer, *window, scale);
    }
}

/// Returns the seconds since the same record's last sample, so that a missed evaluation leaves no gap and an early one
/// counts less.
fn since_last(record: &str, usual: Span, scale: Scale) -> String {
    format!("time() - timestamp({record}) or vector({})", scale.apply(usual).as_secs_f64())
}

fn write_window(writer: &mut Writer, window: Span, (events, every): (&str, Span), slices: bool, scale: Scale) {
    let scaled = scale.apply(window);
    let counted = super::alerts::is_long_window(window);
    let sum = |record: String| format!("sum_over_time({record}[{scaled}])");
    let bad = if counted {
        writer.record(&bad_in(window), &sum(bad_in(every)), &[]);
        bad_in(window)
    } else {
        sum(bad_in(every))
    };
    if counted && slices {
        writer.record(&slice_bad_in(window), &sum(slice_bad_in(every)), &[]);
    }
    // The mean rate times the whole window: unobserved time is assumed to have the same traffic and no bad events.
    let projected = format!("{} * avg_over_time({events}[{scaled}])", scaled.as_secs_f64());
    writer.record(&ratio_in(window), &format!("{bad} / ({projected} > 0)"), &[]);
}

fn write_budget(writer: &mut Writer, window: Window, scale: Scale) {
    let span = window.span();
    let scaled = scale.apply(span);
    let of = format!("{{window=\"{window}\"}}");
    let (bad, projected, ratio) = (bad_in(span), projected_in(span), ratio_in(span));
    // Subqueries have their own steps, independent of the evaluation interval: 4,320 in 30 days; promtool allows
    // 10,000. Until the first step, the last hour's value is used.
    let steps = |record: &str| format!("{record}{of}[{scaled}:{}]", scale.apply(times::STEP));
    let step = scale.apply(times::STEP).as_secs_f64();
    let counted = format!("{step} * sum_over_time({})", steps(BAD_MEAN));
    writer.record(&bad, &format!("{counted} or {}{of}", bad_in(Span::from_hours(1))), &[]);
    let mean = format!("(avg_over_time({}) or {EVENTS}{of})", steps(EVENTS_MEAN));
    writer.record(&projected, &format!("{} * {mean}", scaled.as_secs_f64()), &[]);
    writer.record(&ratio, &format!("{bad} / ({projected} > 0)"), &[]);
    // Without any events, nothing is spent.
    let spent = format!("({ratio} or 0 * {projected})");
    writer.record(REMAINING, &format!("1 - {spent} / {BUDGET}{of}"), &[]);
}

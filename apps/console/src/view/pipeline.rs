//! The processing of records: lag per partition, totals, and the dead letters with their reasons.

use maud::{Markup, html};
use tidewatch_contract::http::processor::{PartitionStatus, Status};

use super::chart::fixed;
use super::{View, format};

/// The columns of the table of partitions.
const COLUMNS: [&str; 8] = ["Partition", "Position", "End", "Lag", "Watermark", "Late", "Dead letters", "Holes"];

pub(super) fn pipeline(view: &View<'_>) -> Markup {
    let processor = view.state.processor.as_ref();
    html! {
        @if processor.is_some() {
            div class="card" {
                h3 { "Stream-processor" }
                @match processor.and_then(|processor| processor.current()) {
                    Some(status) => (progress(view, status)),
                    None => p class="empty" { "It doesn't answer, so its lag is unknown." },
                }
            }
        }
        div class="card" {
            h3 { "Dead letters" }
            (dead_letters(view))
        }
    }
}

fn progress(view: &View<'_>, status: &Status) -> Markup {
    let totals = status.totals;
    let count = |name: &str, value: i64, meaning: &str| {
        html! { div title=(meaning) { dt { (name) } dd { b { (format::thousands(value)) } } } }
    };
    html! {
        dl class="counts" {
            (count("Produced", totals.produced as i64, "Records written to metrics.raw since the processor's first \
                                                        start."))
            (count("Processed", totals.processed as i64, "Records that the processor has read."))
            (count("Late", totals.late as i64, "Events that arrived after their window was evaluated: counted, not \
                                                evaluated."))
            (count("Dead letters", totals.dead_lettered as i64, "Records that can't be evaluated."))
            @if totals.holes > 0 {
                (count("Holes", totals.holes as i64, "Offsets without a record to read: ends of transactions, aborted \
                                                      ones, compaction."))
            }
            @if totals.gap > 0 {
                (count("Lost", totals.gap as i64, "Records that retention deleted before they were read."))
            }
            (count("Lag", totals.lag as i64, "Records written and not yet read."))
        }
        (lag_bars(&status.partitions))
        details {
            summary { "Every partition" }
            div class="scroll" tabindex="0" role="region" aria-label="Partitions of metrics.raw" {
                table {
                    thead {
                        tr {
                            @for name in COLUMNS { th scope="col" { (name) } }
                        }
                    }
                    tbody { @for partition in &status.partitions { (partition_row(view, partition)) } }
                }
            }
            p class="muted" { "Watermark: the event time up to which everything is evaluated, shown as its distance \
                               from now. An unused partition has none." }
        }
    }
}

fn partition_row(view: &View<'_>, partition: &PartitionStatus) -> Markup {
    html! {
        tr {
            th scope="row" { (partition.partition) }
            td { (format::thousands(partition.position)) }
            td { (format::thousands(partition.high)) }
            td { (format::thousands(partition.lag)) }
            @let watermark = partition.watermark.map(|at| format!("{} ago", format::age(at, view.now)));
            td { (watermark.unwrap_or(format::NONE.to_owned())) }
            td { (partition.late) }
            td { (partition.dead_lettered) }
            td { (partition.holes) }
        }
    }
}

/// Renders one bar per partition. A lag of a few records is normal for a stream, so the scale reaches at least 100.
fn lag_bars(partitions: &[PartitionStatus]) -> Markup {
    let top = partitions.iter().map(|partition| partition.lag).max().unwrap_or_default().max(100) as f64;
    html! {
        div class="lag" {
            p { "Lag by partition, in records " span class="muted" { "(full bar: " (format::number(top)) ")" } }
            ol {
                @for partition in partitions {
                    @let lag = format::thousands(partition.lag);
                    li title={ "partition " (partition.partition) ": " (lag) " records behind" } {
                        svg viewBox="0 0 10 30" preserveAspectRatio="none" aria-hidden="true" focusable="false" {
                            rect class="track" width="10" height="30" {}
                            @let height = (partition.lag as f64 / top * 30.0).clamp(0.0, 30.0);
                            rect class="used" width="10" y=(fixed(30.0 - height)) height=(fixed(height)) {}
                        }
                        b { (lag) }
                        span class="muted" { "p" (partition.partition) }
                    }
                }
            }
        }
    }
}

fn dead_letters(view: &View<'_>) -> Markup {
    let letters = &view.state.letters;
    html! {
        dl class="counts" {
            div title="Dead letters that metrics.raw.dlq holds." {
                dt { "Held" }
                dd { b { (letters.held().map_or(format::NONE.to_owned(), format::thousands)) } }
            }
            div { dt { "Last minute" } dd { b { (letters.recent(view.second(), 60)) } } }
        }
        @if letters.last().next().is_none() {
            p class="empty" { "None: every record could be read." }
        } @else {
            ol class="lines letters" {
                @for letter in letters.last() {
                    li {
                        time { (format::clock(letter.at)) }
                        span class="level" { (letter.reason) }
                        span class="name" { (if letter.key.is_empty() { "no key" } else { &letter.key }) }
                        span class="message" {
                            (explain(&letter.reason)) " " span class="muted" { bdi { (letter.origin) } }
                        }
                    }
                }
            }
        }
    }
}

fn explain(reason: &str) -> &'static str {
    match reason {
        "not_json" => "not JSON in UTF-8",
        "invalid_field" => "a field is missing, or its value is wrong",
        "too_large" => "larger than 256 KiB",
        "too_old" => "its time is before the year 2000",
        "from_future" => "its time is more than 60 s ahead of its arrival",
        _ => "",
    }
}

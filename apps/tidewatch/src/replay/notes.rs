//! Notes for the user on what a replay finds out about its log, each shown only once or a few times.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::liveness::{Liveness, Source};
use super::log_clock::{LONGEST_PAUSE, Oddity};
use super::schedule::Schedule;
use super::status::words;
use crate::progress::Progress;

/// Number of oddities of a kind to report; all of them are counted.
const TOLD: u32 = 3;
/// Minimum length of a pause to report when it starts.
const LONG: Duration = Duration::from_secs(10);

/// A record of the notes already shown.
#[derive(Debug, Default)]
pub(super) struct Notes {
    source: Option<Source>,
    apart: Told,
    last_apart: Option<u64>,
    turned: Told,
    pause: bool,
}

#[derive(Debug, Default)]
struct Told(u32);

impl Told {
    /// Counts one more, and returns whether to report it.
    fn more(&mut self) -> bool {
        self.0 += 1;
        self.0 <= TOLD
    }
}

impl Notes {
    /// Reports that line `number`, logged `at`, is live or not, if that has changed.
    pub(super) fn source(&mut self, progress: &Progress, liveness: &Liveness, number: u64, at: Timestamp) {
        let source = liveness.source();
        let before = self.source.replace(source);
        if before == Some(source) {
            return;
        }
        match (source, liveness.behind()) {
            (Source::Live, _) if liveness.is_given() => {}
            (Source::Live, _) => progress.note(format_args!(
                "from line {number} on, the log is recent: its events are live, and every rule evaluates them"
            )),
            (Source::Replay, Some(behind)) => progress.note(format_args!(
                "line {number} is {} old: until the log catches up, its events are marked as a replay, which \
                 TrafficDrop and ClockSkew ignore",
                words(behind)
            )),
            (Source::Replay, None) => progress.note(format_args!(
                "line {number} is from {at:.0}, which is not recent: events are marked as a replay, which TrafficDrop \
                 and ClockSkew ignore (if the log's clock is wrong, use --live)"
            )),
        }
    }

    /// Reports that line `number`, logged `at`, is odd.
    pub(super) fn oddity(&mut self, progress: &Progress, oddity: Oddity, number: u64, at: Timestamp) {
        match oddity {
            Oddity::Apart { by } => {
                // Not worth a note: a request that took minutes, if the log has its start time.
                let is_wrong = by > LONGEST_PAUSE || by < -LONGEST_PAUSE;
                let is_first = self.last_apart.replace(number).is_none_or(|last| last + 1 < number);
                if is_wrong && is_first && self.apart.more() {
                    let side = if by < SignedDuration::ZERO { "before" } else { "after" };
                    progress.note(format_args!(
                        "line {number} is from {at:.0}, {} {side} the previous lines: sent together with them",
                        words(by.unsigned_abs())
                    ));
                }
            }
            Oddity::Turned { backwards } if self.turned.more() => {
                if backwards {
                    progress.note(format_args!(
                        "the log is newest first (detected at line {number}): sent in this order, at the logged \
                         intervals; `tac` reverses it"
                    ));
                } else {
                    progress.note(format_args!("the log jumped to {at:.0} (line {number}) and continues from there"));
                }
            }
            Oddity::Turned { .. } => {}
        }
    }

    /// Reports a long pause: nothing is due before the line that was logged `until`.
    pub(super) fn pause(&mut self, progress: &Progress, pause: Duration, until: Timestamp, schedule: &Schedule) {
        if pause >= LONG && !self.pause && !schedule.cuts_pauses() {
            self.pause = true;
            progress.note(format_args!(
                "waiting {} for the next line of the log ({until:.0}); --max-gap 5s shortens such pauses",
                words(pause)
            ));
        }
    }
}

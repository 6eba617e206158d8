//! The progress of event time in a partition, and which windows had been evaluated at which offset.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::units::{Offset, Span, Time, Window};

/// If a partition's records do not advance its event time for this much append time, append time advances it, this far
/// behind. Otherwise a service alone in its partition whose clock is set back would stop the partition's time, and with
/// it the rule that should detect exactly that; and a partition with nothing but malformed records would never be
/// evaluated.
const STALL: Span = Span::seconds(10);
/// Upper bound on the difference between well-synchronised clocks.
const CLOCKS_DIFFER: Span = Span::seconds(2);

/// The newest event time of a partition: the greatest min(event time, append time) read.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Watermark {
    pub(crate) newest: Option<Time>,
    /// Append time of the first of the consecutive records that did not advance event time.
    pub(crate) stalled_since: Option<Time>,
    pub(crate) last_appended: Time,
    /// See [`Watermark::is_borne_out`].
    pub(crate) leap: Option<Leap>,
}

/// A large jump in event time that is claimed by one sender and not confirmed yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Leap {
    /// The sender.
    service: String,
    region: String,
    /// The first and the latest time claimed, in milliseconds.
    first_ms: Time,
    latest_ms: Time,
}

impl Leap {
    fn is_of(&self, (service, region): (&str, &str)) -> bool {
        self.service == service && self.region == region
    }
}

impl Watermark {
    /// Returns whether a record of a sender (a service and a region) may advance event time to `reached` where the
    /// broker doesn't provide the append time. `event` is the time of its event, `read_at` the time at which it was
    /// read.
    ///
    /// A single host with a fast clock must not make everybody else in its partition late. So a leap of more than
    /// [`STALL`], and any step at all by a clock that is ahead of the reader's, needs confirmation: by another sender;
    /// by the reader's clock, if it agrees; or by the same sender, if it advances from there by [`STALL`] while nobody
    /// else sends times from before the leap.
    pub(crate) fn is_borne_out(&mut self, reached: Time, sender: (&str, &str), event: Time, read_at: Time) -> bool {
        let Some(newest) = self.newest else { return true };
        let is_ahead = event - read_at > CLOCKS_DIFFER;
        if reached - newest <= if is_ahead { Span(0) } else { STALL } {
            if newest - reached <= STALL {
                self.leap = None;
            }
            return true;
        }
        let agrees = (Span(0)..=STALL).contains(&(read_at - event));
        let is_borne_out = agrees
            || match &mut self.leap {
                Some(leap) if leap.is_of(sender) => {
                    leap.latest_ms = leap.latest_ms.max(reached);
                    leap.latest_ms - leap.first_ms >= STALL
                }
                Some(leap) if (leap.latest_ms - reached).abs() <= STALL => true,
                _ => {
                    let (service, region) = (sender.0.to_owned(), sender.1.to_owned());
                    self.leap = Some(Leap { service, region, first_ms: reached, latest_ms: reached });
                    false
                }
            };
        if is_borne_out {
            self.leap = None;
        }
        is_borne_out
    }

    /// Observes one record. `event` is `None` if its own time is not credible.
    pub(crate) fn observe(&mut self, event: Option<Time>, appended: Time) {
        // A pause in reading or sending is not a stall, and the records after it may be a backlog.
        let pause = appended - self.last_appended > STALL;
        self.last_appended = appended;
        let reached = event.map(|event| event.min(appended));
        if reached > self.newest {
            self.newest = reached;
            self.stalled_since = None;
            return;
        }
        let Some(newest) = self.newest else { return };
        match self.stalled_since {
            Some(since) if !pause => {
                if appended - since >= STALL {
                    self.newest = Some(newest.max(appended - STALL));
                }
            }
            _ => self.stalled_since = Some(appended),
        }
    }

    /// Advances event time to `time`: no earlier event will follow.
    pub(crate) fn reach(&mut self, time: Time) {
        self.newest = self.newest.max(Some(time));
    }
}

/// The window that had been evaluated at each offset, as far back as it matters. It ensures that a record that is read
/// again is late if and only if it was late the first time, whatever advanced the watermark then.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Steps(VecDeque<(Offset, Window)>);

impl Steps {
    pub(crate) fn restore(steps: impl IntoIterator<Item = (Offset, Window)>) -> Self {
        Self(steps.into_iter().collect())
    }

    /// Records that `window` is the last one evaluated from `offset` on. Drops steps up to `forget_until`, which no
    /// longer matter.
    pub(crate) fn push(&mut self, offset: Offset, window: Window, forget_until: Window) {
        self.0.push_back((offset, window));
        while self.0.front().is_some_and(|&(_, window)| window <= forget_until) {
            self.0.pop_front();
        }
    }

    /// Returns the last window evaluated when `offset` was first read; `None` if there was none, or if it was too long
    /// ago to matter.
    pub(crate) fn judged_at(&self, offset: Offset) -> Option<Window> {
        self.0.iter().rev().find(|&&(from, _)| from <= offset).map(|&(_, window)| window)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Offset, Window)> {
        self.0.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn newest(records: &[(Option<i64>, i64)]) -> Option<i64> {
        let mut watermark = Watermark::default();
        for &(event, appended) in records {
            watermark.observe(event.map(|s| Time(s * 1_000)), Time(appended * 1_000));
        }
        watermark.newest.map(|time| time.0 / 1_000)
    }

    #[test]
    fn the_newest_event_time_counts_but_at_most_its_append_time() {
        assert_eq!(newest(&[(Some(100), 101), (Some(99), 101), (Some(150), 102)]), Some(102));
    }

    #[test]
    fn records_without_a_credible_time_do_not_advance_the_watermark_at_first() {
        assert_eq!(newest(&[(None, 100)]), None);
        assert_eq!(newest(&[(Some(100), 101), (None, 109)]), Some(100));
    }

    #[test]
    fn append_time_advances_a_partition_whose_event_time_has_stood_still_for_ten_seconds() {
        let set_back: Vec<_> = (0..60).map(|s| (Some(s), s)).chain((60..120).map(|s| (Some(s - 120), s))).collect();
        assert_eq!(newest(&set_back), Some(109));
    }

    #[test]
    fn a_pause_is_not_a_stall() {
        assert_eq!(newest(&[(Some(100), 101), (Some(99), 101), (Some(98), 400), (Some(101), 401)]), Some(101));
    }

    #[test]
    fn steps_return_the_window_evaluated_when_an_offset_was_read() {
        let mut steps = Steps::default();
        for (offset, window) in [(0, 100), (10, 101), (20, 105), (20, 106), (30, 118)] {
            steps.push(Offset(offset), Window(window), Window(window - 12));
        }
        assert_eq!(steps.judged_at(Offset(9)), None, "106 and older are a window before 118");
        assert_eq!(steps.judged_at(Offset(29)), None);
        assert_eq!(steps.judged_at(Offset(30)), Some(Window(118)));
    }
}

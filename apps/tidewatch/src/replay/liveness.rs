//! Decides whether the lines of an input are about now, that is, requests as they happen rather than a replay of old
//! ones.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// Number of lines to look at together: a single line proves nothing, since a request that took minutes may be logged
/// with its start time.
const LINES: usize = 10;
/// Maximum distance from the clock at which a line makes the input live.
const BECOMES_LIVE: SignedDuration = SignedDuration::from_secs(60);
/// Maximum distance from the clock at which a line keeps the input live. Larger than [`BECOMES_LIVE`], so that the
/// input doesn't keep switching.
const STAYS_LIVE: SignedDuration = SignedDuration::from_secs(120);
/// Minimum lag to report; many logs have whole seconds only.
const WORTH_SAYING: Duration = Duration::from_secs(5);

/// The kind of an event, for the processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// It happens now: every rule evaluates it.
    Live,
    /// It happened in the past: TrafficDrop and ClockSkew ignore it.
    Replay,
}

/// Decides by the times of the last lines.
#[derive(Debug)]
pub(super) struct Liveness {
    /// Whether the user said that the input is live.
    given: bool,
    /// How long ago each of the last lines was logged; negative if its time is in the future.
    lags: VecDeque<SignedDuration>,
    source: Source,
    was_live: bool,
    most_behind: Duration,
}

impl Liveness {
    /// Creates one for an input that is live if its lines are about now, or in any case if `given`.
    pub(super) fn new(given: bool) -> Self {
        let source = if given { Source::Live } else { Source::Replay };
        Self { given, lags: VecDeque::new(), source, was_live: false, most_behind: Duration::ZERO }
    }

    /// Returns the kind of the line that was logged `at` and read `now`.
    pub(super) fn read(&mut self, at: Timestamp, now: Timestamp) -> Source {
        if self.lags.len() == LINES {
            self.lags.pop_front();
        }
        self.lags.push_back(now.duration_since(at));
        let limit = if self.source == Source::Live { STAYS_LIVE } else { BECOMES_LIVE };
        let is_live = self.given || self.nearest().is_some_and(|lag| lag.abs() <= limit);
        self.source = if is_live { Source::Live } else { Source::Replay };
        self.was_live |= is_live;
        self.most_behind = self.most_behind.max(self.behind().unwrap_or_default());
        self.source
    }

    /// Returns whether the user said that the input is live.
    pub(super) fn is_given(&self) -> bool {
        self.given
    }

    /// Returns the kind of the last line.
    pub(super) fn source(&self) -> Source {
        self.source
    }

    /// Returns how far the input is behind the clock, if it was ever live and the lag is worth reporting.
    pub(super) fn behind(&self) -> Option<Duration> {
        let lag = Duration::try_from(self.nearest()?).ok()?;
        (self.was_live && lag >= WORTH_SAYING).then_some(lag)
    }

    /// Returns the largest lag so far.
    pub(super) fn most_behind(&self) -> Option<Duration> {
        (!self.most_behind.is_zero()).then_some(self.most_behind)
    }

    fn nearest(&self) -> Option<SignedDuration> {
        self.lags.iter().copied().min_by_key(|lag| lag.abs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn ago(seconds: i64) -> Timestamp {
        NOW - SignedDuration::from_secs(seconds)
    }

    fn last(given: bool, seconds_ago: &[i64]) -> (Source, Option<u64>) {
        let mut liveness = Liveness::new(given);
        for seconds in seconds_ago {
            liveness.read(ago(*seconds), NOW);
        }
        (liveness.source(), liveness.behind().map(|behind| behind.as_secs()))
    }

    #[test]
    fn recent_lines_are_live_and_old_ones_are_a_replay() {
        assert_eq!(last(false, &[1]), (Source::Live, None));
        assert_eq!(last(false, &[-59]), (Source::Live, None), "a clock that is ahead");
        for seconds in [61, -61, 86_400 * 365] {
            assert_eq!(last(false, &[seconds]), (Source::Replay, None), "{seconds}");
        }
    }

    #[test]
    fn a_followed_log_is_live_from_the_first_recent_line_after_its_history() {
        assert_eq!(last(false, &[7000, 4000, 3000, 0]), (Source::Live, None));
    }

    #[test]
    fn single_lines_of_another_time_change_nothing() {
        assert_eq!(last(false, &[0, 300, 0, -86_400_000, 300, 1, 600]), (Source::Live, None));
    }

    #[test]
    fn an_input_that_falls_behind_reports_its_delay_and_is_a_replay_from_two_minutes_until_it_catches_up() {
        let behind = |seconds| [[0; 10], [seconds; 10]].concat();
        assert_eq!(last(false, &behind(42)), (Source::Live, Some(42)));
        assert_eq!(last(false, &behind(119)), (Source::Live, Some(119)));
        assert_eq!(last(false, &behind(121)), (Source::Replay, Some(121)));
        assert_eq!(last(false, &[behind(121), vec![61]].concat()), (Source::Replay, Some(61)));
        assert_eq!(last(false, &[behind(121), vec![59]].concat()), (Source::Live, Some(59)));
    }

    #[test]
    fn the_greatest_delay_is_kept() {
        let mut liveness = Liveness::new(false);
        for seconds in [[0; 10], [42; 10], [7; 10], [1; 10]].concat() {
            liveness.read(ago(seconds), NOW);
        }
        assert_eq!((liveness.behind(), liveness.most_behind()), (None, Some(Duration::from_secs(42))));
    }

    #[test]
    fn lines_that_the_user_calls_live_are_live_whatever_their_times() {
        assert_eq!(last(true, &[3600; 20]).0, Source::Live);
        assert_eq!(last(true, &[-3600; 20]), (Source::Live, None));
    }
}

//! Finds the place of each line in a log, by its own time and those of the lines around it.
//!
//! Most lines are close to the newest one before them: a server logs a request when it ends, so they are slightly out
//! of order. A line that is far away either has a wrong time, and then stays with the lines around it, or the log
//! itself has turned: to another day, to an older file, or because it runs backwards. It takes several such lines in a
//! row to know.

use jiff::{SignedDuration, Timestamp};

/// How far behind the newest line another one may be and still be sorted in before it.
pub(super) const REACH: SignedDuration = SignedDuration::from_secs(60);
/// How far ahead of the newest line the next one may be. A longer distance isn't a pause but a different time.
pub(super) const LONGEST_PAUSE: SignedDuration = SignedDuration::from_hours(24);
/// Number of lines in a row, far from those before, after which the log counts as turned.
const TURNED_AFTER: u32 = 10;

/// The place of a line. Positions are ordered as the lines are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position {
    /// How many times the log had turned.
    pub stretch: u32,
    /// Distance from the first line of the stretch, in the direction in which the log runs.
    pub at: SignedDuration,
}

/// Something odd about a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Oddity {
    /// The line is far from those before it.
    Apart {
        /// How far after them, or before them if negative.
        by: SignedDuration,
    },
    /// The last lines agree with each other, but not with those before.
    Turned {
        /// Whether they run backwards.
        backwards: bool,
    },
}

/// The time of the log, according to its lines.
#[derive(Debug, Default)]
pub(super) struct LogClock {
    stretch: Option<Stretch>,
    apart: Apart,
}

#[derive(Debug)]
struct Stretch {
    number: u32,
    first: Timestamp,
    backwards: bool,
    newest: SignedDuration,
}

/// The most recent lines that are far from those before.
#[derive(Debug, Default)]
struct Apart {
    lines: u32,
    last: Timestamp,
    earlier: u32,
    later: u32,
}

impl LogClock {
    /// Takes the time of the next line, and returns its place and any oddity.
    pub(super) fn place(&mut self, at: Timestamp) -> (Position, Option<Oddity>) {
        let stretch = self.stretch.get_or_insert_with(|| Stretch::new(0, at, false));
        let own = stretch.offset(at);
        let by = own - stretch.newest;
        if by > -REACH && by <= LONGEST_PAUSE {
            self.apart = Apart::default();
            stretch.newest = stretch.newest.max(own);
            return (stretch.position(own), None);
        }
        let ahead = if stretch.backwards { -by } else { by };
        self.apart.add(at);
        if self.apart.lines < TURNED_AFTER {
            return (stretch.position(stretch.newest), Some(Oddity::Apart { by: ahead }));
        }
        let backwards = self.apart.runs_backwards();
        self.apart = Apart::default();
        *stretch = Stretch::new(stretch.number + 1, at, backwards);
        (stretch.position(SignedDuration::ZERO), Some(Oddity::Turned { backwards }))
    }
}

impl Stretch {
    fn new(number: u32, first: Timestamp, backwards: bool) -> Self {
        Self { number, first, backwards, newest: SignedDuration::ZERO }
    }

    fn offset(&self, at: Timestamp) -> SignedDuration {
        let since = at.duration_since(self.first);
        if self.backwards { -since } else { since }
    }

    fn position(&self, at: SignedDuration) -> Position {
        Position { stretch: self.number, at }
    }
}

impl Apart {
    fn add(&mut self, at: Timestamp) {
        if self.lines > 0 {
            self.earlier += u32::from(at < self.last);
            self.later += u32::from(at > self.last);
        }
        self.lines += 1;
        self.last = at;
    }

    fn runs_backwards(&self) -> bool {
        self.later == 0 && self.earlier > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// Returns the stretch and second of each line, and the oddities.
    fn placed(seconds: impl IntoIterator<Item = i64>) -> (Vec<(u32, i64)>, Vec<Oddity>) {
        let mut clock = LogClock::default();
        let lines: Vec<_> = seconds.into_iter().map(|second| clock.place(at(second))).collect();
        let positions = lines.iter().map(|(position, _)| (position.stretch, position.at.as_secs())).collect();
        (positions, lines.into_iter().filter_map(|(_, oddity)| oddity).collect())
    }

    const DAY: i64 = 86_400;

    #[test]
    fn lines_within_a_minute_of_the_newest_and_pauses_of_up_to_a_day_are_normal() {
        let (positions, odd) = placed([1000, 1059, 1000, 1059 + DAY]);
        assert_eq!(positions, [(0, 0), (0, 59), (0, 0), (0, 59 + DAY)]);
        assert_eq!(odd, []);
    }

    #[test]
    fn a_single_line_of_another_time_is_sent_with_its_neighbours() {
        for (wrong, by) in [(9999 * DAY, 9999 * DAY - 1001), (0, -1001), (1001 - 60, -60)] {
            let (positions, odd) = placed([1000, 1001, wrong, 1002]);
            assert_eq!(positions, [(0, 0), (0, 1), (0, 1), (0, 2)], "{wrong}");
            assert_eq!(odd, [Oddity::Apart { by: SignedDuration::from_secs(by) }]);
        }
    }

    #[test]
    fn a_log_that_starts_with_a_line_of_another_time_is_followed_from_its_tenth_line_on() {
        for wrong in [0, 9999 * DAY] {
            let (positions, odd) = placed([wrong].into_iter().chain((0..20).map(|line| 5000 * DAY + line)));
            assert!(positions[..10].iter().all(|&position| position == (0, 0)), "{positions:?}");
            assert_eq!(positions[10..], (0..11).map(|line| (1, line)).collect::<Vec<_>>());
            assert_eq!(odd[9..], [Oddity::Turned { backwards: false }]);
        }
    }

    #[test]
    fn an_older_log_after_a_newer_one_is_followed() {
        let (positions, odd) = placed((0..50).map(|line| 9000 + line).chain((0..50).map(|line| 1000 + line)));
        assert_eq!(positions[99], (1, 40));
        assert_eq!(odd.last(), Some(&Oddity::Turned { backwards: false }));
        // Out of order, as lines of a log that doesn't run backwards may be.
        let (_, odd) = placed((0..50).map(|line| 9000 + line).chain((0..50).map(|line| 1000 + (line ^ 1))));
        assert_eq!(odd.last(), Some(&Oddity::Turned { backwards: false }));
    }

    #[test]
    fn in_a_log_that_is_newest_first_time_passes_backwards() {
        for step in [1, 90] {
            let (positions, odd) = placed((0..600).map(|line| 1_000_000 - line * step));
            assert_eq!(odd.iter().filter(|odd| matches!(odd, Oddity::Turned { .. })).count(), 1);
            assert_eq!(odd.last(), Some(&Oddity::Turned { backwards: true }));
            let turned = positions.iter().position(|&(stretch, _)| stretch == 1).unwrap();
            assert!(turned <= 70);
            assert!(positions[turned..].iter().enumerate().all(|(line, &(_, at))| at == step * line as i64));
        }
    }

    #[test]
    fn two_interleaved_logs_an_hour_apart_are_one_stretch() {
        let (positions, _) = placed((0..100).flat_map(|line| [line, line + 3600]));
        assert!(positions.iter().all(|&(stretch, _)| stretch == 0));
        assert_eq!(positions[199], (0, 3699));
    }

    #[test]
    fn extreme_times_do_not_panic() {
        let mut clock = LogClock::default();
        for _ in 0..30 {
            for at in [Timestamp::MIN, Timestamp::MAX, Timestamp::MAX, Timestamp::MIN] {
                clock.place(at);
            }
        }
        let mut clock = LogClock::default();
        for line in 0..30 {
            clock.place(if line < 15 { Timestamp::MAX } else { Timestamp::MIN });
        }
    }
}

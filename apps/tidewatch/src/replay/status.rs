//! The status of a replay, as its progress shows it.

use std::fmt::{self, Display};
use std::time::Duration;

use jiff::Timestamp;

use super::tally::Tally;

/// The status of a replay.
pub(super) struct Status<'a> {
    /// The counts of lines.
    pub tally: &'a Tally,
    /// Current activity.
    pub doing: Doing,
}

/// The activity of a replay.
pub(super) enum Doing {
    /// Nothing has been sent yet.
    Reading,
    /// Sending; the last event sent was logged at this time.
    Sending(Timestamp),
    /// Waiting until the next line of the log is due.
    Waiting {
        /// Remaining time.
        left: Duration,
        /// Time at which that line was logged.
        until: Timestamp,
    },
    /// Blocked because the broker doesn't acknowledge the events sent.
    Blocked,
    /// Sending events as they happen.
    Live,
    /// No longer current: the input was live, and its lines are this old now.
    Behind(Duration),
}

impl Display for Status<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} sent", self.tally.sent)?;
        if self.tally.unreadable.count > 0 {
            write!(out, ", {} unreadable", self.tally.unreadable.count)?;
        }
        match &self.doing {
            Doing::Reading => Ok(()),
            Doing::Sending(at) => write!(out, ", at {at:.0}"),
            Doing::Waiting { left, until } => {
                write!(out, ", waiting {} for the next line of the log ({until:.0})", words(*left))
            }
            Doing::Blocked => write!(out, ", waiting for the broker to acknowledge them"),
            Doing::Live => write!(out, ", live"),
            Doing::Behind(by) => write!(out, ", {} behind the input", words(*by)),
        }
    }
}

/// Returns a duration in words: `42 s`, `58 min`, `75 h`, `27000 days`.
pub(super) fn words(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(doing: Doing) -> String {
        let tally = Tally { sent: 61, ..Tally::default() };
        Status { tally: &tally, doing }.to_string()
    }

    #[test]
    fn a_pause_shows_its_length_and_the_time_of_the_next_line() {
        let until: Timestamp = "2024-08-24T12:00:00Z".parse().unwrap();
        let left = Duration::from_secs(58 * 60);
        assert_eq!(
            text(Doing::Waiting { left, until }),
            "61 sent, waiting 58 min for the next line of the log (2024-08-24T12:00:00Z)"
        );
    }

    #[test]
    fn an_input_that_is_behind_shows_its_delay() {
        assert_eq!(text(Doing::Live), "61 sent, live");
        assert_eq!(text(Doing::Behind(Duration::from_secs(42))), "61 sent, 42 s behind the input");
    }

    #[test]
    fn durations_are_shown_in_a_fitting_unit() {
        let words = |seconds| words(Duration::from_secs(seconds));
        assert_eq!([words(0), words(119), words(120), words(7_200)], ["0 s", "119 s", "2 min", "2 h"]);
        assert_eq!([words(86_400 * 2), words(27_394 * 86_400)], ["2 days", "27394 days"]);
    }
}

//! Progress of a replay: a bar on a terminal, otherwise a plain line now and then. Both go to stderr.

use std::fmt::{self, Display};
use std::io::{IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use tokio::time::Instant;

use super::tally::Tally;

/// Without a terminal: the first interval between two lines. It doubles after each, up to the limit, so that a log that
/// is followed for days doesn't fill up another one.
const FIRST_LINE: Duration = Duration::from_secs(5);
const EVERY_AT_MOST: Duration = Duration::from_secs(60);
/// Interval between updates of the bar.
const REDRAWN: Duration = Duration::from_millis(200);

/// The progress display.
pub(super) struct Progress {
    /// `None` without a terminal.
    bar: Option<ProgressBar>,
    size: Option<u64>,
    every: Duration,
    next: Instant,
    shown: String,
}

/// The status of a replay.
pub(super) struct Status<'a> {
    /// The counts of lines.
    pub tally: &'a Tally,
    /// How much of the log is finished, in bytes.
    pub done: u64,
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

impl Progress {
    /// Returns a display for a log of `size` bytes, if the size is known.
    pub(super) fn new(size: Option<u64>) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let (bar, template) = match size {
                Some(size) => (ProgressBar::new(size), "{bar:20} {percent:>3}% {eta:>4} left, {wide_msg}"),
                None => (ProgressBar::new_spinner(), "{spinner} {wide_msg}"),
            };
            bar.enable_steady_tick(REDRAWN);
            // The templates are constants, so they are known to be well-formed.
            bar.with_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        let every = if bar.is_some() { REDRAWN } else { FIRST_LINE };
        Self { bar, size, every, next: Instant::now() + every, shown: String::new() }
    }

    /// Returns when to show the progress next.
    pub(super) fn due(&self) -> Instant {
        self.next
    }

    /// Shows the progress, unless it is unchanged.
    pub(super) fn show(&mut self, status: &Status<'_>) {
        self.next = Instant::now() + self.every;
        let text = status.to_string();
        if let Some(bar) = &self.bar {
            if self.size.is_some() {
                bar.set_position(status.done);
            }
            bar.set_message(text);
        } else if text != self.shown {
            self.every = (self.every * 2).min(EVERY_AT_MOST);
            let share = match self.size {
                Some(size @ 1..) => format!("{} %, ", status.done * 100 / size),
                _ => String::new(),
            };
            say(&format!("replay: {share}{text}"));
            self.shown = text;
        }
    }

    /// Shows a message to the user at once.
    pub(super) fn note(&self, text: impl Display) {
        let line = format!("replay: {text}");
        match &self.bar {
            Some(bar) => bar.println(line),
            None => say(&line),
        }
    }

    /// Shows that everything is sent, but not everything acknowledged.
    pub(super) fn waiting(&self) {
        if let Some(bar) = &self.bar {
            bar.set_message("waiting for the last acknowledgements");
        }
    }

    /// Removes the bar.
    pub(super) fn done(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
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

fn say(line: &str) {
    // If nobody reads the progress, that isn't an error.
    let _ = writeln!(std::io::stderr(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(doing: Doing) -> String {
        let tally = Tally { sent: 61, ..Tally::default() };
        Status { tally: &tally, done: 0, doing }.to_string()
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

//! Progress of a verb that sends events: a bar on a terminal, otherwise a plain line now and then. Both go to stderr.

use std::fmt::Display;
use std::io::{IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tokio::time::Instant;

/// Without a terminal: the first interval between two lines. It doubles after each, up to the limit, so that a verb
/// that runs for days doesn't fill up a log.
const FIRST_LINE: Duration = Duration::from_secs(5);
const EVERY_AT_MOST: Duration = Duration::from_secs(60);
/// Interval between updates of the bar.
const REDRAWN: Duration = Duration::from_millis(200);

/// The progress display.
pub(crate) struct Progress {
    /// The verb, with which each line begins.
    verb: &'static str,
    /// `None` without a terminal.
    bar: Option<ProgressBar>,
    size: Option<u64>,
    every: Duration,
    next: Instant,
    shown: String,
}

impl Progress {
    /// Returns a display for a piece of work of `size`, in any unit, if the size is known.
    pub(crate) fn new(verb: &'static str, size: Option<u64>) -> Self {
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
        Self { verb, bar, size, every, next: Instant::now() + every, shown: String::new() }
    }

    /// Returns when to show the progress next.
    pub(crate) fn due(&self) -> Instant {
        self.next
    }

    /// Shows how much is `done` and what is going on, unless it is unchanged.
    pub(crate) fn show(&mut self, done: u64, status: &impl Display) {
        self.next = Instant::now() + self.every;
        let text = status.to_string();
        if let Some(bar) = &self.bar {
            if self.size.is_some() {
                bar.set_position(done);
            }
            bar.set_message(text);
        } else if text != self.shown {
            self.every = (self.every * 2).min(EVERY_AT_MOST);
            let share = match self.size {
                Some(size @ 1..) => format!("{} %, ", done * 100 / size),
                _ => String::new(),
            };
            self.say(format_args!("{share}{text}"));
            self.shown = text;
        }
    }

    /// Shows a message to the user at once.
    pub(crate) fn note(&self, text: impl Display) {
        match &self.bar {
            Some(bar) => bar.println(format!("{}: {text}", self.verb)),
            None => self.say(text),
        }
    }

    /// Shows that everything is sent, but not everything acknowledged.
    pub(crate) fn waiting(&self) {
        if let Some(bar) = &self.bar {
            bar.set_message("waiting for the last acknowledgements");
        }
    }

    /// Removes the bar.
    pub(crate) fn done(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn say(&self, text: impl Display) {
        // If nobody reads the progress, that isn't an error.
        let _ = writeln!(std::io::stderr(), "{}: {text}", self.verb);
    }
}

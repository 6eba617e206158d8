//! How far a replay is: a bar on a terminal, else a plain line every few seconds. Both go to stderr.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use tokio::time::Instant;

use super::tally::Tally;

const EVERY: Duration = Duration::from_secs(5);

/// Shows it.
pub(super) struct Progress {
    /// None without a terminal.
    bar: Option<ProgressBar>,
    size: Option<u64>,
    end: u64,
    next_line: Instant,
}

impl Progress {
    /// Of a log of `size` bytes, where that is known.
    pub(super) fn new(size: Option<u64>) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let (bar, template) = match size {
                Some(size) => (ProgressBar::new(size), "{bar:20} {percent:>3}% {eta:>4} left, {msg}"),
                None => (ProgressBar::new_spinner(), "{spinner} {msg}"),
            };
            bar.enable_steady_tick(Duration::from_millis(200));
            // The templates are constants, and so known to be well-formed.
            bar.with_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        Self { bar, size, end: 0, next_line: Instant::now() + EVERY }
    }

    /// The log is read up to the byte `end`.
    pub(super) fn read(&mut self, end: u64, tally: &Tally) {
        self.end = end;
        if let Some(bar) = &self.bar {
            if self.size.is_some() {
                bar.set_position(end);
            }
            bar.set_message(counts(tally));
        }
    }

    /// An event that was logged at this time was sent.
    pub(super) fn sent(&mut self, logged_at: Timestamp, tally: &Tally) {
        if let Some(bar) = &self.bar {
            bar.set_message(format!("{}, at {logged_at:.0}", counts(tally)));
        } else if Instant::now() >= self.next_line {
            self.next_line = Instant::now() + EVERY;
            let share = match self.size {
                Some(size @ 1..) => format!("{} %, ", self.end * 100 / size),
                _ => String::new(),
            };
            say(&format!("replay: {share}{}, at {logged_at:.0}", counts(tally)));
        }
    }

    /// All is sent; the broker has not acknowledged all.
    pub(super) fn waiting(&self) {
        if let Some(bar) = &self.bar {
            bar.set_message("waiting for the last acknowledgements");
        }
    }

    /// Takes the bar away.
    pub(super) fn done(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn counts(tally: &Tally) -> String {
    match tally.unreadable.count {
        0 => format!("{} sent", tally.sent),
        unreadable => format!("{} sent, {unreadable} unreadable", tally.sent),
    }
}

fn say(line: &str) {
    // Progress that nobody reads is no error.
    let _ = writeln!(std::io::stderr(), "{line}");
}

//! The outcome of every line: lines = acknowledged + unreadable + blank + failed + not sent.

use std::fmt::Write as _;

use tidewatch_accesslog as accesslog;
use tidewatch_service::printable;

use super::line::Unreadable;

/// Number of unreadable lines to show with their text.
const SHOWN: usize = 10;
/// Number of ranges of line numbers to list.
const RANGES: usize = 200;
/// Width of the summary in columns.
const WIDTH: usize = 78;

/// Counts of lines by their outcome.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Lines read.
    pub lines: u64,
    /// Of these, the ones without text, or with directives that aren't about a request.
    pub blank: u64,
    /// Of these, the ones that weren't understood.
    pub unreadable: UnreadableLines,
    /// Of the requests that were read, the ones whose line says how long they took.
    pub latency_known: u64,
    /// Of the requests that were read, the ones logged without a status code because the client was gone.
    pub client_gone: u64,
    /// Of the requests that were read, the ones far from the times of the lines around them.
    pub out_of_order: u64,
    /// Events passed to the producer.
    pub sent: u64,
    /// Of these, the ones sent as they happened.
    pub live: u64,
    /// Of the events sent, the ones that the broker acknowledged.
    pub acknowledged: u64,
}

impl Tally {
    /// Returns the number of lines that are requests.
    pub(super) fn requests(&self) -> u64 {
        self.lines - self.blank - self.unreadable.count
    }

    /// Returns the number of events sent and not acknowledged.
    pub(super) fn failed(&self) -> u64 {
        self.sent - self.acknowledged
    }

    /// Returns the number of requests read but never sent, because the replay was interrupted.
    pub(super) fn not_sent(&self) -> u64 {
        self.requests() - self.sent
    }
}

/// The lines that weren't understood: how many, which ones, and the reasons for the first of them.
#[derive(Debug, Default)]
pub(super) struct UnreadableLines {
    /// Number of lines.
    pub count: u64,
    first: Vec<String>,
    /// Whether the format of at least one of them wasn't recognised.
    unrecognised: bool,
    ranges: Vec<(u64, u64)>,
}

impl UnreadableLines {
    /// Adds line `number`; numbers must increase.
    pub(super) fn add(&mut self, number: u64, line: &[u8], why: &Unreadable) {
        self.count += 1;
        self.unrecognised |= matches!(why, Unreadable::Log(accesslog::Unreadable::UnknownFormat));
        if self.first.len() < SHOWN {
            let line = format!("line {number}: {why}: {}", excerpt(line));
            self.first.push(printable(line).to_string());
        }
        match self.ranges.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => self.ranges.push((number, number)),
        }
    }

    /// Returns the first lines in full, one per line, and the numbers of all of them, indented by two.
    pub(super) fn report(&self) -> String {
        let mut report = String::new();
        for line in &self.first {
            // Writing to a string can't fail.
            let _ = writeln!(report, "  {}", cut(line, WIDTH - 2));
        }
        if self.count > self.first.len() as u64 {
            let numbers = self.ranges.iter().take(RANGES).map(|(from, to)| match to - from {
                0 => from.to_string(),
                _ => format!("{from}-{to}"),
            });
            let mut row = String::from("  all of them: lines");
            for number in numbers {
                if row.len() + number.len() + 2 > WIDTH {
                    let _ = writeln!(report, "{row}");
                    row = String::from("   ");
                }
                let _ = write!(row, " {number},");
            }
            report.push_str(row.trim_end_matches(','));
            if let Some((_, last)) = self.ranges.get(RANGES..).and_then(<[_]>::last) {
                let _ = write!(report, "\n    and {} more ranges up to line {last}", self.ranges.len() - RANGES);
            }
            report.push('\n');
        }
        if self.unrecognised {
            report.push_str("  --format describes lines that are not recognised; see --help\n");
        }
        report
    }
}

/// Returns the start of a line.
fn excerpt(line: &[u8]) -> String {
    let start = &line[..line.len().min(80)];
    String::from_utf8_lossy(start).trim().to_owned()
}

fn cut(text: &str, columns: usize) -> String {
    if text.chars().count() <= columns {
        return text.to_owned();
    }
    text.chars().take(columns - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_lines_are_shown_and_all_are_listed_as_ranges() {
        let mut unreadable = UnreadableLines::default();
        for number in (1..=3).chain([7]).chain(20..=40) {
            unreadable.add(number, b"what \x1b[2Jis this", &Unreadable::NoTime);
        }
        let report = unreadable.report();
        assert_eq!(unreadable.count, 25);
        assert_eq!(report.matches("no timestamp; on stdin").count(), SHOWN);
        assert!(report.ends_with("  all of them: lines 1-3, 7, 20-40\n"), "{report}");
        assert!(report.contains("what \\x1b[2Jis this"), "{report}");
    }

    #[test]
    fn a_few_lines_are_not_listed_as_ranges_and_no_lines_give_no_report() {
        let mut unreadable = UnreadableLines::default();
        assert_eq!(unreadable.report(), "");
        unreadable.add(17, b"x", &Unreadable::NoTime);
        assert_eq!(unreadable.report(), "  line 17: no timestamp; on stdin, it would count as now: x\n");
    }

    #[test]
    fn a_report_on_everything_stays_within_its_columns_and_length() {
        let mut unreadable = UnreadableLines::default();
        for number in 0..10_000 {
            unreadable.add(number * 2 + 1, &[b'x'; 500], &Unreadable::NoTime);
        }
        let report = unreadable.report();
        assert!(report.lines().all(|line| line.chars().count() <= WIDTH), "{report}");
        assert!(report.contains("and 9800 more ranges up to line 19999"), "{report}");
    }

    #[test]
    fn every_line_is_accounted_for() {
        let mut tally = Tally { lines: 10, blank: 1, sent: 6, acknowledged: 5, ..Tally::default() };
        tally.unreadable.add(3, b"", &Unreadable::TooLong);
        assert_eq!((tally.failed(), tally.not_sent()), (1, 2));
    }

    #[test]
    fn lines_of_an_unknown_format_lead_to_the_flag_that_reads_them() {
        let mut unreadable = UnreadableLines::default();
        unreadable.add(1, b"x", &Unreadable::NoTime);
        assert!(!unreadable.report().contains("--format"), "{}", unreadable.report());
        unreadable.add(2, b"what", &Unreadable::Log(accesslog::Unreadable::UnknownFormat));
        let report = unreadable.report();
        assert!(report.contains("JSON object: what\n") && report.contains("--format describes"), "{report}");
        assert!(report.lines().all(|line| line.chars().count() <= WIDTH), "{report}");
    }
}

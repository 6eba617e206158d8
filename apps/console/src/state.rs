//! Everything the console knows at a moment: the contents of the stream and the answers of the other services.

use std::collections::VecDeque;

use jiff::Timestamp;
use tidewatch_contract::LogEvent;
use tidewatch_contract::http::mock_slack::Notification;
use tidewatch_contract::http::processor::Status;
use tidewatch_contract::http::simulator::Faults;

use crate::alerts::AlertBook;
use crate::letters::DeadLetters;
use crate::peers::Peer;
use crate::processes::Process;
use crate::signals::{Signals, clip};

/// Number of error lines kept.
pub const ERROR_LINES: usize = 10;
/// Maximum length of an error line in characters.
const MAX_LINE: usize = 300;

/// A line that a service logged as an error.
#[derive(Debug, Clone)]
pub struct ErrorLine {
    /// When it was logged, by the service's clock.
    pub at: Timestamp,
    /// The service that logged it.
    pub service: String,
    /// The level as named by the service.
    pub level: String,
    /// The log message.
    pub message: String,
}

/// The current state.
#[derive(Default)]
pub struct State {
    /// Golden signals of every service.
    pub signals: Signals,
    /// Firing and recently resolved alerts.
    pub alerts: AlertBook,
    /// Dead letters.
    pub letters: DeadLetters,
    /// The latest lines logged as errors, newest first.
    pub error_lines: VecDeque<ErrorLine>,
    /// Since when Kafka has not answered; `None` while it answers.
    pub kafka_failing: Option<Timestamp>,
    /// Kafka's address, as shown on the page.
    pub brokers: String,
    /// The stream-processor, if its URL is known.
    pub processor: Option<Peer<Status>>,
    /// The workload-simulator, if its URL is known.
    pub simulator: Option<Peer<Faults>>,
    /// mock-slack, if its URL is known.
    pub slack: Option<Peer<Vec<Notification>>>,
    /// This process.
    pub own_process: Option<Process>,
    /// The stream-processor's process.
    pub processor_process: Option<Process>,
}

impl State {
    /// Keeps a log line if it is an error.
    pub fn log(&mut self, event: LogEvent) {
        let severe = ["ERROR", "FATAL", "CRITICAL", "ALERT", "EMERGENCY"];
        if !severe.iter().any(|level| event.level.eq_ignore_ascii_case(level)) {
            return;
        }
        let line = ErrorLine {
            at: event.timestamp,
            service: clip(&event.service, 80),
            level: clip(&event.level, 12),
            message: clip(&event.message, MAX_LINE),
        };
        let place = self.error_lines.partition_point(|other| other.at > line.at);
        self.error_lines.insert(place, line);
        self.error_lines.truncate(ERROR_LINES);
    }

    /// Drops everything that is too old to be shown.
    pub fn forget_old(&mut self, now: Timestamp) {
        self.signals.forget_silent(now.as_second());
        self.letters.forget_old(now.as_second());
        self.alerts.forget_old(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::at;

    fn line(second: i64, level: &str, message: &str) -> LogEvent {
        LogEvent {
            timestamp: at(second),
            service: "auth".into(),
            level: level.into(),
            message: message.into(),
            request_id: None,
            trace_id: None,
            span_id: None,
            attributes: Default::default(),
        }
    }

    #[test]
    fn only_errors_are_kept_newest_first_and_bounded() {
        let mut state = State::default();
        state.log(line(1, "INFO", "started"));
        for second in 0..40 {
            state.log(line(second, if second % 2 == 0 { "ERROR" } else { "error" }, "failed"));
        }
        let times: Vec<i64> = state.error_lines.iter().map(|line| line.at.as_second()).collect();
        assert_eq!(times, (40 - ERROR_LINES as i64..40).rev().collect::<Vec<_>>());
    }

    #[test]
    fn a_long_line_is_truncated() {
        let mut state = State::default();
        state.log(line(1, "FATAL", &"x".repeat(100_000)));
        assert_eq!(state.error_lines[0].message.chars().count(), MAX_LINE + 1);
    }
}

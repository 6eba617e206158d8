//! The answers to a load of HTTP requests, and their latencies.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use anyhow::anyhow;
use hdrhistogram::Histogram;
use tidewatch_client::StatusCode;

/// Longer latencies are recorded as this one.
const LONGEST: Duration = Duration::from_secs(60);
/// If a request is sent later than this, the rate was not kept.
const KEPT: Duration = Duration::from_secs(1);

/// The outcomes of the requests of a load.
#[derive(Debug)]
pub(super) struct Answers {
    /// Latencies in microseconds, from when a request was due.
    latencies: Histogram<u64>,
    statuses: BTreeMap<u16, u64>,
    unanswered: u64,
    latest: Duration,
}

/// The outcome of one request.
#[derive(Debug)]
pub(super) struct Outcome {
    /// How long after it was due it was sent.
    pub late: Duration,
    /// How long after it was due its answer was there.
    pub took: Duration,
    /// The status, if there was an answer.
    pub status: Option<StatusCode>,
}

impl Answers {
    pub(super) fn new() -> Self {
        let latencies = Histogram::new_with_bounds(1, LONGEST.as_micros() as u64, 3);
        let latencies = latencies.expect("the bounds are valid constants");
        Self { latencies, statuses: BTreeMap::new(), unanswered: 0, latest: Duration::ZERO }
    }

    pub(super) fn add(&mut self, outcome: &Outcome) {
        self.latest = self.latest.max(outcome.late);
        match outcome.status {
            Some(status) => {
                *self.statuses.entry(status.as_u16()).or_default() += 1;
                self.latencies.saturating_record(u64::try_from(outcome.took.as_micros()).unwrap_or(u64::MAX));
            }
            None => self.unanswered += 1,
        }
    }

    /// Returns the number of requests.
    pub(super) fn total(&self) -> u64 {
        self.latencies.len() + self.unanswered
    }

    /// Checks that there were answers, and that the requests were sent in time.
    pub(super) fn verdict(&self) -> anyhow::Result<()> {
        if self.latencies.is_empty() {
            return Err(anyhow!("no request was answered"));
        }
        if self.latest > KEPT {
            let late = self.latest.as_secs_f64();
            return Err(anyhow!("the rate was not kept: a request was sent {late:.1} s late; try a lower --rate"));
        }
        Ok(())
    }
}

impl fmt::Display for Answers {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = |out: &mut fmt::Formatter<'_>, name: &str, value: String, note: &str| {
            writeln!(out, "{}", format_args!("  {name:<13}{value:>10}  {note}").to_string().trim_end())
        };
        row(out, "requests", self.total().to_string(), "")?;
        for (status, count) in &self.statuses {
            row(out, &format!("status {status}"), count.to_string(), "")?;
        }
        if self.unanswered > 0 {
            row(out, "unanswered", self.unanswered.to_string(), "no connection, or no answer within 10 s")?;
        }
        let millis = |micros: u64| format!("{:.2}", micros as f64 / 1000.0);
        for (name, quantile) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999)] {
            row(out, name, millis(self.latencies.value_at_quantile(quantile)), "ms after it was due")?;
        }
        row(out, "max", millis(self.latencies.max()), "ms")?;
        row(out, "late", millis(self.latest.as_micros() as u64), "ms between due and sent, at most")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(millis: u64, status: Option<StatusCode>) -> Outcome {
        Outcome { late: Duration::from_millis(1), took: Duration::from_millis(millis), status }
    }

    #[test]
    fn the_summary_has_every_request_and_the_quantiles_of_the_answers() {
        let mut answers = Answers::new();
        (1..=98).for_each(|millis| answers.add(&outcome(millis, Some(StatusCode::OK))));
        answers.add(&outcome(99, Some(StatusCode::NOT_FOUND)));
        answers.add(&outcome(10_000, None));
        let text = answers.to_string();
        for row in
            ["requests            100", "status 200           98", "status 404            1", "unanswered            1"]
        {
            assert!(text.contains(row), "{row}: {text}");
        }
        assert!(text.contains("p50               50.0"), "{text}");
        assert!(text.contains("late               1.00"), "{text}");
        assert!(answers.verdict().is_ok());
    }

    #[test]
    fn a_rate_that_was_not_kept_and_silence_are_failures() {
        let mut answers = Answers::new();
        answers.add(&outcome(1, None));
        assert_eq!(answers.verdict().unwrap_err().to_string(), "no request was answered");
        answers.add(&Outcome { late: Duration::from_secs(2), ..outcome(2_001, Some(StatusCode::OK)) });
        assert!(answers.verdict().unwrap_err().to_string().contains("2.0 s late"));
    }
}

//! The report as JSON in a stable format, which docs/verify.md describes.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::outcome::{Failure, Timing, Verdict};
use super::run::Record;

/// Name and version of the format. Within a version fields may be added, but never removed or changed.
const SCHEMA: &str = "tidewatch-verify/v1";

/// The complete result.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    schema: &'static str,
    tidewatch: &'static str,
    /// Whether nothing failed, and every step was run that the target allows.
    pub(super) passed: bool,
    pub(super) started_at: Timestamp,
    pub(super) seconds: f64,
    /// The verified addresses by name.
    target: BTreeMap<String, String>,
    counts: Counts,
    pub(super) steps: Vec<Step>,
}

/// Number of steps by verdict.
#[derive(Debug, Default, Serialize)]
struct Counts {
    passed: usize,
    failed: usize,
    skipped: usize,
    not_run: usize,
}

/// The result of one step.
#[derive(Debug, Serialize)]
pub(super) struct Step {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) status: Status,
    pub(super) seconds: f64,
    /// Figures of a step that passed, or the reason why it was skipped or not run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) detail: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) failure: Option<Failure>,
    pub(super) timings: Vec<Timing>,
}

/// The verdict on a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    Passed,
    Failed,
    Skipped,
    NotRun,
}

impl Report {
    /// Returns the report on these records.
    pub(super) fn new(
        records: &[Record],
        target: BTreeMap<String, String>,
        started_at: Timestamp,
        seconds: f64,
    ) -> Self {
        let steps: Vec<Step> = records.iter().map(step).collect();
        let count = |status| steps.iter().filter(|step| step.status == status).count();
        let counts = Counts {
            passed: count(Status::Passed),
            failed: count(Status::Failed),
            skipped: count(Status::Skipped),
            not_run: count(Status::NotRun),
        };
        Self {
            schema: SCHEMA,
            tidewatch: env!("CARGO_PKG_VERSION"),
            passed: counts.failed == 0 && counts.not_run == 0,
            started_at,
            seconds: tenths(seconds),
            target,
            counts,
            steps,
        }
    }

    /// Returns a summary such as `12 passed, 1 failed, 2 skipped, 3 not run`.
    pub(super) fn summary(&self) -> String {
        let Counts { passed, failed, skipped, not_run } = self.counts;
        format!("{passed} passed, {failed} failed, {skipped} skipped, {not_run} not run in {:.0} s", self.seconds)
    }

    /// Returns the report as JSON, for a file.
    pub(super) fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }
}

fn step(record: &Record) -> Step {
    let (status, detail, failure) = match &record.outcome.verdict {
        Verdict::Passed(detail) => (Status::Passed, Some(detail), None),
        Verdict::Failed(failure) => (Status::Failed, None, Some(failure)),
        Verdict::Skipped(why) => (Status::Skipped, Some(why), None),
        Verdict::NotRun(why) => (Status::NotRun, Some(why), None),
    };
    let timings = record.outcome.timings.iter();
    Step {
        id: record.id,
        title: record.title,
        status,
        seconds: tenths(record.outcome.seconds),
        detail: detail.cloned(),
        failure: failure.cloned(),
        timings: timings.map(|timing| Timing { seconds: tenths(timing.seconds), ..timing.clone() }).collect(),
    }
}

/// Rounds to a tenth of a second: more digits would pretend to a precision that isn't there.
fn tenths(seconds: f64) -> f64 {
    (seconds * 10.0).round() / 10.0
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::outcome::Outcome;
    use super::*;

    /// Returns a report with one record of every kind.
    pub(in super::super) fn example() -> Report {
        let record =
            |id, title, seconds, verdict, timings| Record { id, title, outcome: Outcome { verdict, seconds, timings } };
        let failure = Failure::new(
            "every one of 8 jobs has a target, and every target is up",
            "metrics-bridge is down (http://127.0.0.1:9466/metrics: connection refused)",
            "curl -s 'http://127.0.0.1:9090/api/v1/targets?state=active'",
        );
        let records = [
            record("flow", "events flow", 1.5, Verdict::Passed("80 events per second, lag 0".to_owned()), vec![]),
            record("targets", "scrape targets up", 20.0, Verdict::Failed(failure), vec![]),
            record(
                "route",
                "route to the webhook",
                0.0,
                Verdict::Skipped("no alertmanager in the target".to_owned()),
                vec![],
            ),
            record(
                "fault-latency",
                "fault: latency x10",
                82.04,
                Verdict::Passed("payment-service".to_owned()),
                vec![
                    Timing { name: "detected", seconds: 13.94, limit: None },
                    Timing { name: "told", seconds: 14.2, limit: Some(30.0) },
                    Timing { name: "resolved", seconds: 65.1, limit: Some(90.0) },
                ],
            ),
            record(
                "accounting",
                "nothing lost",
                0.0,
                Verdict::NotRun("because of: scrape targets up".to_owned()),
                vec![],
            ),
        ];
        let target = BTreeMap::from([("processor".to_owned(), "http://127.0.0.1:9465".to_owned())]);
        Report::new(&records, target, Timestamp::from_second(1_800_000_000).unwrap(), 201.26)
    }

    #[test]
    fn the_documentation_shows_the_shape_as_it_is() {
        let page = include_str!("../../../../docs/verify.md");
        let json = example().to_json().unwrap();
        assert!(page.contains(&format!("```json\n{json}```")), "docs/verify.md lacks this example:\n{json}");
    }

    #[test]
    fn a_step_that_was_not_run_has_not_passed() {
        let report = example();
        assert!(!report.passed);
        assert_eq!(report.summary(), "2 passed, 1 failed, 1 skipped, 1 not run in 201 s");
    }
}

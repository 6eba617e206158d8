//! The checklist: on a terminal all lines at once and updated live, elsewhere one line for each step that ended.

use std::collections::HashMap;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use tidewatch_service::printable;

use super::outcome::{Outcome, Verdict};
use crate::say::say;

const TICK: Duration = Duration::from_millis(250);
/// Redraws per second at most, also for slow connections.
const REDRAWN: u8 = 5;
/// Width of the longest title, in columns.
const TITLE: usize = 21;

/// A checklist shown on stdout.
pub(super) struct Checklist {
    live: bool,
    titles: HashMap<&'static str, &'static str>,
    lines: HashMap<&'static str, ProgressBar>,
}

impl Checklist {
    /// Returns a checklist of these steps, as ids with titles, in the order in which they are shown.
    pub(super) fn new(titles: impl Iterator<Item = (&'static str, &'static str)>, live: bool) -> Self {
        let all = MultiProgress::with_draw_target(ProgressDrawTarget::stdout_with_hz(REDRAWN));
        let mut checklist = Self { live, titles: HashMap::new(), lines: HashMap::new() };
        for (id, title) in titles {
            checklist.titles.insert(id, title);
            let line = if live { all.add(ProgressBar::new_spinner()) } else { ProgressBar::hidden() };
            line.set_style(style("  {prefix:.dim}", "  "));
            line.set_prefix(title);
            line.tick();
            checklist.lines.insert(id, line);
        }
        checklist
    }

    /// Marks a step as started and returns its line, which shows what the step is doing.
    pub(super) fn begin(&self, id: &str) -> ProgressBar {
        let Some(line) = self.lines.get(id) else { return ProgressBar::hidden() };
        line.set_style(style(
            &format!("{{spinner:.cyan}} {{prefix:{TITLE}}} {{elapsed:>7}}  {{wide_msg:.dim}}"),
            "◐◓◑◒ ",
        ));
        line.reset_elapsed();
        line.enable_steady_tick(TICK);
        line.clone()
    }

    /// Marks a step as ended.
    pub(super) fn end(&self, id: &str, outcome: &Outcome) {
        if !self.live {
            let title = self.titles.get(id).copied().unwrap_or(id);
            return say!("{}", lines(title, outcome).join("\n"));
        }
        let Some(line) = self.lines.get(id) else { return };
        let (template, sign) = match outcome.verdict {
            Verdict::Passed(_) => ("{spinner:.green}", "✓"),
            Verdict::Failed(_) => ("{spinner:.red}", "✗"),
            Verdict::Skipped(_) | Verdict::NotRun(_) => ("{spinner:.yellow}", "-"),
        };
        line.set_style(style(&format!("{template} {{wide_msg}}"), &format!(" {sign}")));
        let title = self.titles.get(id).copied().unwrap_or(id);
        line.finish_with_message(format!("{title:TITLE$} {}  {}", seconds(outcome), printable(detail(outcome))));
    }
}

/// Returns the lines that describe how a step ended.
pub(super) fn lines(title: &str, outcome: &Outcome) -> Vec<String> {
    let word = match outcome.verdict {
        Verdict::Passed(_) => "ok",
        Verdict::Failed(_) => "FAILED",
        Verdict::Skipped(_) => "skipped",
        Verdict::NotRun(_) => "not run",
    };
    let first = format!("{word:7} {}  {title}", seconds(outcome));
    match &outcome.verdict {
        Verdict::Failed(failure) => {
            let mut lines = vec![first];
            for (name, text) in [("expected", &failure.expected), ("seen", &failure.seen), ("more", &failure.more)] {
                lines.push(format!("{:17}{name:9} {}", "", printable(text)));
            }
            lines
        }
        _ if detail(outcome).is_empty() => vec![first],
        _ => vec![format!("{first}: {}", printable(detail(outcome)))],
    }
}

fn detail(outcome: &Outcome) -> &str {
    match &outcome.verdict {
        Verdict::Passed(detail) | Verdict::Skipped(detail) | Verdict::NotRun(detail) => detail,
        Verdict::Failed(failure) => &failure.seen,
    }
}

fn seconds(outcome: &Outcome) -> String {
    match outcome.verdict {
        Verdict::Passed(_) | Verdict::Failed(_) => format!("{:>5.1} s", outcome.seconds),
        Verdict::Skipped(_) | Verdict::NotRun(_) => format!("{:>7}", "-"),
    }
}

fn style(template: &str, ticks: &str) -> ProgressStyle {
    // The templates are constants, so they are known to be well-formed.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner()).tick_chars(ticks)
}

#[cfg(test)]
mod tests {
    use super::super::outcome::Failure;
    use super::*;

    fn outcome(verdict: Verdict) -> Outcome {
        Outcome { verdict, seconds: 3.24, timings: Vec::new() }
    }

    #[test]
    fn a_step_is_a_line_and_a_failure_says_three_things_more() {
        assert_eq!(
            lines("events flow", &outcome(Verdict::Passed("lag 0".to_owned()))),
            ["ok        3.2 s  events flow: lag 0"]
        );
        assert_eq!(
            lines("dashboards", &outcome(Verdict::Skipped("no Prometheus".to_owned()))),
            ["skipped       -  dashboards: no Prometheus"]
        );
        assert_eq!(
            lines("events flow", &outcome(Verdict::Failed(Failure::new("lag 0", "lag 9", "curl x")))),
            [
                "FAILED    3.2 s  events flow",
                "                 expected  lag 0",
                "                 seen      lag 9",
                "                 more      curl x",
            ]
        );
    }
}

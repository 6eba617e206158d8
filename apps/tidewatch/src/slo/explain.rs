//! `tidewatch slo explain`: describes when each alert fires.

use std::fmt::Write;

use tidewatch_service::printable;
use tidewatch_slo::burn::{ALERTS, BurnAlert, Severity};
use tidewatch_slo::{Budgeting, Indicator, Slo};

use super::Files;
use super::budget::{duration, objective, percent};
use crate::exit::usage;
use crate::say::say;
use crate::table;

/// Explain in words what each SLO allows, and what fires when
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(flatten)]
    files: Files,
    /// Explain only the SLO of this name, repeatable
    #[arg(long = "slo", value_name = "NAME")]
    names: Vec<String>,
}

const WIDTH: usize = 80;

/// Prints the explanations.
pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    let mut slos = args.files.load_telling()?;
    if let Some(unknown) = args.names.iter().find(|name| slos.iter().all(|slo| slo.name != **name)) {
        return Err(usage(format!("--slo: no SLO is called `{unknown}`")));
    }
    slos.retain(|slo| args.names.is_empty() || args.names.contains(&slo.name));
    let pages: Vec<String> = slos.iter().map(explain).collect();
    say!("{}", pages.join("\n").trim_end());
    Ok(())
}

fn explain(slo: &Slo) -> String {
    let mut text = format!("{} (of {})\n", printable(&slo.name), printable(&slo.service));
    let mut paragraph = |line: &str| text.push_str(&wrapped(line));
    if let Some(description) = &slo.description {
        paragraph(description);
    }
    paragraph(&format!("Objective: {}.", objective(slo)));
    paragraph(&budget(slo));
    let _ = writeln!(text, "\n{}", alerts(slo));
    for line in notes(slo) {
        text.push_str(&wrapped(&line));
    }
    text
}

fn budget(slo: &Slo) -> String {
    let share = slo.budget();
    let time = duration(share * slo.window.span().as_secs_f64());
    let share = percent(share);
    match (slo.budgeting, &slo.indicator) {
        (Budgeting::Occurrences, Indicator::Threshold { .. }) => format!("Budget: {time}, {share} of the time."),
        (Budgeting::Occurrences, _) => {
            let per_million = (slo.budget() * 1_000_000.0).round();
            format!(
                "Budget: {share} of the events, {per_million} per million. If traffic is even, a total outage \
                 spends it in {time}."
            )
        }
        (Budgeting::TimeSlices { .. }, _) => format!("Budget: {time} of bad slices, {share} of the time."),
    }
}

fn alerts(slo: &Slo) -> String {
    let rows: Vec<Vec<String>> = ALERTS.iter().map(|alert| row(slo, alert)).collect();
    let headings = ["alert", "over", "still in", ">spends", ">times", "total outage", "resolves within"];
    table::render(&headings, &rows)
}

fn row(slo: &Slo, alert: &BurnAlert) -> Vec<String> {
    let timing = alert.timing(slo, 1.0);
    let fires = match timing.fires_after {
        None => "never fires".to_owned(),
        Some(seconds) => {
            let (least, most) = (minutes(seconds), minutes(seconds + timing.lag));
            if least == most { format!("{least} min") } else { format!("{least}-{most} min") }
        }
    };
    vec![
        match alert.severity {
            Severity::Page => "page",
            Severity::Ticket => "ticket",
        }
        .to_owned(),
        alert.long.to_string(),
        alert.short.to_string(),
        format!("{} %", alert.spent_percent(slo.window)),
        alert.factor(slo.window).to_string(),
        fires,
        duration((timing.resolves_within / 60.0).ceil() * 60.0),
    ]
}

fn minutes(seconds: f64) -> u64 {
    (seconds / 60.0).ceil() as u64
}

fn notes(slo: &Slo) -> Vec<String> {
    let mut notes = vec![
        "An alert fires once that share of the budget has been spent within the first window, at that many times the \
         allowed rate, and the second window shows that it is still being spent as fast. `total outage`: how long a \
         total outage lasts before the alert fires. `resolves within`: how long after its end the alert resolves at \
         the latest, including the ten minutes for which it keeps firing."
            .to_owned(),
    ];
    if ALERTS.iter().any(|alert| alert.timing(slo, 1.0).fires_after.is_none()) {
        let most = percent(slo.budget());
        notes.push(format!("Even if everything is bad, some alerts never fire, because the budget is {most}."));
    }
    match (slo.min_bad_events, &slo.indicator) {
        (0, _) => {}
        (count, _) => notes.push(format!("No alert fires on fewer than {count} bad events in its first window.")),
    }
    notes.push(
        "SLOIndicatorAbsent fires about 15 min after the metric was last seen: without the metric, no other alert \
         of this SLO can fire."
            .to_owned(),
    );
    notes
}

/// Wraps a paragraph to the terminal's width, indented by two.
fn wrapped(paragraph: &str) -> String {
    let mut lines = vec![String::new()];
    for word in paragraph.split_whitespace() {
        let line = lines.last().map_or(0, |line| line.chars().count());
        if line > 0 && line + 1 + word.chars().count() > WIDTH - 2 {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines.iter().map(|line| format!("  {line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn committed() -> Vec<Slo> {
        let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/slos");
        tidewatch_slo::load_dir(dir.as_ref()).unwrap()
    }

    #[test]
    fn every_slo_is_explained_within_80_columns() {
        for slo in committed() {
            let text = explain(&slo);
            let long: Vec<&str> = text.lines().filter(|line| line.chars().count() > WIDTH).collect();
            assert!(long.is_empty(), "{long:?}");
        }
    }

    #[test]
    fn an_explanation_has_the_objective_the_budget_and_when_an_outage_fires() {
        let slos = committed();
        let text = explain(slos.iter().find(|slo| slo.name == "api-service-availability").unwrap());
        for part in [
            "Objective: 99.9 % of the events over 30d are good.",
            "1000 per million",
            "43 min 12 s",
            "2 %   14.4  3-5 min",
            "No alert fires on fewer than 10 bad events",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
    }
}

//! Reads and checks the YAML of a rules file.

use jiff::SignedDuration;
use serde::Deserialize;
use serde_saphyr::{Location, Spanned};
use tidewatch_events::Severity;

use super::{Kind, Label, MAX_LATENCY_RULES, PPM, Rule, Rules, RulesError};
use crate::grid::Grid;

/// Most windows that a rule may wait for, and most panes that a window may have: state grows with them.
const MAX_WINDOWS: u32 = 1_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    group_by: Spanned<Vec<Spanned<String>>>,
    window: Spanned<String>,
    hop: Spanned<String>,
    #[serde(default)]
    lateness: Option<Spanned<String>>,
    runbook_base: String,
    #[serde(default)]
    expect: Vec<Spanned<String>>,
    rules: Spanned<Vec<Spanned<FileRule>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileRule {
    name: Spanned<String>,
    kind: FileKind,
    limit: Spanned<String>,
    severity: Severity,
    quantile: Option<Spanned<String>>,
    clear: Option<Spanned<String>>,
    min_events: Option<Spanned<u64>>,
    min_bad: Option<Spanned<u64>>,
    min_baseline: Option<Spanned<u64>>,
    for_windows: Option<Spanned<u32>>,
    clear_windows: Option<Spanned<u32>>,
    cooldown: Option<Spanned<String>>,
    runbook_url: Option<String>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum FileKind {
    Latency,
    ErrorRate,
    TrafficDrop,
    ClockSkew,
}

pub(super) fn parse(yaml: &str) -> Result<Rules, RulesError> {
    let options = serde_saphyr::options! { with_snippet: false };
    let file: File = serde_saphyr::from_str_with_options(yaml, options).map_err(from_yaml)?;
    let grid = grid(&file)?;
    let lateness_ms = match &file.lateness {
        Some(lateness) => milliseconds(lateness, "lateness", 0)?,
        None => 2_000,
    };
    Ok(Rules {
        group_by: group_by(&file.group_by)?,
        grid,
        lateness_ms,
        expect: expect(&file.expect)?,
        runbook_base: runbook_base(&file).to_owned(),
        rules: rules(&file)?,
    })
}

fn runbook_base(file: &File) -> &str {
    file.runbook_base.trim_end_matches('/')
}

fn from_yaml(error: serde_saphyr::Error) -> RulesError {
    let location = error.location().unwrap_or(Location::UNKNOWN);
    let text = error.to_string();
    // The location is said once, by RulesError itself.
    let problem = text.split(" at line ").next().unwrap_or(&text).lines().next().unwrap_or_default();
    refuse(location, problem)
}

fn refuse(at: Location, problem: impl Into<String>) -> RulesError {
    RulesError { line: at.line().max(1), column: at.column().max(1), problem: problem.into() }
}

fn grid(file: &File) -> Result<Grid, RulesError> {
    let hop = milliseconds(&file.hop, "hop", 1_000)?;
    let window = milliseconds(&file.window, "window", 1_000)?;
    let panes = window / hop;
    if window % hop != 0 || !(1..=i64::from(MAX_WINDOWS)).contains(&panes) {
        let problem = format!("`window` must be 1 to {MAX_WINDOWS} times `hop`");
        return Err(refuse(file.window.referenced, problem));
    }
    Ok(Grid::new(hop, panes))
}

fn group_by(names: &Spanned<Vec<Spanned<String>>>) -> Result<Vec<Label>, RulesError> {
    let mut labels = Vec::new();
    for name in &names.value {
        let Some(label) = Label::ALL.into_iter().find(|label| label.name() == name.value) else {
            let allowed = Label::ALL.map(Label::name).join(", ");
            return Err(refuse(name.referenced, format!("`group_by` knows {allowed}, not `{}`", name.value)));
        };
        if labels.contains(&label) {
            return Err(refuse(name.referenced, format!("`group_by` names `{}` twice", name.value)));
        }
        labels.push(label);
    }
    if !labels.contains(&Label::Service) {
        return Err(refuse(
            names.referenced,
            "`group_by` must contain `service`: it is the key that partitions are made by",
        ));
    }
    Ok(labels)
}

fn expect(names: &[Spanned<String>]) -> Result<Vec<String>, RulesError> {
    let mut services: Vec<String> = Vec::new();
    for name in names {
        if name.value.is_empty() || services.contains(&name.value) {
            return Err(refuse(name.referenced, format!("`expect` must name each service once, not `{}`", name.value)));
        }
        services.push(name.value.clone());
    }
    Ok(services)
}

fn rules(file: &File) -> Result<Vec<Rule>, RulesError> {
    let mut rules: Vec<Rule> = Vec::new();
    let mut latency_rules = 0;
    for entry in &file.rules.value {
        let name = &entry.value.name;
        let valid = name.value.starts_with(|first: char| first.is_ascii_alphabetic())
            && name.value.chars().all(|character| character.is_ascii_alphanumeric() || character == '_');
        if !valid {
            let problem = format!("`name` must be letters, digits and _, from a letter on, not `{}`", name.value);
            return Err(refuse(name.referenced, problem));
        }
        if rules.iter().any(|rule| rule.name == name.value) {
            return Err(refuse(name.referenced, format!("another rule is already called `{}`", name.value)));
        }
        let kind = kind(&entry.value, entry.referenced, latency_rules)?;
        if matches!(kind, Kind::Latency { .. }) {
            latency_rules += 1;
        }
        if latency_rules > MAX_LATENCY_RULES {
            return Err(refuse(name.referenced, format!("at most {MAX_LATENCY_RULES} rules may be of kind `latency`")));
        }
        let is_traffic = |kind: &Kind| matches!(kind, Kind::TrafficDrop { .. });
        if is_traffic(&kind) && rules.iter().any(|rule| is_traffic(&rule.kind)) {
            return Err(refuse(name.referenced, "only one rule may be of kind `traffic_drop`: it owns the baseline"));
        }
        rules.push(rule(file, &entry.value, kind)?);
    }
    Ok(rules)
}

fn rule(file: &File, entry: &FileRule, kind: Kind) -> Result<Rule, RulesError> {
    let cooldown_ms = match &entry.cooldown {
        Some(cooldown) => milliseconds(cooldown, "cooldown", 0)?,
        None => 0,
    };
    let name = entry.name.value.clone();
    let runbook_url = match &entry.runbook_url {
        Some(url) => url.clone(),
        None => format!("{}/{name}.md", runbook_base(file)),
    };
    Ok(Rule {
        kind,
        for_windows: windows(&entry.for_windows, "for_windows")?,
        clear_windows: windows(&entry.clear_windows, "clear_windows")?,
        cooldown_ms,
        severity: entry.severity,
        runbook_url,
        name,
    })
}

fn kind(entry: &FileRule, at: Location, latency_rules: usize) -> Result<Kind, RulesError> {
    use FileKind::{ClockSkew, ErrorRate, Latency, TrafficDrop};
    only_for(entry, "quantile", &entry.quantile, &[Latency])?;
    only_for(entry, "clear", &entry.clear, &[TrafficDrop])?;
    only_for(entry, "min_baseline", &entry.min_baseline, &[TrafficDrop])?;
    only_for(entry, "min_events", &entry.min_events, &[Latency, ErrorRate, ClockSkew])?;
    only_for(entry, "min_bad", &entry.min_bad, &[Latency, ErrorRate])?;
    let at_least_one = |count: &Option<Spanned<u64>>, key, default| match count {
        None => Ok(default),
        Some(count) if (1..=u64::from(u32::MAX)).contains(&count.value) => Ok(count.value),
        Some(count) => Err(refuse(count.referenced, format!("`{key}` must be 1 to {}", u32::MAX))),
    };
    Ok(match entry.kind {
        Latency => Kind::Latency {
            quantile_ppm: match &entry.quantile {
                Some(quantile) => share(quantile, "quantile")?,
                None => return Err(refuse(at, format!("rule `{}` needs a `quantile`, such as 99%", entry.name.value))),
            },
            limit_ms: milliseconds(&entry.limit, "limit", 1)? as f64,
            min_events: at_least_one(&entry.min_events, "min_events", 200)?,
            min_bad: at_least_one(&entry.min_bad, "min_bad", 10)?,
            counter: latency_rules.min(MAX_LATENCY_RULES - 1),
        },
        ErrorRate => Kind::ErrorRate {
            limit_ppm: share(&entry.limit, "limit")?,
            min_events: at_least_one(&entry.min_events, "min_events", 50)?,
            min_bad: at_least_one(&entry.min_bad, "min_bad", 10)?,
        },
        TrafficDrop => {
            let limit_ppm = share(&entry.limit, "limit")?;
            let clear_ppm = match &entry.clear {
                Some(clear) => share(clear, "clear")?,
                None => limit_ppm,
            };
            if clear_ppm < limit_ppm {
                let at = entry.clear.as_ref().map_or(at, |clear| clear.referenced);
                return Err(refuse(at, "`clear` must not be below `limit`"));
            }
            let min_baseline = at_least_one(&entry.min_baseline, "min_baseline", 100)?;
            Kind::TrafficDrop { limit_ppm, clear_ppm, min_baseline }
        }
        ClockSkew => Kind::ClockSkew {
            limit_ppm: share(&entry.limit, "limit")?,
            min_events: at_least_one(&entry.min_events, "min_events", 50)?,
        },
    })
}

fn only_for<T>(entry: &FileRule, key: &str, value: &Option<Spanned<T>>, kinds: &[FileKind]) -> Result<(), RulesError> {
    match value {
        Some(value) if !kinds.contains(&entry.kind) => {
            let problem = format!("`{key}` means nothing for the kind of rule `{}`: remove it", entry.name.value);
            Err(refuse(value.referenced, problem))
        }
        _ => Ok(()),
    }
}

fn windows(count: &Option<Spanned<u32>>, key: &str) -> Result<u32, RulesError> {
    match count {
        None => Ok(2),
        Some(count) if (1..=MAX_WINDOWS).contains(&count.value) => Ok(count.value),
        Some(count) => Err(refuse(count.referenced, format!("`{key}` must be 1 to {MAX_WINDOWS}"))),
    }
}

/// A duration in whole milliseconds, `least` milliseconds to a day.
fn milliseconds(text: &Spanned<String>, key: &str, least: i64) -> Result<i64, RulesError> {
    const DAY: i64 = 24 * 60 * 60 * 1_000;
    let duration: Option<SignedDuration> = text.value.parse().ok();
    let whole = duration.filter(|duration| duration.subsec_nanos() % 1_000_000 == 0).map(|d| d.as_millis());
    match whole.and_then(|whole| i64::try_from(whole).ok()) {
        Some(milliseconds) if (least..=DAY).contains(&milliseconds) => Ok(milliseconds),
        _ => {
            let problem =
                format!("`{key}` must be a duration of {least}ms to 24h, such as 500ms or 5s, not `{}`", text.value);
            Err(refuse(text.referenced, problem))
        }
    }
}

/// A share such as `5%` in parts per million, above 0 % and below 100 %.
fn share(text: &Spanned<String>, key: &str) -> Result<u64, RulesError> {
    let percent: Option<f64> = text.value.strip_suffix('%').and_then(|number| number.trim().parse().ok());
    let ppm = percent.map(|percent| (percent * PPM as f64 / 100.0).round());
    match ppm {
        Some(ppm) if ppm >= 1.0 && ppm < PPM as f64 => Ok(ppm as u64),
        _ => Err(refuse(
            text.referenced,
            format!("`{key}` must be above 0% and below 100%, such as 5%, not `{}`", text.value),
        )),
    }
}

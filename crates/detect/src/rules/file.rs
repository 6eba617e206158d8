//! Reads and checks the YAML of a rules file.

use jiff::SignedDuration;
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_saphyr::{Location, Spanned};
use tidewatch_contract::Severity;

use super::filter::{Filter, MAX_FILTERS, Pattern, Selection, Status};
use super::{Evidence, Kind, Label, MAX_LATENCY_RULES, PPM, Rule, Rules, RulesError};
use crate::grid::Grid;
use crate::units::Span;

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
    low_traffic_min_bad: Option<Spanned<u64>>,
    min_baseline: Option<Spanned<u64>>,
    for_windows: Option<Spanned<u32>>,
    clear_windows: Option<Spanned<u32>>,
    cooldown: Option<Spanned<String>>,
    runbook_url: Option<String>,
    endpoints: Option<Spanned<OneOrMore>>,
    exclude_endpoints: Option<Spanned<OneOrMore>>,
    status: Option<Spanned<OneOrMore>>,
}

/// `5xx`, `404` or `[2xx, 404]`.
#[derive(Default)]
struct OneOrMore(Vec<String>);

impl<'de> Deserialize<'de> for OneOrMore {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMoreVisitor;
        impl<'de> Visitor<'de> for OneOrMoreVisitor {
            type Value = OneOrMore;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("one value or a list of them")
            }

            fn visit_str<E: serde::de::Error>(self, one: &str) -> Result<OneOrMore, E> {
                Ok(OneOrMore(vec![one.to_owned()]))
            }

            fn visit_u64<E: serde::de::Error>(self, one: u64) -> Result<OneOrMore, E> {
                Ok(OneOrMore(vec![one.to_string()]))
            }

            fn visit_i64<E: serde::de::Error>(self, one: i64) -> Result<OneOrMore, E> {
                Ok(OneOrMore(vec![one.to_string()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<OneOrMore, A::Error> {
                let mut all = Vec::new();
                while let Some(one) = list.next_element::<String>()? {
                    all.push(one);
                }
                Ok(OneOrMore(all))
            }
        }
        deserializer.deserialize_any(OneOrMoreVisitor)
    }
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
    let lateness = match &file.lateness {
        Some(lateness) => milliseconds(lateness, "lateness", 0)?,
        None => Span::seconds(2),
    };
    let (rules, filters) = rules(&file)?;
    Ok(Rules {
        group_by: group_by(&file.group_by)?,
        grid,
        lateness,
        expect: expect(&file.expect)?,
        runbook_base: runbook_base(&file).to_owned(),
        filters,
        rules,
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
    let panes = window.0 / hop.0;
    if window.0 % hop.0 != 0 || !(1..=i64::from(MAX_WINDOWS)).contains(&panes) {
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

fn rules(file: &File) -> Result<(Vec<Rule>, Vec<Filter>), RulesError> {
    let mut rules: Vec<Rule> = Vec::new();
    let mut filters: Vec<Filter> = Vec::new();
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
        let selection = selection(&entry.value, entry.referenced, &mut filters)?;
        let kind = kind(&entry.value, entry.referenced, latency_rules, selection)?;
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
        rules.push(rule(file, &entry.value, rules.len(), kind)?);
    }
    Ok((rules, filters))
}

fn rule(file: &File, entry: &FileRule, index: usize, kind: Kind) -> Result<Rule, RulesError> {
    let cooldown = match &entry.cooldown {
        Some(cooldown) => milliseconds(cooldown, "cooldown", 0)?,
        None => Span(0),
    };
    let name = entry.name.value.clone();
    let runbook_url = match &entry.runbook_url {
        Some(url) => url.clone(),
        None => format!("{}/{name}.md", runbook_base(file)),
    };
    Ok(Rule {
        index,
        kind,
        for_windows: windows(&entry.for_windows, "for_windows")?,
        clear_windows: windows(&entry.clear_windows, "clear_windows")?,
        cooldown,
        severity: entry.severity,
        runbook_url,
        name,
    })
}

fn kind(entry: &FileRule, at: Location, latency_rules: usize, selection: Selection) -> Result<Kind, RulesError> {
    use FileKind::{ClockSkew, ErrorRate, Latency, TrafficDrop};
    only_for(entry, "quantile", &entry.quantile, &[Latency])?;
    only_for(entry, "min_baseline", &entry.min_baseline, &[TrafficDrop])?;
    only_for(entry, "min_events", &entry.min_events, &[Latency, ErrorRate, ClockSkew])?;
    only_for(entry, "min_bad", &entry.min_bad, &[Latency, ErrorRate])?;
    only_for(entry, "low_traffic_min_bad", &entry.low_traffic_min_bad, &[Latency, ErrorRate])?;
    Ok(match entry.kind {
        Latency => {
            let limit_ms = milliseconds(&entry.limit, "limit", 1)?.0 as f64;
            Kind::Latency {
                quantile_ppm: match &entry.quantile {
                    Some(quantile) => share(quantile, "quantile")?,
                    None => {
                        return Err(refuse(at, format!("rule `{}` needs a `quantile`, such as 99%", entry.name.value)));
                    }
                },
                limit_ms,
                clear_ms: match &entry.clear {
                    Some(clear) => not_above(milliseconds(clear, "clear", 1)?.0 as f64, limit_ms, clear)?,
                    None => limit_ms * 0.8,
                },
                evidence: evidence(entry, 200, 10)?,
                counter: latency_rules.min(MAX_LATENCY_RULES - 1),
                selection,
            }
        }
        ErrorRate => {
            let limit_ppm = share(&entry.limit, "limit")?;
            let clear_ppm = clear_below(entry, limit_ppm)?;
            Kind::ErrorRate { limit_ppm, clear_ppm, evidence: evidence(entry, 50, 5)?, selection }
        }
        TrafficDrop => {
            let limit_ppm = share(&entry.limit, "limit")?;
            let clear_ppm = match &entry.clear {
                Some(clear) => share(clear, "clear")?,
                None => (limit_ppm * 7 / 5).min((limit_ppm + PPM) / 2),
            };
            if clear_ppm < limit_ppm {
                let at = entry.clear.as_ref().map_or(at, |clear| clear.referenced);
                return Err(refuse(at, "`clear` must not be below `limit`"));
            }
            let min_baseline = at_least_one(&entry.min_baseline, "min_baseline", 100)?;
            Kind::TrafficDrop { limit_ppm, clear_ppm, min_baseline }
        }
        ClockSkew => {
            let limit_ppm = share(&entry.limit, "limit")?;
            let clear_ppm = clear_below(entry, limit_ppm)?;
            Kind::ClockSkew { limit_ppm, clear_ppm, min_events: at_least_one(&entry.min_events, "min_events", 50)? }
        }
    })
}

fn at_least_one(count: &Option<Spanned<u64>>, key: &str, default: u64) -> Result<u64, RulesError> {
    match count {
        None => Ok(default),
        Some(count) if (1..=u64::from(u32::MAX)).contains(&count.value) => Ok(count.value),
        Some(count) => Err(refuse(count.referenced, format!("`{key}` must be 1 to {}", u32::MAX))),
    }
}

fn evidence(entry: &FileRule, min_events: u64, low_traffic_min_bad: u64) -> Result<Evidence, RulesError> {
    Ok(Evidence {
        min_events: at_least_one(&entry.min_events, "min_events", min_events)?,
        min_bad: at_least_one(&entry.min_bad, "min_bad", 10)?,
        low_traffic_min_bad: at_least_one(&entry.low_traffic_min_bad, "low_traffic_min_bad", low_traffic_min_bad)?,
    })
}

/// The clear level of a share: half of the limit where the file doesn't say.
fn clear_below(entry: &FileRule, limit_ppm: u64) -> Result<u64, RulesError> {
    match &entry.clear {
        Some(clear) => not_above(share(clear, "clear")?, limit_ppm, clear),
        None => Ok(limit_ppm / 2),
    }
}

fn not_above<T: PartialOrd>(clear: T, limit: T, at: &Spanned<String>) -> Result<T, RulesError> {
    if clear > limit { Err(refuse(at.referenced, "`clear` must not be above `limit`")) } else { Ok(clear) }
}

/// The requests that a rule looks at; adds its filter to those of the other rules.
fn selection(entry: &FileRule, at: Location, filters: &mut Vec<Filter>) -> Result<Selection, RulesError> {
    let kinds = [FileKind::Latency, FileKind::ErrorRate];
    only_for(entry, "endpoints", &entry.endpoints, &kinds)?;
    only_for(entry, "exclude_endpoints", &entry.exclude_endpoints, &kinds)?;
    only_for(entry, "status", &entry.status, &kinds)?;
    let endpoint = "an endpoint such as /healthz, or its beginning and a star such as /events/*";
    let status = "a status code such as 404, or a class such as 5xx";
    let filter = Filter {
        endpoints: parsed(&entry.endpoints, "endpoints", endpoint, Pattern::parse)?,
        exclude_endpoints: parsed(&entry.exclude_endpoints, "exclude_endpoints", endpoint, Pattern::parse)?,
        status: parsed(&entry.status, "status", status, Status::parse)?,
    };
    if filter == Filter::default() {
        return Ok(Selection::ALL);
    }
    let index = filters.iter().position(|there| *there == filter).unwrap_or_else(|| {
        filters.push(filter);
        filters.len() - 1
    });
    if index >= MAX_FILTERS {
        return Err(refuse(
            at,
            format!("at most {MAX_FILTERS} different filters: each one is evaluated for every event"),
        ));
    }
    Ok(Selection::of_filter(index))
}

fn parsed<T>(
    list: &Option<Spanned<OneOrMore>>,
    key: &str,
    allowed: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>, RulesError> {
    let Some(list) = list else { return Ok(Vec::new()) };
    if list.value.0.is_empty() {
        return Err(refuse(list.referenced, format!("`{key}` is empty: remove it, or name {allowed}")));
    }
    let one = |text: &String| {
        parse(text).ok_or_else(|| refuse(list.referenced, format!("`{key}` must name {allowed}, not `{text}`")))
    };
    list.value.0.iter().map(one).collect()
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
fn milliseconds(text: &Spanned<String>, key: &str, least: i64) -> Result<Span, RulesError> {
    const DAY: i64 = 24 * 60 * 60 * 1_000;
    let duration: Option<SignedDuration> = text.value.parse().ok();
    let whole = duration.filter(|duration| duration.subsec_nanos() % 1_000_000 == 0).map(|d| d.as_millis());
    match whole.and_then(|whole| i64::try_from(whole).ok()) {
        Some(milliseconds) if (least..=DAY).contains(&milliseconds) => Ok(Span(milliseconds)),
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

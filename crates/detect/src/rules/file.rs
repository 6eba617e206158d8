//! Parses and validates the YAML of a rules file.

use serde::Deserialize;
use serde_saphyr::{Location, Spanned};

use super::draft::{Draft, selection};
use super::entry::Entry;
use super::filter::Filter;
use super::values::{MAX_WINDOWS, milliseconds, refuse, windows};
use super::{Label, Rule, Rules, RulesError};
use crate::grid::Grid;
use crate::kinds::Kind;
use crate::units::Span;

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
    rules: Spanned<Vec<Spanned<Entry>>>,
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
    // RulesError itself adds the location.
    let problem = text.split(" at line ").next().unwrap_or(&text).lines().next().unwrap_or_default();
    refuse(location, problem)
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
            return Err(refuse(name.referenced, format!("`group_by` may name {allowed}, not `{}`", name.value)));
        };
        if labels.contains(&label) {
            return Err(refuse(name.referenced, format!("`group_by` names `{}` twice", name.value)));
        }
        labels.push(label);
    }
    if !labels.contains(&Label::Service) {
        return Err(refuse(names.referenced, "`group_by` must contain `service`: records are partitioned by it"));
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
    for entry in &file.rules.value {
        let name = &entry.value.name;
        let valid = name.value.starts_with(|first: char| first.is_ascii_alphabetic())
            && name.value.chars().all(|character| character.is_ascii_alphanumeric() || character == '_');
        if !valid {
            let problem =
                format!("`name` must be letters, digits and _, beginning with a letter, not `{}`", name.value);
            return Err(refuse(name.referenced, problem));
        }
        if rules.iter().any(|rule| rule.name == name.value) {
            return Err(refuse(name.referenced, format!("another rule is already called `{}`", name.value)));
        }
        for (key, at) in entry.value.keys_of_kinds() {
            if !entry.value.kind.keys().contains(&key) {
                let problem = format!("`{key}` does not apply to the kind of `{}`: remove it", name.value);
                return Err(refuse(at, problem));
            }
        }
        let selection = selection(&entry.value, entry.referenced, &mut filters)?;
        let earlier = file.rules.value.iter().take(rules.len());
        let earlier_of_kind = earlier.filter(|earlier| earlier.value.kind == entry.value.kind).count();
        let draft = Draft { entry: &entry.value, at: entry.referenced, selection, earlier_of_kind };
        let kind = entry.value.kind.parse(&draft)?;
        rules.push(rule(file, &entry.value, rules.len(), kind)?);
    }
    Ok((rules, filters))
}

fn rule(file: &File, entry: &Entry, index: usize, kind: Kind) -> Result<Rule, RulesError> {
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

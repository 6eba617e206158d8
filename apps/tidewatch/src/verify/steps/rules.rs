//! Prometheus has loaded every rule of the repository and evaluates them without errors.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::Context;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use tidewatch_client::prometheus::{Group, RULES, RuleHealth};

use super::super::outcome::{Failure, Note, Verdict};
use super::super::stack::Stack;
use super::{lacks, some, until};

/// A rule file, reduced to the names.
#[derive(Deserialize)]
struct File {
    groups: Vec<Wanted>,
}

/// A rule group that should be loaded.
#[derive(Debug, Clone, Deserialize)]
struct Wanted {
    name: String,
    #[serde(default)]
    rules: Vec<WantedRule>,
}

#[derive(Debug, Clone, Deserialize)]
struct WantedRule {
    record: Option<String>,
    alert: Option<String>,
}

/// Repeats until every rule is loaded and none has failed.
pub(in super::super) async fn loaded(stack: Arc<Stack>, note: Note) -> Verdict {
    let Some(prometheus) = &stack.prometheus else { return lacks("prometheus") };
    let wanted = match wanted() {
        Ok(wanted) => wanted,
        Err(error) => return Verdict::Failed(Failure::new("rules within this binary", format!("{error:#}"), "")),
    };
    until(&note, async || {
        let judged = match prometheus.rules().await {
            Ok(groups) => judge_loaded(&wanted, &groups),
            Err(error) => Err(format!("{error:#}")),
        };
        let expected = "every group and rule of the repository is loaded, and none fails";
        judged.map_err(|seen| Failure::new(expected, seen, stack.curl("prometheus", RULES)))
    })
    .await
}

/// Repeats until every group was evaluated recently.
pub(in super::super) async fn evaluated(stack: Arc<Stack>, note: Note) -> Verdict {
    let Some(prometheus) = &stack.prometheus else { return lacks("prometheus") };
    until(&note, async || {
        let judged = match prometheus.rules().await {
            Ok(groups) => judge_evaluated(&groups, Timestamp::now()),
            Err(error) => Err(format!("{error:#}")),
        };
        let expected = "every group was evaluated within the last three of its intervals, and no rule fails";
        judged.map_err(|seen| Failure::new(expected, seen, stack.curl("prometheus", RULES)))
    })
    .await
}

/// Returns the groups of the rule files embedded in this binary, by file name.
fn wanted() -> anyhow::Result<Vec<(String, Wanted)>> {
    let mut wanted = Vec::new();
    for tidewatch_servers::File { name, text } in tidewatch_servers::rules() {
        let File { groups } = serde_saphyr::from_str(&text).with_context(|| format!("rules/{name}"))?;
        wanted.extend(groups.into_iter().map(|group| (format!("rules/{name}"), group)));
    }
    Ok(wanted)
}

fn judge_loaded(wanted: &[(String, Wanted)], groups: &[Group]) -> Result<String, String> {
    let there: BTreeMap<&str, BTreeSet<&str>> = groups
        .iter()
        .map(|group| (group.name.as_str(), group.rules.iter().map(|rule| rule.name.as_str()).collect()))
        .collect();
    let mut wrong: Vec<String> = Vec::new();
    for (file, group) in wanted {
        let Some(rules) = there.get(group.name.as_str()) else {
            wrong.push(format!("group {} of {file} is not loaded", group.name));
            continue;
        };
        let names = group.rules.iter().filter_map(|rule| rule.alert.as_deref().or(rule.record.as_deref()));
        let missing: BTreeSet<&str> = names.filter(|name| !rules.contains(name)).collect();
        wrong.extend(missing.iter().map(|name| format!("{name} in group {} of {file} is not loaded", group.name)));
    }
    wrong.extend(failing(groups));
    let count: usize = groups.iter().map(|group| group.rules.len()).sum();
    if wrong.is_empty() { Ok(format!("{count} rules in {} groups", groups.len())) } else { Err(some(&wrong)) }
}

fn judge_evaluated(groups: &[Group], now: Timestamp) -> Result<String, String> {
    let late = groups.iter().filter_map(|group| {
        let limit = SignedDuration::from_secs_f64(3.0 * group.interval.max(5.0));
        let age = now.duration_since(group.last_evaluation);
        (age > limit).then(|| {
            let when = if group.last_evaluation < Timestamp::UNIX_EPOCH {
                "never evaluated yet".to_owned()
            } else {
                format!("evaluated {} s ago", age.as_secs())
            };
            format!("group {} (every {} s) was {when}", group.name, group.interval)
        })
    });
    let wrong: Vec<String> = late.chain(failing(groups)).collect();
    if wrong.is_empty() { Ok(format!("{} groups", groups.len())) } else { Err(some(&wrong)) }
}

fn failing(groups: &[Group]) -> impl Iterator<Item = String> + '_ {
    groups.iter().flat_map(|group| {
        let failing = group.rules.iter().filter(|rule| rule.health == RuleHealth::Err);
        failing.map(|rule| format!("{} in group {} fails: {}", rule.name, group.name, rule.last_error))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn groups(rules: serde_json::Value, last: &str) -> Vec<Group> {
        serde_json::from_value(
            json!([{"name": "stream", "file": "x", "interval": 15, "lastEvaluation": last, "rules": rules}]),
        )
        .unwrap()
    }

    fn wanted_of(text: &str) -> Vec<(String, Wanted)> {
        let file: File = serde_saphyr::from_str(text).unwrap();
        file.groups.into_iter().map(|group| ("rules/stream.yaml".to_owned(), group)).collect()
    }

    const NOW: &str = "2026-11-21T10:00:00Z";

    #[test]
    fn a_missing_group_or_rule_is_named_with_its_file() {
        let wanted = wanted_of(
            "groups: [{name: stream, rules: [{alert: A, expr: up}, {record: b:c, expr: up}]}, {name: gone, rules: []}]",
        );
        let there = groups(json!([{"name": "A", "health": "ok"}]), NOW);
        assert_eq!(
            judge_loaded(&wanted, &there).unwrap_err(),
            "b:c in group stream of rules/stream.yaml is not loaded; group gone of rules/stream.yaml is not loaded"
        );
        let there = groups(json!([{"name": "A", "health": "ok"}, {"name": "b:c", "health": "unknown"}]), NOW);
        assert_eq!(judge_loaded(&wanted[..1], &there).unwrap(), "2 rules in 1 groups");
    }

    #[test]
    fn a_rule_that_fails_and_a_group_that_is_not_evaluated_are_named() {
        let now: Timestamp = NOW.parse().unwrap();
        let failing = groups(json!([{"name": "A", "health": "err", "lastError": "many-to-many"}]), NOW);
        assert_eq!(judge_evaluated(&failing, now).unwrap_err(), "A in group stream fails: many-to-many");
        assert!(judge_loaded(&[], &failing).is_err());
        let stands = groups(json!([]), "2026-11-21T09:59:00Z");
        assert_eq!(judge_evaluated(&stands, now).unwrap_err(), "group stream (every 15 s) was evaluated 60 s ago");
        let never = groups(json!([]), "0001-01-01T00:00:00Z");
        assert_eq!(judge_evaluated(&never, now).unwrap_err(), "group stream (every 15 s) was never evaluated yet");
    }

    #[test]
    fn the_repositorys_rules_are_known() {
        let wanted = wanted().unwrap();
        let alerts: BTreeSet<&str> =
            wanted.iter().flat_map(|(_, group)| &group.rules).filter_map(|rule| rule.alert.as_deref()).collect();
        assert!(alerts.contains("Watchdog") && alerts.contains("TargetDown"), "{alerts:?}");
    }
}

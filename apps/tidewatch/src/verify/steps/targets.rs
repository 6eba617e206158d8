//! Prometheus scrapes every service: each expected job has a target, and every target is up.

use std::sync::Arc;

use tidewatch_client::prometheus::{TARGETS, Target, TargetHealth};

use super::super::outcome::{Failure, Note, Verdict};
use super::super::stack::Stack;
use super::{lacks, some, until};
use crate::catalogue;

/// Returns the expected jobs, whatever is configured.
fn jobs(alertmanager: bool) -> Vec<&'static str> {
    let jobs = catalogue::jobs().map(|job| job.name);
    jobs.filter(|name| alertmanager || *name != "alertmanager").collect()
}

/// Repeats until all targets are up.
pub(in super::super) async fn check(stack: Arc<Stack>, note: Note) -> Verdict {
    let Some(prometheus) = &stack.prometheus else { return lacks("prometheus") };
    let jobs = jobs(stack.alertmanager.is_some());
    let expected = format!("each of {} jobs has a target, and every target is up", jobs.len());
    until(&note, async || {
        let judged = match prometheus.targets().await {
            Ok(targets) => judge(&jobs, &targets),
            Err(error) => Err(format!("{error:#}")),
        };
        judged
            .map_err(|seen| Failure::new(&expected, seen, stack.curl("prometheus", &format!("{TARGETS}?state=active"))))
    })
    .await
}

fn judge(jobs: &[&str], targets: &[Target]) -> Result<String, String> {
    let job = |target: &Target| target.labels.get("job").cloned().unwrap_or_default();
    let missing = jobs
        .iter()
        .filter(|name| targets.iter().all(|target| job(target) != **name))
        .map(|name| format!("{name} has none"));
    let down = targets.iter().filter(|target| target.health != TargetHealth::Up).map(|target| {
        let why = if target.last_error.is_empty() { "not scraped yet" } else { &target.last_error };
        format!("{} is {} ({why})", job(target), target.health)
    });
    let wrong: Vec<String> = missing.chain(down).collect();
    if wrong.is_empty() { Ok(format!("{} targets of {} jobs", targets.len(), jobs.len())) } else { Err(some(&wrong)) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn target(job: &str, health: &str, error: &str) -> Target {
        serde_json::from_value(
            json!({"labels": {"job": job}, "scrapeUrl": "http://x/metrics", "health": health, "lastError": error}),
        )
        .unwrap()
    }

    #[test]
    fn a_job_without_a_target_and_a_target_that_is_down_are_named() {
        let targets = [target("a", "up", ""), target("b", "down", "connection refused"), target("c", "unknown", "")];
        let seen = judge(&["a", "b", "c", "d"], &targets).unwrap_err();
        assert_eq!(seen, "d has none; b is down (connection refused); c is unknown (not scraped yet)");
        assert_eq!(judge(&["a"], &targets[..1]).unwrap(), "1 targets of 1 jobs");
    }

    #[test]
    fn every_service_of_the_fleet_is_a_job() {
        assert_eq!(jobs(true).len(), 10);
        assert_eq!(jobs(false).len(), 9);
    }
}

//! The order of the steps and their time limits: at most six minutes in all.

use std::time::Duration;

use super::run::{Stage, Step, When, Work};
use super::steps::{
    accounting, alertmanager, armed, dashboards, dead_letters, fault, flow, pods, quiet, route, rules, services,
    targets, unbroken,
};

/// Time limit for all steps together, so that the whole check ends within six minutes.
pub(super) const TOTAL: Duration = Duration::from_secs(355);
/// For steps that a ready stack passes at once, or some seconds after Prometheus started.
const PIPELINE: Duration = Duration::from_secs(30);
/// Traffic rules are armed after 120 s of traffic. Rules that are evaluated every 2 min have their first data some 155
/// s after Prometheus started.
const HEALTHY: Duration = Duration::from_secs(180);
/// 65 s to the notification, 95 s more to the resolved one, and 10 s each to report how late something is.
const FAULTS: Duration = Duration::from_secs(182);
const LAST: Duration = Duration::from_secs(15);

/// Returns all steps.
pub(super) fn stages() -> Vec<Stage> {
    let step = |id, title, limit, work: Work| Step { id, title, limit, work };
    vec![
        Stage {
            when: When::AllWell,
            steps: vec![
                step("pods", "pods ready", PIPELINE, |s, n| Box::pin(pods::ready(s, n))),
                step("services", "services answer", PIPELINE, |s, n| Box::pin(services::check(s, n))),
                step("unbroken", "no fault active", PIPELINE, |s, n| Box::pin(unbroken::check(s, n))),
                step("flow", "events flow", PIPELINE, |s, n| Box::pin(flow::check(s, n))),
                step("targets", "scrape targets up", PIPELINE, |s, n| Box::pin(targets::check(s, n))),
                step("rules", "rules loaded", PIPELINE, |s, n| Box::pin(rules::loaded(s, n))),
                step("alertmanager", "Alertmanager known", PIPELINE, |s, n| Box::pin(alertmanager::known(s, n))),
                step("route", "route to the webhook", PIPELINE, |s, n| Box::pin(route::check(s, n))),
            ],
        },
        Stage {
            when: When::AllWellAndStaysSo,
            steps: vec![
                step("watchdog", "Alertmanager notified", HEALTHY, |s, n| Box::pin(alertmanager::notified(s, n))),
                step("evaluation", "rules evaluated", HEALTHY, |s, n| Box::pin(rules::evaluated(s, n))),
                step("dashboards", "dashboards have data", HEALTHY, |s, n| Box::pin(dashboards::check(s, n))),
                step("armed", "rules armed", HEALTHY, |s, n| Box::pin(armed::check(s, n))),
                step("quiet", "60 s without alert", HEALTHY, |s, n| Box::pin(quiet::before(s, n))),
            ],
        },
        Stage {
            when: When::AllWell,
            steps: vec![
                step("fault-latency", "fault: latency x10", FAULTS, |s, n| Box::pin(fault::check(s, n, 0))),
                step("fault-errors", "fault: errors 30 %", FAULTS, |s, n| Box::pin(fault::check(s, n, 1))),
                step("fault-silence", "fault: silence", FAULTS, |s, n| Box::pin(fault::check(s, n, 2))),
                step("fault-malformed", "fault: malformed", FAULTS, |s, n| Box::pin(dead_letters::check(s, n))),
            ],
        },
        Stage {
            when: When::After,
            steps: vec![
                step("nothing-else", "nothing else notified", LAST, |s, n| Box::pin(quiet::after(s, n))),
                step("restarts", "no pod restarted", LAST, |s, n| Box::pin(pods::restarted(s, n))),
                step("accounting", "nothing lost", LAST, |s, n| Box::pin(accounting::check(s, n))),
            ],
        },
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::promises::PROMISES;

    #[test]
    fn ids_are_distinct_and_titles_fit_their_column() {
        let steps: Vec<Step> = stages().into_iter().flat_map(|stage| stage.steps).collect();
        let ids: BTreeSet<&str> = steps.iter().map(|step| step.id).collect();
        assert_eq!(ids.len(), steps.len());
        assert!(steps.iter().all(|step| step.title.len() <= 21));
        for promise in PROMISES {
            assert!(steps.iter().any(|step| step.title == format!("fault: {}", promise.name)), "{}", promise.name);
        }
    }

    #[test]
    fn every_step_is_documented() {
        let page = include_str!("../../../../docs/verify.md");
        for step in stages().into_iter().flat_map(|stage| stage.steps) {
            assert!(page.contains(&format!("| `{}` |", step.id)), "docs/verify.md lacks {}", step.id);
        }
    }
}

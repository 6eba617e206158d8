//! The condition of a service, from its alerts and the stream-processor's view of its groups.

use tidewatch_contract::http::processor::{GroupView, RuleStatus, RuleView, Status};

use crate::peers::Peer;
use crate::rules::Family;
use crate::state::State;
use crate::view::Condition;

/// The condition of a service, with a word for it and, if requests are too few, the reason.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Standing<'a> {
    pub(crate) condition: Condition,
    pub(crate) word: &'static str,
    /// The rule's reason, for a service with too few requests to be evaluated.
    pub(crate) reason: Option<&'a str>,
}

impl Standing<'_> {
    fn new(condition: Condition, word: &'static str) -> Self {
        Self { condition, word, reason: None }
    }
}

/// Returns the condition of the service called `name`, which receives `rate` requests per second.
pub(crate) fn standing<'a>(state: &'a State, name: &str, rate: f64) -> Standing<'a> {
    if state.alerts.firing().any(|alert| alert.service() == name) {
        return Standing::new(Condition::Firing, "firing");
    }
    let judged = state.processor.as_ref().is_none_or(|processor| processor.failing.is_none());
    if state.kafka_failing.is_some() || !judged {
        return Standing::new(Condition::Unknown, "unknown");
    }
    let groups = groups_of(&state.processor, name);
    let rules = || groups.iter().flat_map(|group| group.rules.values());
    // A rule can be firing before its alert has been read; the service is pending until then.
    if rules().any(|rule| matches!(rule.state, RuleStatus::Pending | RuleStatus::Firing)) {
        return Standing::new(Condition::Pending, "pending");
    }
    if rate == 0.0 {
        return Standing::new(Condition::Unknown, "silent");
    }
    match doubt(&groups) {
        Some(reason) => Standing { reason: Some(reason), ..Standing::new(Condition::Unknown, "too few to evaluate") },
        None => Standing::new(Condition::Ok, "ok"),
    }
}

/// Returns the groups of a service, as last reported by the stream-processor.
pub(crate) fn groups_of<'a>(processor: &'a Option<Peer<Status>>, name: &str) -> Vec<&'a GroupView> {
    let status = processor.as_ref().and_then(|processor| processor.answer.as_ref());
    status.map(|status| status.groups.iter().filter(|group| group.service() == name).collect()).unwrap_or_default()
}

/// Returns why a service can't be called healthy although nothing is known to be wrong: either requests fail in a group
/// that is too small to be evaluated, alone or together with the others, or no rule can evaluate any group.
fn doubt<'a>(groups: &[&'a GroupView]) -> Option<&'a str> {
    let all = || groups.iter().flat_map(|group| group.rules.iter().map(|(name, rule)| (*group, name.as_str(), rule)));
    let is_judged_together = |name: &str| {
        groups.iter().any(|group| {
            group.is_whole_service() && group.rules.get(name).is_some_and(|rule| rule.state == RuleStatus::Ok)
        })
    };
    let is_over = |rule: &RuleView| rule.value > rule.threshold;
    let failing = all().find(|(_, name, rule)| {
        Family::of_rule(name) == Family::Errors
            && rule.state == RuleStatus::Unknown
            && is_over(rule)
            && !is_judged_together(name)
    });
    let unjudged = || {
        let is_any_judged = all().any(|(.., rule)| rule.state != RuleStatus::Unknown);
        let errors = all().filter(|(_, name, _)| Family::of_rule(name) == Family::Errors);
        let most_telling = errors.max_by_key(|(group, ..)| group.is_whole_service()).or_else(|| all().next());
        most_telling.filter(|_| !is_any_judged)
    };
    failing.or_else(unjudged).and_then(|(.., rule)| rule.reason.as_deref())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{at, group};

    fn state(groups: Vec<GroupView>) -> State {
        let mut processor = Peer::new("");
        processor.take(at(1), Ok(Status { groups, ..Status::default() }));
        State { processor: Some(processor), ..State::default() }
    }

    fn unknown(value: f64, reason: &str) -> (RuleStatus, f64, Option<&str>) {
        (RuleStatus::Unknown, value, Some(reason))
    }

    const OK: (RuleStatus, f64, Option<&str>) = (RuleStatus::Ok, 0.0, None);

    fn said(groups: Vec<GroupView>) -> (Condition, Option<String>) {
        let state = state(groups);
        let standing = standing(&state, "pay", 1.0);
        (standing.condition, standing.reason.map(str::to_owned))
    }

    #[test]
    fn a_service_that_no_rule_can_evaluate_is_not_ok() {
        let few = unknown(0.0, "0 % of 20 requests failed; too few to evaluate");
        let (condition, reason) = said(vec![group("pay", Some("eu"), "HighErrorRate", few)]);
        assert_eq!(condition, Condition::Unknown);
        assert_eq!(reason.unwrap(), "0 % of 20 requests failed; too few to evaluate");
    }

    #[test]
    fn a_small_region_that_fails_is_not_hidden_by_a_large_one() {
        let failing = unknown(1.0, "100 % of 4 requests failed; too few to evaluate");
        let groups =
            vec![group("pay", Some("eu"), "HighErrorRate", OK), group("pay", Some("us"), "HighErrorRate", failing)];
        assert_eq!(said(groups).1.unwrap(), "100 % of 4 requests failed; too few to evaluate");
        let few = unknown(0.0, "0 % of 4 requests failed; too few to evaluate");
        let groups =
            vec![group("pay", Some("eu"), "HighErrorRate", OK), group("pay", Some("us"), "HighErrorRate", few)];
        assert_eq!(said(groups), (Condition::Ok, None));
    }

    #[test]
    fn regions_that_are_evaluated_together_count_as_evaluated() {
        let failing = unknown(0.1, "10 % of 10 requests failed; too few to evaluate");
        let groups = vec![group("pay", Some("eu"), "HighErrorRate", failing), group("pay", None, "HighErrorRate", OK)];
        assert_eq!(said(groups), (Condition::Ok, None));
    }

    #[test]
    fn a_service_without_a_reason_for_doubt_is_ok() {
        assert_eq!(said(Vec::new()), (Condition::Ok, None));
    }
}

//! `GET /api/status`: the page's figures for scripts; `tidewatch status --json` prints the same.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use tidewatch_contract::http::console::{Service, ServiceState, Status};

use crate::signals::Golden;
use crate::standing::standing;
use crate::state::State;
use crate::view::Condition;

/// Returns the figures at `now`.
pub(super) fn status(state: &State, now: Timestamp) -> Status {
    let mut services: BTreeMap<String, Service> = state
        .signals
        .services()
        .map(|(name, series)| (name.to_owned(), service(state, name, series.golden(now.as_second()))))
        .collect();
    for alert in state.alerts.firing() {
        let service = services
            .entry(alert.service().to_owned())
            .or_insert_with(|| service(state, alert.service(), Golden::default()));
        service.firing.insert(alert.rule.clone());
    }
    let processor = state.processor.as_ref().and_then(|processor| processor.current());
    Status { services, totals: processor.map(|status| status.totals.into()).unwrap_or_default() }
}

fn service(state: &State, name: &str, golden: Golden) -> Service {
    let standing = standing(state, name, golden.rate);
    let quantile = |index: usize| golden.quantiles.map(|values| rounded(values[index]));
    Service {
        rate: rounded(golden.rate),
        error_ratio: golden.error_ratio.map(rounded),
        p50_ms: quantile(0),
        p95_ms: quantile(1),
        p99_ms: quantile(2),
        firing: BTreeSet::new(),
        state: match standing.condition {
            Condition::Ok => ServiceState::Ok,
            Condition::Pending => ServiceState::Pending,
            Condition::Firing => ServiceState::Firing,
            Condition::Unknown => ServiceState::Unknown,
        },
        reason: standing.reason.map(str::to_owned),
    }
}

/// Rounds to four decimals; more would suggest a false precision.
fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{alert_event, at, group};
    use crate::peers::Peer;
    use crate::signals::Arrival;
    use serde_json::json;
    use tidewatch_contract::http::processor::{RuleStatus, Status as ProcessorStatus, Totals as Counts};

    #[test]
    fn a_service_has_its_figures_and_the_rules_that_fire() {
        let mut state = State::default();
        for n in 0..200 {
            let arrival =
                Arrival { second: 1_000 + n / 20, latency_ms: Some(100.0), error: n % 10 == 0, off_clock: false };
            state.signals.record("pay", arrival);
        }
        state.alerts.apply(alert_event("HighErrorRate", "pay", "eu", 1_000));
        state.alerts.apply(alert_event("HighErrorRate", "pay", "us", 1_000));
        let mut processor = Peer::new("");
        let totals = Counts { produced: 16, processed: 9, late: 1, dead_lettered: 2, holes: 2, gap: 1, lag: 1 };
        processor.take(at(1), Ok(ProcessorStatus { totals, ..ProcessorStatus::default() }));
        state.processor = Some(processor);
        let mut status = serde_json::to_value(status(&state, at(1_011))).unwrap();
        let latency = status["services"]["pay"]["p99_ms"].take().as_f64().unwrap();
        assert!((latency - 100.0).abs() <= 1.0);
        for name in ["p50_ms", "p95_ms"] {
            status["services"]["pay"][name].take();
        }
        assert_eq!(
            status,
            json!({
                "services": {"pay": {"rate": 20.0, "error_ratio": 0.1, "p50_ms": null, "p95_ms": null, "p99_ms": null,
                    "firing": ["HighErrorRate"], "state": "firing", "reason": null}},
                "totals": {"produced": 16, "processed": 9, "late": 1, "dead_lettered": 2, "holes": 2, "gap": 1,
                    "lag": 1},
            })
        );
    }

    #[test]
    fn a_service_too_small_to_be_judged_is_unknown_and_says_why() {
        let mut state = State::default();
        let arrival = Arrival { second: 1_000, latency_ms: Some(100.0), error: true, off_clock: false };
        state.signals.record("pay", arrival);
        let reason = "100 % of 1 requests failed; too few to evaluate";
        let groups = vec![group("pay", Some("eu"), "HighErrorRate", (RuleStatus::Unknown, 1.0, Some(reason)))];
        let mut processor = Peer::new("");
        processor.take(at(1), Ok(ProcessorStatus { groups, ..ProcessorStatus::default() }));
        state.processor = Some(processor);
        let status = serde_json::to_value(status(&state, at(1_003))).unwrap();
        assert_eq!(status["services"]["pay"]["state"], "unknown");
        assert_eq!(status["services"]["pay"]["reason"], reason);
    }

    #[test]
    fn an_unknown_figure_is_null() {
        let mut state = State::default();
        state.alerts.apply(alert_event("TrafficDrop", "gone", "eu", 1_000));
        let status = serde_json::to_value(status(&state, at(9_000))).unwrap();
        assert_eq!(status["services"]["gone"]["error_ratio"], json!(null));
        assert_eq!(status["services"]["gone"]["firing"], json!(["TrafficDrop"]));
        assert_eq!(status["totals"]["lag"], json!(null));
    }
}

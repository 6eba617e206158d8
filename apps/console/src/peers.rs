//! What the other services answer over HTTP, and how long ago they did.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use tidewatch_contract::http::processor::GroupView;

/// A service that is asked again and again.
#[derive(Debug, Clone)]
pub struct Peer<T> {
    /// Where it is asked, for a person to look at.
    pub url: String,
    /// Its last good answer.
    pub answer: Option<T>,
    /// Since when it gives no good answer, and why.
    pub failing: Option<(Timestamp, String)>,
}

impl<T> Peer<T> {
    /// One that was not asked yet.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), answer: None, failing: None }
    }

    /// Takes the result of asking at `now`. A failure keeps the last good answer, and the time of the first failure.
    pub fn take(&mut self, now: Timestamp, result: Result<T, String>) {
        match result {
            Ok(answer) => {
                self.answer = Some(answer);
                self.failing = None;
            }
            Err(why) => {
                let since = self.failing.take().map_or(now, |(since, _)| since);
                self.failing = Some((since, why));
            }
        }
    }

    /// The last good answer, unless it is out of date.
    pub fn current(&self) -> Option<&T> {
        self.answer.as_ref().filter(|_| self.failing.is_none())
    }
}

/// `GET /faults` of the workload-simulator.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Faults {
    /// Faults that are on.
    pub active: Vec<Fault>,
    /// Faults that were healed, newest first.
    pub history: Vec<Fault>,
}

impl Faults {
    /// All of them, each once, in the order of injection.
    pub fn all(&self) -> Vec<&Fault> {
        let by_id: BTreeMap<_, _> =
            self.active.iter().chain(&self.history).map(|fault| (fault.id.as_str(), fault)).collect();
        let mut faults: Vec<&Fault> = by_id.into_values().collect();
        faults.sort_by_key(|fault| fault.injected_at);
        faults
    }
}

/// One fault that was injected.
#[derive(Debug, Clone, Deserialize)]
pub struct Fault {
    /// Identifies it.
    pub id: String,
    /// The service that was broken.
    pub service: String,
    /// The one region that was broken; all of them without.
    pub region: Option<String>,
    /// `latency`, `error_rate`, `silence`, `skew` or `malformed`.
    pub kind: String,
    /// Its strength: a factor, a share or seconds, as the kind says.
    #[serde(default)]
    pub value: Option<f64>,
    /// When it began.
    pub injected_at: Timestamp,
    /// When it will end by itself.
    #[serde(default)]
    pub heals_at: Option<Timestamp>,
    /// When it ended.
    #[serde(default)]
    pub healed_at: Option<Timestamp>,
}

/// Returns what identifies the group beside its service: the region, or the other labels.
pub fn place(group: &GroupView) -> String {
    let others: Vec<&str> =
        group.labels.iter().filter(|(label, _)| *label != "service").map(|(_, value)| value.as_str()).collect();
    if others.is_empty() { "all regions".to_owned() } else { others.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::at;

    #[test]
    fn a_peer_that_fails_keeps_its_answer_and_the_time_of_the_first_failure() {
        let mut peer = Peer::new("http://127.0.0.1:1");
        peer.take(at(1), Ok(7));
        peer.take(at(2), Err("connection refused".into()));
        peer.take(at(9), Err("timed out".into()));
        assert_eq!(peer.failing, Some((at(2), "timed out".into())));
        assert_eq!((peer.answer, peer.current()), (Some(7), None));
        peer.take(at(10), Ok(8));
        assert_eq!(peer.current(), Some(&8));
    }

    #[test]
    fn faults_are_listed_once_in_the_order_of_injection() {
        let fault = |id: u64, at: &str| {
            format!(
                r#"{{"id": "{id}", "service": "a", "region": null, "kind": "silence", "value": 1, "injected_at": "{at}", "heals_at": null, "healed_at": null}}"#
            )
        };
        let (first, second) = (fault(1, "2026-01-01T00:00:00Z"), fault(2, "2026-01-01T00:01:00Z"));
        let faults: Faults =
            serde_json::from_str(&format!(r#"{{"active": [{second}], "history": [{second}, {first}]}}"#)).unwrap();
        assert_eq!(faults.all().iter().map(|fault| fault.id.as_str()).collect::<Vec<_>>(), ["1", "2"]);
    }
}

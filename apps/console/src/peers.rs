//! The other services' HTTP answers, and since when they have failed to answer.

use jiff::Timestamp;
use tidewatch_contract::http::processor::GroupView;

/// A service that is queried periodically.
#[derive(Debug, Clone)]
pub struct Peer<T> {
    /// The address at which it is queried, as shown on the page.
    pub url: String,
    /// The last good answer.
    pub answer: Option<T>,
    /// Since when it has given no good answer, and why.
    pub failing: Option<(Timestamp, String)>,
}

impl<T> Peer<T> {
    /// Creates a peer that hasn't been queried yet.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), answer: None, failing: None }
    }

    /// Records the result of a query at `now`. A failure keeps the last good answer, and the time of the first failure.
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

    /// Returns the last good answer, unless the peer has failed since.
    pub fn current(&self) -> Option<&T> {
        self.answer.as_ref().filter(|_| self.failing.is_none())
    }
}

/// Returns the part of the group's identity other than its service: the region, or the other labels.
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
    fn a_failing_peer_keeps_its_last_answer_and_the_time_of_the_first_failure() {
        let mut peer = Peer::new("http://127.0.0.1:1");
        peer.take(at(1), Ok(7));
        peer.take(at(2), Err("connection refused".into()));
        peer.take(at(9), Err("timed out".into()));
        assert_eq!(peer.failing, Some((at(2), "timed out".into())));
        assert_eq!((peer.answer, peer.current()), (Some(7), None));
        peer.take(at(10), Ok(8));
        assert_eq!(peer.current(), Some(&8));
    }
}

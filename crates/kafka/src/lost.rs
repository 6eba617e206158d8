//! Finds out whether a client has lost the brokers for good.

use std::time::{Duration, Instant};

/// How long a client must be without an answer while new clients get one. A client that can recover needs a few
/// seconds: it connects again within 3 s, and gives up a connection at the first request without an answer.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);
/// How many new clients must have got an answer by then: the process may have stood still for most of the time.
const LEAST: u32 = 4;

/// The checks in which a client had no answer, but a new client did.
#[derive(Debug, Default)]
pub(crate) struct Lost {
    since: Option<Instant>,
    checks: u32,
}

impl Lost {
    /// Notes such a check. Returns whether the client is lost.
    pub(crate) fn note(&mut self, now: Instant) -> bool {
        let since = *self.since.get_or_insert(now);
        self.checks += 1;
        now.duration_since(since) >= LIMIT && self.checks >= LEAST
    }

    /// Notes that the client had an answer, or that a new client had none either.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHECK: Duration = Duration::from_secs(5);

    #[test]
    fn a_client_is_lost_after_30_s_in_which_each_new_client_had_an_answer() {
        let (start, mut lost) = (Instant::now(), Lost::default());
        assert!((0..6).all(|check| !lost.note(start + check * CHECK)));
        assert!(lost.note(start + 6 * CHECK));
    }

    #[test]
    fn an_answer_and_an_outage_begin_the_time_anew() {
        let (start, mut lost) = (Instant::now(), Lost::default());
        assert!((0..6).all(|check| !lost.note(start + check * CHECK)));
        lost.clear();
        assert!((6..12).all(|check| !lost.note(start + check * CHECK)));
        assert!(lost.note(start + 12 * CHECK));
    }

    #[test]
    fn a_process_that_stood_still_checks_again_before_a_client_is_lost() {
        let (start, mut lost) = (Instant::now(), Lost::default());
        assert!(!lost.note(start));
        let later = start + Duration::from_secs(3600);
        assert!((0..2).all(|check| !lost.note(later + check * CHECK)));
        assert!(lost.note(later + 2 * CHECK));
    }
}

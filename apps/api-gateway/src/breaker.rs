//! A circuit breaker: while most requests to a peer fail, it isn't asked, which spares it and the clients' time.
//!
//! Closed, it lets every request through. It opens when half of the last [`RECENT`] requests failed. Open, it lets none
//! through for a while, and then is half open: it lets one through, whose outcome closes it or opens it again.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::metrics::Metrics;

/// The number of requests by which it judges. With fewer it stays closed.
const RECENT: usize = 20;

/// The breaker in front of one peer. Clones share their state.
#[derive(Clone, Debug)]
pub(crate) struct Breaker {
    state: Arc<Mutex<State>>,
    open_for: Duration,
    metrics: Metrics,
}

#[derive(Debug)]
enum State {
    /// Whether each of the last requests failed.
    Closed(VecDeque<bool>),
    Open {
        until: Instant,
    },
    /// One request is under way, and its outcome decides.
    HalfOpen,
}

impl State {
    fn closed() -> Self {
        Self::Closed(VecDeque::with_capacity(RECENT))
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Closed(_) => "closed",
            Self::Open { .. } => "open",
            Self::HalfOpen => "half_open",
        }
    }
}

/// The right to send one request. Dropped without an outcome, because the client is gone, it decides nothing.
#[derive(Debug)]
pub(crate) struct Permit<'a> {
    breaker: &'a Breaker,
    decides: bool,
}

impl Breaker {
    pub(crate) fn new(open_for: Duration, metrics: Metrics) -> Self {
        let breaker = Self { state: Arc::new(Mutex::new(State::closed())), open_for, metrics };
        breaker.metrics.show_breaker(State::closed().name());
        breaker
    }

    /// Returns the right to send a request, or how long to wait before trying again.
    pub(crate) fn permit(&self) -> Result<Permit<'_>, Duration> {
        let mut state = self.state();
        match *state {
            State::Closed(_) => Ok(Permit { breaker: self, decides: false }),
            State::Open { until } if Instant::now() < until => Err(until - Instant::now()),
            State::Open { .. } => {
                self.enter(&mut state, State::HalfOpen);
                Ok(Permit { breaker: self, decides: true })
            }
            State::HalfOpen => Err(Duration::ZERO),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, state: &mut State, next: State) {
        tracing::info!("the circuit breaker of the user-service is {}", next.name());
        self.metrics.show_breaker(next.name());
        *state = next;
    }

    fn open(&self, state: &mut State) {
        self.enter(state, State::Open { until: Instant::now() + self.open_for });
    }
}

impl Permit<'_> {
    /// Notes the outcome of the request.
    pub(crate) fn settle(mut self, failed: bool) {
        let breaker = self.breaker;
        let mut state = breaker.state();
        match &mut *state {
            _ if self.decides => {
                self.decides = false;
                if failed { breaker.open(&mut state) } else { breaker.enter(&mut state, State::closed()) }
            }
            State::Closed(recent) => {
                if recent.len() == RECENT {
                    recent.pop_front();
                }
                recent.push_back(failed);
                let failures = recent.iter().filter(|failed| **failed).count();
                if recent.len() == RECENT && 2 * failures >= RECENT {
                    breaker.open(&mut state);
                }
            }
            // Sent before it opened; it is too late to tell.
            State::Open { .. } | State::HalfOpen => {}
        }
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if self.decides {
            // The next request decides.
            let until = Instant::now();
            *self.breaker.state() = State::Open { until };
        }
    }
}

#[cfg(test)]
mod tests {
    use prometheus::Registry;
    use tokio::time::advance;

    use super::*;

    const OPEN: Duration = Duration::from_secs(5);

    fn breaker() -> Breaker {
        Breaker::new(OPEN, Metrics::register(&Registry::new()).unwrap())
    }

    fn send(breaker: &Breaker, failed: bool) {
        breaker.permit().unwrap().settle(failed);
    }

    fn opened() -> Breaker {
        let breaker = breaker();
        (0..RECENT).for_each(|_| send(&breaker, true));
        breaker
    }

    #[tokio::test(start_paused = true)]
    async fn it_opens_when_half_of_the_recent_requests_failed() {
        let breaker = breaker();
        (0..9).for_each(|_| send(&breaker, true));
        (0..20).for_each(|_| send(&breaker, false));
        (0..9).for_each(|_| send(&breaker, true));
        assert!(breaker.permit().is_ok(), "9 of 20 failed");
        send(&breaker, true);
        assert_eq!(breaker.permit().unwrap_err(), OPEN);
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_while_one_request_decides() {
        let breaker = opened();
        advance(OPEN).await;
        let probe = breaker.permit().unwrap();
        assert!(breaker.permit().is_err(), "only one at a time");
        probe.settle(true);
        assert_eq!(breaker.permit().unwrap_err(), OPEN);
        advance(OPEN).await;
        send(&breaker, false);
        (0..RECENT - 1).for_each(|_| send(&breaker, true));
        assert!(breaker.permit().is_ok(), "it has forgotten the failures before");
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_leaves_does_not_keep_it_half_open() {
        let breaker = opened();
        advance(OPEN).await;
        drop(breaker.permit().unwrap());
        send(&breaker, false);
        assert!(breaker.permit().is_ok());
    }
}

//! Readiness: named conditions that must all hold before a service reports that it is ready.
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// A set of named readiness conditions; ready when all of them are met.
#[derive(Clone, Debug, Default)]
pub struct Health(Arc<Mutex<Vec<(&'static str, State)>>>);

#[derive(Clone, Debug)]
enum State {
    Met,
    MetUntil { end: Instant, validity: Duration },
    Unmet(String),
}

impl Health {
    /// Creates a set without conditions, which is ready.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a condition that starts unmet, with the reason "starting".
    pub fn require(&self, name: &'static str) -> Condition {
        let mut states = self.states();
        states.push((name, State::Unmet("starting".into())));
        Condition { health: self.clone(), index: states.len() - 1 }
    }

    /// Returns the name and reason of every condition that is currently not met.
    pub fn unmet(&self) -> Vec<(String, String)> {
        let now = Instant::now();
        let reason = |state: &State| match state {
            State::Met => None,
            State::MetUntil { end, validity } => {
                (*end < now).then(|| format!("not confirmed in the last {} s", validity.as_secs_f64()))
            }
            State::Unmet(why) => Some(why.clone()),
        };
        self.states().iter().filter_map(|(name, state)| Some(((*name).to_owned(), reason(state)?))).collect()
    }

    /// Returns whether every condition is met.
    pub fn is_ready(&self) -> bool {
        self.unmet().is_empty()
    }

    // A panic while the lock is held leaves no half-written state behind, so a poisoned lock can still be used.
    fn states(&self) -> MutexGuard<'_, Vec<(&'static str, State)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A readiness condition, held by the part of a service that knows whether it is met.
#[derive(Clone, Debug)]
pub struct Condition {
    health: Health,
    index: usize,
}

impl Condition {
    /// Marks the condition as met until further notice.
    pub fn met(&self) {
        self.set(State::Met);
    }

    /// Marks the condition as not met, with a reason.
    pub fn unmet(&self, why: impl Into<String>) {
        self.set(State::Unmet(why.into()));
    }

    /// Marks the condition as met for `validity`; it lapses unless confirmed again.
    pub fn fresh_for(&self, validity: Duration) {
        self.set(State::MetUntil { end: Instant::now() + validity, validity });
    }

    fn set(&self, state: State) {
        self.health.states()[self.index].1 = state;
    }
}

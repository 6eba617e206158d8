//! Faults that are injected and healed at exactly known times, and their effect on a request due at a given time.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};
pub use tidewatch_contract::http::simulator::{Fault, FaultKind};

/// Number of healed faults that are kept.
const HISTORY: usize = 200;

/// The target of a fault and what it changes.
#[derive(Debug, Clone, PartialEq)]
pub struct Injection {
    /// The affected service.
    pub service: String,
    /// The only affected region; `None` means all regions.
    pub region: Option<String>,
    /// The kind of fault.
    pub kind: FaultKind,
    /// The strength of the fault, see [`FaultKind`].
    pub value: f64,
}

fn covers(fault: &Fault, service: &str, region: &str, due: Timestamp) -> bool {
    let end = fault.healed_at.or(fault.heals_at);
    fault.service == service
        && fault.region.as_deref().is_none_or(|only| only == region)
        && fault.injected_at <= due
        && end.is_none_or(|end| due < end)
}

/// The combined effect of the faults in force on one request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effect {
    /// What its latency is multiplied by.
    pub latency_factor: f64,
    /// The share of requests that fail, 0 to 1.
    pub error_rate: f64,
    /// Whether nothing is sent.
    pub silent: bool,
    /// What its time is shifted by.
    pub skew: SignedDuration,
    /// The share of events that are malformed, 0 to 1.
    pub malformed: f64,
}

impl Effect {
    const NONE: Self =
        Self { latency_factor: 1.0, error_rate: 0.0, silent: false, skew: SignedDuration::ZERO, malformed: 0.0 };
}

/// The faults in force and the most recently healed ones.
#[derive(Debug, Default)]
pub struct FaultBook {
    /// In order of injection.
    active: Vec<Fault>,
    /// Newest first.
    history: VecDeque<Fault>,
    injected: u64,
}

impl FaultBook {
    /// Creates a book without faults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Injects a fault from `now` on, for `lasting` or until it is healed. It replaces a fault of the same kind with
    /// exactly the same target.
    pub fn inject(&mut self, injection: Injection, now: Timestamp, lasting: Option<SignedDuration>) -> Fault {
        self.settle(now);
        self.heal_where(now, |fault| {
            fault.kind == injection.kind && fault.service == injection.service && fault.region == injection.region
        });
        self.injected += 1;
        let Injection { service, region, kind, value } = injection;
        let fault = Fault {
            id: format!("{:x}-{}", now.as_microsecond(), self.injected),
            service,
            region,
            kind,
            value,
            injected_at: now,
            heals_at: lasting.and_then(|lasting| now.checked_add(lasting).ok()),
            healed_at: None,
        };
        self.active.push(fault.clone());
        fault
    }

    /// Heals the faults of a service, or only those injected into one of its regions. Returns the healed faults.
    pub fn heal(&mut self, service: &str, region: Option<&str>, now: Timestamp) -> Vec<Fault> {
        self.settle(now);
        self.heal_where(now, |fault| {
            fault.service == service && (region.is_none() || fault.region.as_deref() == region)
        })
    }

    /// Heals every fault. Returns the healed faults.
    pub fn heal_all(&mut self, now: Timestamp) -> Vec<Fault> {
        self.settle(now);
        self.heal_where(now, |_| true)
    }

    /// Moves faults whose time is up to the history.
    pub fn settle(&mut self, now: Timestamp) {
        let (over, active) =
            self.active.drain(..).partition(|fault| fault.heals_at.is_some_and(|heals_at| heals_at <= now));
        self.active = active;
        for fault in over {
            let healed_at = fault.heals_at;
            self.remember(Fault { healed_at, ..fault });
        }
    }

    /// Returns the faults in force, oldest first.
    pub fn active(&self) -> &[Fault] {
        &self.active
    }

    /// Returns the most recently healed faults, newest first; their number is bounded.
    pub fn history(&self) -> impl Iterator<Item = &Fault> {
        self.history.iter()
    }

    /// Returns the effect on a request due at `due`. Healed faults still apply to requests that were due before: after
    /// a stall, past requests are generated as they would have been. Among faults of one kind, the most recent one
    /// applies.
    pub fn effect(&self, service: &str, region: &str, due: Timestamp) -> Effect {
        let mut effect = Effect::NONE;
        // Oldest first, so that the most recent fault wins.
        let mut covering: Vec<&Fault> =
            self.history.iter().chain(&self.active).filter(|fault| covers(fault, service, region, due)).collect();
        covering.sort_by_key(|fault| fault.injected_at);
        for fault in covering {
            let value = fault.value;
            match fault.kind {
                FaultKind::Latency => effect.latency_factor = value,
                FaultKind::ErrorRate => effect.error_rate = value,
                FaultKind::Silence => effect.silent = true,
                FaultKind::Skew => effect.skew = SignedDuration::try_from_secs_f64(value).unwrap_or_default(),
                FaultKind::Malformed => effect.malformed = value,
                // No request can inject this kind.
                FaultKind::Unknown => {}
            }
        }
        effect
    }

    fn heal_where(&mut self, now: Timestamp, which: impl Fn(&Fault) -> bool) -> Vec<Fault> {
        let (over, active): (Vec<Fault>, _) = self.active.drain(..).partition(which);
        self.active = active;
        let healed: Vec<Fault> = over.into_iter().map(|fault| Fault { healed_at: Some(now), ..fault }).collect();
        for fault in &healed {
            self.remember(fault.clone());
        }
        healed
    }

    fn remember(&mut self, fault: Fault) {
        self.history.push_front(fault);
        self.history.truncate(HISTORY);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn slow(region: Option<&str>, factor: f64) -> Injection {
        Injection {
            service: "api-service".into(),
            region: region.map(Into::into),
            kind: FaultKind::Latency,
            value: factor,
        }
    }

    fn factor(book: &FaultBook, region: &str, due: Timestamp) -> f64 {
        book.effect("api-service", region, due).latency_factor
    }

    #[test]
    fn a_fault_affects_only_events_due_between_its_injection_and_its_healing() {
        let mut book = FaultBook::new();
        book.inject(slow(None, 10.0), at(10), None);
        let healed = book.heal("api-service", None, at(20));
        assert_eq!(healed[0].healed_at, Some(at(20)));
        assert!(book.active().is_empty());
        let factors: Vec<f64> = [9, 10, 19, 20].map(|second| factor(&book, "us-east-1", at(second))).to_vec();
        assert_eq!(factors, [1.0, 10.0, 10.0, 1.0]);
        assert_eq!(book.effect("auth-service", "us-east-1", at(15)), Effect::NONE);
    }

    #[test]
    fn a_fault_with_an_end_heals_at_exactly_that_moment_however_late_it_is_checked() {
        let mut book = FaultBook::new();
        book.inject(slow(None, 10.0), at(0), Some(SignedDuration::from_secs(60)));
        assert_eq!(factor(&book, "us-east-1", at(60)), 1.0);
        book.settle(at(300));
        assert_eq!(book.history().next().unwrap().healed_at, Some(at(60)));
    }

    #[test]
    fn a_fault_in_one_region_leaves_the_others_alone() {
        let mut book = FaultBook::new();
        book.inject(slow(Some("eu-west-1"), 10.0), at(0), None);
        assert_eq!(factor(&book, "eu-west-1", at(1)), 10.0);
        assert_eq!(factor(&book, "us-west-2", at(1)), 1.0);
        assert!(book.heal("api-service", Some("us-west-2"), at(2)).is_empty());
        assert_eq!(book.heal("api-service", Some("eu-west-1"), at(2)).len(), 1);
    }

    #[test]
    fn injecting_the_same_kind_again_replaces_it() {
        let mut book = FaultBook::new();
        book.inject(slow(None, 10.0), at(0), None);
        book.inject(slow(None, 3.0), at(5), None);
        assert_eq!(book.active().len(), 1);
        assert_eq!(book.history().next().unwrap().healed_at, Some(at(5)));
        assert_eq!(factor(&book, "us-east-1", at(4)), 10.0);
        assert_eq!(factor(&book, "us-east-1", at(6)), 3.0);
    }

    #[test]
    fn ids_are_distinct_within_one_microsecond_and_the_history_is_bounded() {
        let mut book = FaultBook::new();
        for _ in 0..HISTORY + 10 {
            book.inject(slow(None, 10.0), at(0), None);
        }
        let ids: std::collections::HashSet<_> = book.history().map(|fault| fault.id.clone()).collect();
        assert_eq!(ids.len(), HISTORY);
    }
}

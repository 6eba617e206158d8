//! Room for series, and each service's share of it.

use std::collections::HashMap;

use crate::names::NOT_FOUND;
use crate::series::{Key, OVERFLOW_LINES, Partition};

/// Room for series, shared by all partitions. What it holds follows from the partitions, so it is the same after a
/// restart.
///
/// Endpoints may take three quarters. The rest is for the overflow of services, and some of it for the last resort of
/// all, so that no service's events are ever counted as another's.
#[derive(Debug)]
pub(crate) struct Budget {
    pub(crate) most: usize,
    endpoints: Pool,
    overflow: Pool,
}

impl Budget {
    pub(crate) fn new(most: usize) -> Self {
        let endpoints = most / 4 * 3;
        let overflow = most.saturating_sub(endpoints + OVERFLOW_LINES);
        Self { most, endpoints: Pool::new(endpoints), overflow: Pool::new(overflow) }
    }

    /// Series that are taken.
    pub(crate) fn used(&self) -> usize {
        self.endpoints.used + self.overflow.used
    }

    /// Takes what a partition holds already, whether or not there is room for it.
    pub(crate) fn hold(&mut self, partition: &Partition) {
        for (key, series) in &partition.series {
            self.endpoints.add(&key.service, series.lines());
        }
        for key in partition.overflow.keys().filter(|key| **key != Key::last_resort()) {
            self.pool_of(key).add(&key.service, OVERFLOW_LINES);
        }
    }

    /// Takes room for series of a service's endpoint, if its share allows.
    pub(crate) fn take_for_endpoint(&mut self, service: &str, lines: usize) -> bool {
        self.endpoints.take_share(service, lines)
    }

    /// Takes room for what holds events of several endpoints, if there is any. For the last resort there is.
    pub(crate) fn take_for_overflow(&mut self, key: &Key) -> bool {
        if *key == Key::last_resort() {
            true
        } else if *key == Key::overflow_of(&key.service) {
            // Its totals depend on it, so it may have what is free.
            self.overflow.take(&key.service, OVERFLOW_LINES)
        } else {
            self.pool_of(key).take_share(&key.service, OVERFLOW_LINES)
        }
    }

    fn pool_of(&mut self, key: &Key) -> &mut Pool {
        if key.endpoint == NOT_FOUND { &mut self.endpoints } else { &mut self.overflow }
    }
}

/// Series that are handed out and never taken back, since counters don't reset.
///
/// A service may take no more than it leaves free. One that floods takes a half at most; several share what they all
/// want more of, each as much as is left free, while those that need less get all of it, however late they come. These
/// are the dynamic thresholds by which switches share a buffer among ports, with a factor of 1: Choudhury and Hahne,
/// "Dynamic queue length thresholds for shared-memory packet switches", IEEE/ACM Transactions on Networking 6(2), 1998.
#[derive(Debug)]
struct Pool {
    limit: usize,
    used: usize,
    by_service: HashMap<String, usize>,
}

impl Pool {
    fn new(limit: usize) -> Self {
        Self { limit, used: 0, by_service: HashMap::new() }
    }

    fn take_share(&mut self, service: &str, lines: usize) -> bool {
        let held = self.by_service.get(service).copied().unwrap_or_default() + lines;
        let fits = self.used + lines + held <= self.limit;
        if fits {
            self.add(service, lines);
        }
        fits
    }

    fn take(&mut self, service: &str, lines: usize) -> bool {
        let fits = self.used + lines <= self.limit;
        if fits {
            self.add(service, lines);
        }
        fits
    }

    fn add(&mut self, service: &str, lines: usize) {
        self.used += lines;
        match self.by_service.get_mut(service) {
            Some(held) => *held += lines,
            None => {
                self.by_service.insert(service.to_owned(), lines);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Takes single series until there is none to be had, and says how many.
    fn flood(pool: &mut Pool, service: &str) -> usize {
        (0..).take_while(|_| pool.take_share(service, 1)).count()
    }

    #[test]
    fn a_service_alone_gets_half_and_a_late_one_half_of_the_rest() {
        let mut pool = Pool::new(1_000);
        assert_eq!(flood(&mut pool, "first"), 500);
        assert_eq!(flood(&mut pool, "second"), 250);
    }

    #[test]
    fn services_that_flood_at_the_same_time_get_the_same() {
        let mut pool = Pool::new(1_000);
        let services = ["a", "b", "c"];
        for _ in 0..1_000 {
            for service in services {
                pool.take_share(service, 1);
            }
        }
        // Three shares, and one that is left for the next.
        assert_eq!(services.map(|service| pool.by_service[service]), [250; 3]);
    }

    #[test]
    fn what_is_held_beyond_the_share_stays_and_doesnt_grow() {
        let mut pool = Pool::new(1_000);
        pool.add("restored", 900);
        assert_eq!(flood(&mut pool, "restored"), 0);
        assert_eq!(flood(&mut pool, "other"), 50);
    }

    proptest! {
        #[test]
        fn nobody_gets_less_than_another_who_came_at_the_same_time_and_wants_as_much(
            wants in proptest::collection::vec(0usize..400, 1..12),
        ) {
            let mut pool = Pool::new(1_000);
            let name = |service: usize| service.to_string();
            for round in 0..400 {
                for (service, _) in wants.iter().enumerate().filter(|(_, wants)| round < **wants) {
                    pool.take_share(&name(service), 1);
                }
            }
            let got = |service| pool.by_service.get(&name(service)).copied().unwrap_or_default();
            let most = (0..wants.len()).map(got).max().unwrap_or_default();
            for (service, wanted) in wants.iter().enumerate() {
                // Max-min fairness: who got less than it wanted got as much as anybody. One is the size of a step.
                prop_assert!(got(service) == *wanted || got(service) + 1 >= most, "{wants:?}");
            }
            prop_assert!(pool.used <= pool.limit);
        }
    }
}

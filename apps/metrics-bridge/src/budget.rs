//! The number of series that may exist, and each service's share of them.

use std::collections::HashMap;

use crate::names::NOT_FOUND;
use crate::series::{Key, OVERFLOW_LINES, Partition};

/// The room for series, shared by all partitions. How much is taken is derived from the partitions, so it is the same
/// after a restart.
///
/// Three quarters are for endpoints. The rest is for the overflow series of services, with a reserve for the last
/// resort, so that no service's events are ever counted as another's.
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

    /// Returns the number of series that are taken.
    pub(crate) fn used(&self) -> usize {
        self.endpoints.used + self.overflow.used
    }

    /// Takes the room of a restored partition, even if the limit is exceeded.
    pub(crate) fn hold(&mut self, partition: &Partition) {
        for (key, series) in &partition.series {
            self.endpoints.add(&key.service, series.lines());
        }
        for key in partition.overflow.keys().filter(|key| **key != Key::last_resort()) {
            self.pool_of(key).add(&key.service, OVERFLOW_LINES);
        }
    }

    /// Takes room for series of a service's endpoint, if its share allows it.
    pub(crate) fn take_for_endpoint(&mut self, service: &str, lines: usize) -> bool {
        self.endpoints.take_share(service, lines)
    }

    /// Takes room for an overflow series, if there is any. The last resort always has room.
    pub(crate) fn take_for_overflow(&mut self, key: &Key) -> bool {
        if *key == Key::last_resort() {
            true
        } else if *key == Key::overflow_of(&key.service) {
            // The service's totals depend on it, so it isn't limited to a share.
            self.overflow.take(&key.service, OVERFLOW_LINES)
        } else {
            self.pool_of(key).take_share(&key.service, OVERFLOW_LINES)
        }
    }

    fn pool_of(&mut self, key: &Key) -> &mut Pool {
        if key.endpoint == NOT_FOUND { &mut self.endpoints } else { &mut self.overflow }
    }
}

/// A number of series that are handed out and never returned, since counters don't reset.
///
/// A service may hold no more than it leaves free. One that floods gets at most half. If several want more than there
/// is, each gets as much as is left free; those that need less get all they need, however late they come. This is the
/// dynamic threshold algorithm by which switches share a buffer among ports, with a factor of 1: Choudhury and Hahne,
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

    /// Takes single series until no more are granted, and returns how many it got.
    fn flood(pool: &mut Pool, service: &str) -> usize {
        (0..).take_while(|_| pool.take_share(service, 1)).count()
    }

    #[test]
    fn the_first_service_gets_half_and_a_later_one_half_of_the_rest() {
        let mut pool = Pool::new(1_000);
        assert_eq!(flood(&mut pool, "first"), 500);
        assert_eq!(flood(&mut pool, "second"), 250);
    }

    #[test]
    fn services_that_flood_at_the_same_time_get_equal_shares() {
        let mut pool = Pool::new(1_000);
        let services = ["a", "b", "c"];
        for _ in 0..1_000 {
            for service in services {
                pool.take_share(service, 1);
            }
        }
        // Three equal shares, and one that stays free for the next service.
        assert_eq!(services.map(|service| pool.by_service[service]), [250; 3]);
    }

    #[test]
    fn series_beyond_the_share_are_kept_but_do_not_grow() {
        let mut pool = Pool::new(1_000);
        pool.add("restored", 900);
        assert_eq!(flood(&mut pool, "restored"), 0);
        assert_eq!(flood(&mut pool, "other"), 50);
    }

    proptest! {
        #[test]
        fn services_that_start_together_with_the_same_demand_get_the_same_share(
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
                // Max-min fairness: a service that got less than it wanted got at most one step less than any other.
                prop_assert!(got(service) == *wanted || got(service) + 1 >= most, "{wants:?}");
            }
            prop_assert!(pool.used <= pool.limit);
        }
    }
}

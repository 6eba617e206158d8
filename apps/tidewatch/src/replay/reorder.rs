//! Sorts items that are nearly sorted: servers log a request when it ends, from several workers, so lines are out of
//! order.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::log_clock::{Position, REACH};

/// Maximum number of items held: a log with a million lines of the same second must not fill the memory.
const CAPACITY: usize = 100_000;

/// Holds items until nothing within [`REACH`] can precede them any more.
#[derive(Debug)]
pub(super) struct Reorder<T> {
    held: BinaryHeap<Reverse<Held<T>>>,
    newest: Option<Position>,
    arrivals: u64,
}

#[derive(Debug)]
struct Held<T> {
    at: Position,
    /// Keeps items with equal times in the order of their arrival.
    arrival: u64,
    /// Boxed, since a heap moves its items a dozen times.
    item: Box<T>,
}

impl<T> PartialEq for Held<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<T> Eq for Held<T> {}

impl<T> PartialOrd for Held<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Held<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.arrival).cmp(&(other.at, other.arrival))
    }
}

impl<T> Reorder<T> {
    /// Returns an empty one.
    pub(super) fn new() -> Self {
        Self { held: BinaryHeap::new(), newest: None, arrivals: 0 }
    }

    /// Adds the next item of the log.
    pub(super) fn push(&mut self, at: Position, item: T) {
        self.newest = self.newest.max(Some(at));
        self.held.push(Reverse(Held { at, arrival: self.arrivals, item: Box::new(item) }));
        self.arrivals += 1;
    }

    /// Returns the earliest item held.
    pub(super) fn first(&self) -> Option<(Position, &T)> {
        self.held.peek().map(|Reverse(held)| (held.at, &*held.item))
    }

    /// Returns whether the earliest item is the next one, whatever is still to come.
    pub(super) fn is_settled(&self) -> bool {
        let far_behind =
            |at: Position| self.newest.is_some_and(|newest| newest.stretch != at.stretch || newest.at - at.at >= REACH);
        self.held.len() >= CAPACITY || self.first().is_some_and(|(at, _)| far_behind(at))
    }

    /// Removes and returns the earliest item.
    pub(super) fn pop(&mut self) -> Option<(Position, T)> {
        self.held.pop().map(|Reverse(held)| (held.at, *held.item))
    }

    /// Returns the number of items held.
    pub(super) fn len(&self) -> usize {
        self.held.len()
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Position {
        Position { stretch: 0, at: SignedDuration::from_secs(second) }
    }

    fn sorted(seconds: &[i64]) -> Vec<(i64, usize)> {
        let mut reorder = Reorder::new();
        let mut out = Vec::new();
        for (index, second) in seconds.iter().enumerate() {
            reorder.push(at(*second), index);
            while reorder.is_settled() {
                out.extend(reorder.pop());
            }
        }
        out.extend(std::iter::from_fn(|| reorder.pop()));
        out.into_iter().map(|(at, index)| (at.at.as_secs(), index)).collect()
    }

    #[test]
    fn an_item_is_settled_once_log_time_is_60_s_ahead_of_it() {
        let mut reorder = Reorder::new();
        reorder.push(at(100), ());
        reorder.push(at(159), ());
        assert!(!reorder.is_settled());
        reorder.push(at(160), ());
        assert!(reorder.is_settled());
        reorder.pop();
        assert!(!reorder.is_settled());
    }

    #[test]
    fn lines_from_before_a_jump_are_settled_and_come_first() {
        let mut reorder = Reorder::new();
        reorder.push(at(100), "before");
        reorder.push(Position { stretch: 1, ..at(0) }, "after");
        assert!(reorder.is_settled());
        assert_eq!(reorder.pop().map(|(_, item)| item), Some("before"));
        assert!(!reorder.is_settled());
    }

    #[test]
    fn equal_times_keep_their_order() {
        assert_eq!(sorted(&[7, 7, 7]), [(7, 0), (7, 1), (7, 2)]);
    }

    #[test]
    fn no_more_than_the_capacity_is_held() {
        let mut reorder = Reorder::new();
        for index in 0..CAPACITY {
            assert!(!reorder.is_settled());
            reorder.push(at(0), index);
        }
        assert!(reorder.is_settled());
    }

    proptest! {
        #[test]
        fn lines_out_of_order_by_less_than_60_s_come_out_sorted_and_complete(
            steps in proptest::collection::vec((0i64..100, 0i64..60), 0..200),
        ) {
            let mut clock = 0;
            let seconds: Vec<i64> = steps.iter().map(|(step, back)| { clock += step; clock - back }).collect();
            let out = sorted(&seconds);
            prop_assert!(out.is_sorted());
            prop_assert_eq!(out.len(), seconds.len());
        }
    }
}

//! Whether a small number of events suffices to conclude that a share is over its limit.
//!
//! With k bad ones of n, the one-sided lower bound of Clopper and Pearson (Biometrika 26, 1934) on the true share is
//! the p for which k or more bad ones of n have the probability 1 - confidence. So the bound lies above the limit if
//! and only if, with a true share equal to the limit, k or more bad ones are less likely than that: the bound itself
//! needn't be computed. Unlike Wilson's, this bound holds its confidence for every n, even for five of five.

use crate::kinds::PPM;

/// One minus the confidence of the bound, 99.99 %. ADR 16 lists the resulting false alerts.
const DOUBT: f64 = 1e-4;

/// Returns whether the lower bound on the true share lies above `limit_ppm`, given `bad` of `of`. Takes time
/// proportional to `bad`.
pub(crate) fn lies_above(limit_ppm: u64, bad: u64, of: u64) -> bool {
    if bad * PPM <= limit_ppm * of {
        return false;
    }
    let limit = limit_ppm as f64 / PPM as f64;
    let (n, k) = (of as f64, bad as f64);
    let ways: f64 = (0..bad).map(|i| ((n - i as f64) / (k - i as f64)).ln()).sum();
    // The probabilities of k, k + 1, ... bad ones. Each is smaller than the one before, since k is above the mean.
    let mut term = (ways + k * limit.ln() + (n - k) * (-limit).ln_1p()).exp();
    let mut sum = 0.0;
    for i in bad..=of {
        sum += term;
        if sum >= DOUBT || term <= sum * 1e-9 {
            break;
        }
        term *= (n - i as f64) / (i as f64 + 1.0) * limit / (1.0 - limit);
    }
    sum < DOUBT
}

#[cfg(test)]
#[allow(clippy::print_stdout)]
mod tests {
    use super::*;

    const LIMIT: u64 = 50_000;
    const MIN_BAD: u64 = 5;
    /// Windows per year: one ends every 5 s.
    const WINDOWS: f64 = 365.0 * 86_400.0 / 5.0;

    /// Returns the fewest bad ones of `n` that violate a limit of 5 %.
    fn fewest(n: u64) -> Option<u64> {
        (MIN_BAD..=n).find(|&bad| lies_above(LIMIT, bad, n))
    }

    /// Returns the probability of `k` of `n` for every `k`, by the recursion of Pascal's triangle, independently of the
    /// code above.
    fn exactly(n: u64, p: f64) -> Vec<f64> {
        let mut row = vec![1.0];
        for _ in 0..n {
            let mut next = vec![0.0; row.len() + 1];
            for (k, share) in row.iter().enumerate() {
                next[k] += share * (1.0 - p);
                next[k + 1] += share * p;
            }
            row = next;
        }
        row
    }

    #[test]
    fn the_probability_is_the_tail_of_the_binomial_distribution() {
        for n in 1..=200_u64 {
            for (limit_ppm, limit) in [(50_000, 0.05), (10_000, 0.01)] {
                let row = exactly(n, limit);
                for bad in 1..=n {
                    let tail: f64 = row[bad as usize..].iter().rev().sum();
                    let above = bad as f64 > limit * n as f64;
                    assert_eq!(lies_above(limit_ppm, bad, n), above && tail < DOUBT, "{bad} of {n}: {tail}");
                }
            }
        }
    }

    #[test]
    fn five_failures_of_five_are_above_the_limit_and_five_of_twenty_five_are_not() {
        let rows = [5, 10, 15, 20, 30, 40, 49].map(|n| (n, fewest(n).unwrap()));
        assert_eq!(rows, [(5, 5), (10, 5), (15, 6), (20, 7), (30, 8), (40, 10), (49, 11)]);
        assert_eq!((1..5).map(fewest).collect::<Vec<_>>(), [None; 4]);
    }

    #[test]
    fn the_computation_ends_soon_for_all_numbers() {
        assert!(!lies_above(LIMIT, 0, 0) && !lies_above(LIMIT, 0, 10));
        assert!(!lies_above(LIMIT, 10, 1_000_000), "a probability too small for a float is not the tail's");
        assert!(lies_above(1, 1_000_000, u64::from(u32::MAX)));
        assert!(lies_above(999_999, 1_000_000, 1_000_000) || !lies_above(999_999, 10, 10));
    }

    /// Returns the windows per year in which a healthy service with Poisson traffic violates the limit. An alert takes
    /// two of them, and the windows overlap, so there are at most half as many alerts.
    fn violating_windows(mean: f64, error_ratio: f64) -> f64 {
        let mut arrivals = (-mean).exp();
        let mut probability = 0.0;
        for n in 0..50_u64 {
            if let Some(fewest) = fewest(n) {
                probability += arrivals * exactly(n, error_ratio)[fewest as usize..].iter().sum::<f64>();
            }
            arrivals *= mean / (n + 1) as f64;
        }
        WINDOWS * probability
    }

    #[test]
    fn a_healthy_small_service_fires_less_than_once_a_year() {
        for error_ratio in [0.001, 0.01, 0.02] {
            for mean in [5.0, 10.0, 15.0, 20.0, 30.0, 40.0] {
                let alerts = violating_windows(mean, error_ratio) / 2.0;
                println!("{:.1} % fail, {mean} per minute: at most {alerts:.1e} alerts per year", error_ratio * 100.0);
                let bearable = if error_ratio > 0.015 { 1.0 } else { 0.03 };
                assert!(alerts < bearable, "{error_ratio}, {mean}: {alerts}");
            }
        }
    }
}

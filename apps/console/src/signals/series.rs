//! The last ten minutes of a service, second by second, and its latencies of the last half minute as sketches.

use sketches_ddsketch::{Config, DDSketch};

/// Length of the history in seconds.
pub const HISTORY_SECONDS: i64 = 600;
/// Length of the window for current figures, in seconds.
pub const WINDOW_SECONDS: i64 = 10;
/// How long before now the window ends, in seconds: records take that long to arrive.
pub const LAG_SECONDS: i64 = 1;

/// Number of seconds whose sketches are kept; the quantiles of older seconds are in the history.
const SKETCHED: i64 = 30;
/// For how many seconds the quantiles of a closed second are recomputed, since records may arrive out of order.
const SETTLING: i64 = 3;

/// A request, as counted by a series.
#[derive(Debug, Clone, Copy)]
pub struct Arrival {
    /// When the broker received it, in whole seconds since the epoch.
    pub second: i64,
    /// How long the request took, if known.
    pub latency_ms: Option<f64>,
    /// Whether the request failed.
    pub error: bool,
    /// Whether its own timestamp is far from its arrival.
    pub off_clock: bool,
}

/// The current figures of a service.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Golden {
    /// Requests per second.
    pub rate: f64,
    /// Share of requests that failed, 0 to 1; `None` without requests.
    pub error_ratio: Option<f64>,
    /// P50, P95 and P99 in milliseconds; `None` if no latency is known.
    pub quantiles: Option<[f64; 3]>,
}

/// The sum of a few seconds of history.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bucket {
    /// The first second, since the epoch.
    pub start: i64,
    /// Requests per second.
    pub rate: f64,
    /// Share of requests that failed, 0 to 1; `None` without requests.
    pub error_ratio: Option<f64>,
    /// Share of requests whose own timestamp is far from their arrival, 0 to 1; `None` without requests.
    pub off_clock_ratio: Option<f64>,
    /// P50, P95 and P99 in milliseconds over the [`WINDOW_SECONDS`] that end with the bucket.
    pub quantiles: Option<[f64; 3]>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Second {
    count: u32,
    errors: u32,
    off_clock: u32,
    quantiles: Option<[f32; 3]>,
}

/// A ring of seconds, filled by the records' arrival times.
pub struct Series {
    first: i64,
    newest: i64,
    seconds: Vec<Second>,
    sketches: Vec<(i64, DDSketch)>,
}

impl Series {
    /// Creates an empty series that begins at `second`.
    pub fn new(second: i64) -> Self {
        Self {
            first: second,
            newest: second,
            seconds: vec![Second::default(); HISTORY_SECONDS as usize],
            sketches: (0..SKETCHED).map(|_| (i64::MIN, sketch())).collect(),
        }
    }

    /// Returns the first second in which a record arrived.
    pub fn first(&self) -> i64 {
        self.first
    }

    /// Returns the newest second in which a record arrived.
    pub fn newest(&self) -> i64 {
        self.newest
    }

    /// Counts one request; ignores one that arrived before the history begins.
    pub fn record(&mut self, arrival: Arrival) {
        if arrival.second <= self.newest - HISTORY_SECONDS {
            return;
        }
        if arrival.second > self.newest {
            self.advance(arrival.second);
        }
        self.first = self.first.min(arrival.second);
        let second = &mut self.seconds[slot(arrival.second, HISTORY_SECONDS)];
        second.count += 1;
        second.errors += u32::from(arrival.error);
        second.off_clock += u32::from(arrival.off_clock);
        if let Some(latency) = arrival.latency_ms {
            let (kept, sketched) = &mut self.sketches[slot(arrival.second, SKETCHED)];
            if *kept < arrival.second {
                (*kept, *sketched) = (arrival.second, sketch());
            }
            if *kept == arrival.second {
                sketched.add(latency);
            }
        }
    }

    /// Returns the figures of the window that ends [`LAG_SECONDS`] before `now` (seconds since the epoch).
    pub fn golden(&self, now: i64) -> Golden {
        let end = now - LAG_SECONDS;
        let start = end - WINDOW_SECONDS;
        let (mut count, mut errors) = (0, 0);
        for second in (start..end).filter_map(|second| self.at(second)) {
            count += second.count;
            errors += second.errors;
        }
        // For a service that has only just started, the rate over the whole window would be too low.
        let seconds = (end - self.first.max(start)).clamp(1, WINDOW_SECONDS);
        Golden {
            rate: f64::from(count) / seconds as f64,
            error_ratio: ratio(errors, count),
            quantiles: self.quantiles_to(end - 1),
        }
    }

    /// Returns the history from `length` seconds before `now`, or from the service's first second, to [`LAG_SECONDS`]
    /// before `now`, in steps of `step` seconds, oldest first. The first and last steps may be shorter.
    pub fn history(&self, now: i64, length: i64, step: i64) -> Vec<Bucket> {
        let end = now - LAG_SECONDS;
        let oldest = self.first.max(now - length.min(HISTORY_SECONDS));
        let mut buckets = Vec::with_capacity((length / step) as usize + 1);
        let mut start = oldest.div_euclid(step) * step;
        while start < end {
            let from = start.max(oldest);
            let to = (start + step).min(end);
            if from < to {
                buckets.push(self.bucket(from, to));
            }
            start += step;
        }
        buckets
    }

    fn bucket(&self, from: i64, to: i64) -> Bucket {
        let (mut count, mut errors, mut off_clock, mut quantiles) = (0, 0, 0, None);
        for second in from..to {
            let Some(at) = self.at(second) else { continue };
            count += at.count;
            errors += at.errors;
            off_clock += at.off_clock;
            quantiles = at.quantiles.map(|values| values.map(f64::from)).or(quantiles);
        }
        if to > self.newest - SETTLING {
            quantiles = self.quantiles_to(to - 1).or(quantiles);
        }
        Bucket {
            start: from,
            rate: f64::from(count) / (to - from) as f64,
            error_ratio: ratio(errors, count),
            off_clock_ratio: ratio(off_clock, count),
            quantiles,
        }
    }

    fn at(&self, second: i64) -> Option<&Second> {
        let kept = second > self.newest - HISTORY_SECONDS && second <= self.newest;
        kept.then(|| &self.seconds[slot(second, HISTORY_SECONDS)])
    }

    /// Advances the newest second: closes the seconds before it and clears the ring in between.
    fn advance(&mut self, to: i64) {
        // After WINDOW_SECONDS of silence there are no latencies left for quantiles.
        let closing = (self.newest + 1 - SETTLING)..to.min(self.newest + WINDOW_SECONDS);
        let empty_from = (self.newest + 1).max(to - HISTORY_SECONDS + 1);
        for second in empty_from..=to {
            self.seconds[slot(second, HISTORY_SECONDS)] = Second::default();
        }
        self.newest = to;
        for second in closing.filter(|second| *second > to - HISTORY_SECONDS) {
            let quantiles = self.quantiles_to(second);
            self.seconds[slot(second, HISTORY_SECONDS)].quantiles = quantiles.map(|values| values.map(|v| v as f32));
        }
    }

    /// Returns P50, P95 and P99 over the window whose last second is `last`.
    fn quantiles_to(&self, last: i64) -> Option<[f64; 3]> {
        let mut merged = sketch();
        for (second, sketched) in &self.sketches {
            if (last - WINDOW_SECONDS + 1..=last).contains(second) {
                merged.merge(sketched).ok()?;
            }
        }
        let quantile = |q| merged.quantile(q).ok().flatten();
        Some([quantile(0.50)?, quantile(0.95)?, quantile(0.99)?])
    }
}

/// Creates a sketch with 1 % relative error from 0.01 ms, the same as the stream-processor's.
fn sketch() -> DDSketch {
    DDSketch::new(Config::new(0.01, 2048, 0.01))
}

fn slot(second: i64, length: i64) -> usize {
    second.rem_euclid(length) as usize
}

fn ratio(part: u32, whole: u32) -> Option<f64> {
    (whole > 0).then(|| f64::from(part) / f64::from(whole))
}

#[cfg(test)]
mod tests;

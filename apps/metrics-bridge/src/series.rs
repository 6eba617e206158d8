//! The cumulative series of one input partition.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tidewatch_events::RequestEvent;

use crate::exposure::Exposure;
use crate::latency::{BUCKETS, Exemplar, Latency};
use crate::names::OVERFLOW;

/// Series of one [`Series`] or [`Overflow`] without those of status codes: errors, and the histogram's buckets, sum and
/// count.
const LINES: usize = 1 + BUCKETS + 2;
/// Status codes that exist from an endpoint's first request on, so that no first failure hides behind a new series.
const FAILURES: [u16; 4] = [500, 502, 503, 504];
/// Series of one [`Overflow`], whose status code is `overflow`.
pub(crate) const OVERFLOW_LINES: usize = LINES + 1;

/// The labels that all series of an endpoint share.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) service: String,
    pub(crate) region: String,
    pub(crate) endpoint: String,
}

impl Key {
    /// Where a service's events go whose endpoint has no series.
    fn overflow_of(&self) -> Self {
        Self { service: self.service.clone(), region: self.region.clone(), endpoint: OVERFLOW.into() }
    }

    /// Where events go whose service has no series.
    pub(crate) fn last_resort() -> Self {
        Self { service: OVERFLOW.into(), region: OVERFLOW.into(), endpoint: OVERFLOW.into() }
    }
}

/// What an event adds, apart from its labels.
struct Observation {
    error: bool,
    latency_ms: Option<f64>,
    exemplar: Option<Exemplar>,
}

/// Requests with one status code.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Status {
    pub(crate) count: u64,
    pub(crate) exposure: Exposure,
}

/// What is counted of one endpoint.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Series {
    pub(crate) statuses: BTreeMap<u16, Status>,
    pub(crate) errors: u64,
    pub(crate) latency: Latency,
    pub(crate) exemplars: [Option<Exemplar>; BUCKETS],
    /// Of errors and latencies.
    pub(crate) exposure: Exposure,
}

impl Series {
    /// An endpoint without requests; its statuses are `codes` and the failures that every endpoint has.
    fn new(codes: impl IntoIterator<Item = u16>, exposure: Exposure) -> Self {
        let statuses = codes.into_iter().chain(FAILURES).map(|code| (code, Status { count: 0, exposure })).collect();
        Self::restored(statuses, 0, Latency::default(), exposure)
    }

    pub(crate) fn restored(statuses: BTreeMap<u16, Status>, errors: u64, latency: Latency, exposure: Exposure) -> Self {
        Self { statuses, errors, latency, exemplars: std::array::from_fn(|_| None), exposure }
    }

    fn lines(&self) -> usize {
        LINES + self.statuses.len()
    }

    fn count(&mut self, code: u16, exposure: Exposure, observation: Observation) {
        self.statuses.entry(code).or_insert(Status { count: 0, exposure }).count += 1;
        self.errors += u64::from(observation.error);
        if let Some(latency_ms) = observation.latency_ms {
            let bucket = self.latency.observe(latency_ms);
            if let Some(exemplar) = observation.exemplar {
                self.exemplars[bucket] = Some(exemplar);
            }
        }
    }

    fn exposures(&mut self) -> impl Iterator<Item = &mut Exposure> {
        std::iter::once(&mut self.exposure).chain(self.statuses.values_mut().map(|status| &mut status.exposure))
    }
}

/// What is counted of all that has no series of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) requests: u64,
    pub(crate) errors: u64,
    pub(crate) latency: Latency,
}

/// Events that were turned away from series of their own.
///
/// Which ones they are depends on the order in which partitions were read, so after a restart some of the last seconds'
/// may find room, and the count would fall. Hence only what a checkpoint has fixed is shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Overflow {
    pub(crate) counted: Totals,
    saving: Totals,
    pub(crate) saved: Totals,
}

impl Overflow {
    pub(crate) fn restored(totals: Totals) -> Self {
        Self { counted: totals.clone(), saving: totals.clone(), saved: totals }
    }
}

/// Everything that is counted of one partition, and up to where.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Partition {
    /// The next offset to be read.
    pub(crate) next_offset: i64,
    /// Append time of the last record read.
    pub(crate) appended: Option<Timestamp>,
    pub(crate) counted: u64,
    pub(crate) missed: u64,
    /// Offsets without a record: ends of transactions, aborted ones, compaction.
    pub(crate) holes: u64,
    /// How often its offsets began anew.
    pub(crate) recreated: u64,
    pub(crate) invalid: BTreeMap<String, u64>,
    pub(crate) series: BTreeMap<Key, Series>,
    pub(crate) overflow: BTreeMap<Key, Overflow>,
}

/// Room for series, shared by all partitions.
#[derive(Debug)]
pub(crate) struct Budget {
    pub(crate) most: usize,
    pub(crate) used: usize,
}

impl Budget {
    /// Endpoints may take three quarters. The rest is for the overflow of services that are yet to come, so that a
    /// flood of one service's endpoints doesn't cost the others theirs; and some of it for the last resort of all.
    fn take_for_endpoint(&mut self, lines: usize) -> bool {
        self.take(lines, self.most / 4 * 3)
    }

    fn take_for_overflow(&mut self) -> bool {
        self.take(OVERFLOW_LINES, self.most.saturating_sub(OVERFLOW_LINES))
    }

    fn take(&mut self, lines: usize, limit: usize) -> bool {
        let fits = self.used + lines <= limit;
        if fits {
            self.used += lines;
        }
        fits
    }
}

impl Partition {
    /// Counts an event; what is new by it starts with `exposure`.
    pub(crate) fn count(&mut self, event: RequestEvent, exposure: Exposure, budget: &mut Budget) {
        self.counted += 1;
        let observation = Observation {
            error: event.is_error(),
            latency_ms: event.latency_ms,
            exemplar: event.latency_ms.and_then(|latency| Exemplar::of(event.trace_id, latency, event.timestamp)),
        };
        let legal = crate::label::legal;
        let key = Key { service: legal(event.service), region: legal(event.region), endpoint: legal(event.endpoint) };
        let code = event.status_code;
        match self.series.get_mut(&key) {
            Some(series) if series.statuses.contains_key(&code) || budget.take_for_endpoint(1) => {
                series.count(code, exposure, observation);
            }
            Some(_) => self.count_overflow(&key, observation, budget),
            None => {
                let mut series = Series::new([code], exposure);
                if budget.take_for_endpoint(series.lines()) {
                    series.count(code, exposure, observation);
                    self.series.insert(key, series);
                } else {
                    self.count_overflow(&key, observation, budget);
                }
            }
        }
    }

    fn count_overflow(&mut self, key: &Key, observation: Observation, budget: &mut Budget) {
        let of_service = key.overflow_of();
        let key = if self.overflow.contains_key(&of_service) || budget.take_for_overflow() {
            of_service
        } else {
            Key::last_resort()
        };
        let totals = &mut self.overflow.entry(key).or_default().counted;
        totals.requests += 1;
        totals.errors += u64::from(observation.error);
        if let Some(latency_ms) = observation.latency_ms {
            totals.latency.observe(latency_ms);
        }
    }

    /// Series that it takes up, the last resort left aside, for which room is always kept.
    pub(crate) fn lines(&self) -> usize {
        let endpoints: usize = self.series.values().map(Series::lines).sum();
        let overflow = self.overflow.keys().filter(|key| **key != Key::last_resort()).count();
        endpoints + overflow * OVERFLOW_LINES
    }

    /// Scrapes are answered from `now` on.
    pub(crate) fn open(&mut self, now: Instant) {
        self.each_exposure(|exposure| exposure.open(now));
    }

    /// Whether a checkpoint at `now` would release a series.
    pub(crate) fn has_releases(&mut self, now: Instant, hold: Duration) -> bool {
        let mut found = false;
        self.each_exposure(|exposure| found |= !exposure.is_released() && exposure.releases(now, hold));
        found
    }

    /// A checkpoint of this moment is about to be written.
    pub(crate) fn checkpoint(&mut self, now: Instant, hold: Duration) {
        self.each_exposure(|exposure| {
            exposure.checkpoint(now, hold);
        });
        for overflow in self.overflow.values_mut() {
            overflow.saving = overflow.counted.clone();
        }
    }

    /// The checkpoint is acknowledged.
    pub(crate) fn acknowledge(&mut self) {
        self.each_exposure(Exposure::acknowledge);
        for overflow in self.overflow.values_mut() {
            overflow.saved = overflow.saving.clone();
        }
    }

    fn each_exposure(&mut self, mut act: impl FnMut(&mut Exposure)) {
        for series in self.series.values_mut() {
            series.exposures().for_each(&mut act);
        }
    }
}

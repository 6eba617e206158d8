//! The cumulative series of one input partition.

use std::borrow::{Borrow, Cow};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tidewatch_contract::{RequestView, endpoint};

use crate::budget::Budget;
use crate::exposure::Exposure;
use crate::label::{is_legal, legal};
use crate::latency::{BUCKETS, Exemplar, Latency};
use crate::names::{NOT_FOUND, OVERFLOW};

/// Number of series of one [`Series`] or [`Overflow`] without those per status code: errors, and the histogram's
/// buckets, sum and count.
const LINES: usize = 1 + BUCKETS + 2;
/// Status codes that exist from an endpoint's first request on, so that the first failure is not hidden by a new
/// series.
const FAILURES: [u16; 4] = [500, 502, 503, 504];
/// The status code of a path that a service doesn't have.
pub(crate) const UNKNOWN_PATH: u16 = 404;
/// Number of series of one [`Overflow`], whose only status code is `overflow`.
pub(crate) const OVERFLOW_LINES: usize = LINES + 1;

/// The labels that all series of an endpoint share.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) service: String,
    pub(crate) region: String,
    pub(crate) endpoint: String,
}

impl Key {
    /// Returns the same service and region with another endpoint.
    fn with_endpoint(&self, endpoint: &str) -> Self {
        Self { service: self.service.clone(), region: self.region.clone(), endpoint: endpoint.into() }
    }

    /// Returns the key for a service's events whose region has no series.
    pub(crate) fn overflow_of(service: &str) -> Self {
        Self { service: service.into(), region: OVERFLOW.into(), endpoint: OVERFLOW.into() }
    }

    /// Returns the key for events whose service has no series.
    pub(crate) fn last_resort() -> Self {
        Self { service: OVERFLOW.into(), region: OVERFLOW.into(), endpoint: OVERFLOW.into() }
    }
}

/// A [`Key`], or the borrowed labels of an event for a lookup without a copy.
trait Labels {
    /// Returns service, region and endpoint, in the order by which keys are sorted.
    fn labels(&self) -> [&str; 3];
}

impl Labels for Key {
    fn labels(&self) -> [&str; 3] {
        [&self.service, &self.region, &self.endpoint]
    }
}

impl Labels for [&str; 3] {
    fn labels(&self) -> [&str; 3] {
        *self
    }
}

impl<'a> Borrow<dyn Labels + 'a> for Key {
    fn borrow(&self) -> &(dyn Labels + 'a) {
        self
    }
}

impl PartialEq for dyn Labels + '_ {
    fn eq(&self, other: &Self) -> bool {
        self.labels() == other.labels()
    }
}

impl Eq for dyn Labels + '_ {}

impl PartialOrd for dyn Labels + '_ {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for dyn Labels + '_ {
    fn cmp(&self, other: &Self) -> Ordering {
        self.labels().cmp(&other.labels())
    }
}

/// The data that an event adds, apart from its labels.
struct Observation<'a> {
    error: bool,
    latency_ms: Option<f64>,
    trace_id: Option<Cow<'a, str>>,
    at: Timestamp,
}

/// The requests with one status code.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Status {
    pub(crate) count: u64,
    pub(crate) exposure: Exposure,
}

/// The counts of one endpoint.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Series {
    pub(crate) statuses: BTreeMap<u16, Status>,
    pub(crate) errors: u64,
    pub(crate) latency: Latency,
    pub(crate) exemplars: [Option<Exemplar>; BUCKETS],
    /// The exposure of the errors and latencies.
    pub(crate) exposure: Exposure,
}

impl Series {
    /// Creates an endpoint without requests. It has the statuses `codes` and the failures that every endpoint has.
    fn new(codes: impl IntoIterator<Item = u16>, exposure: Exposure) -> Self {
        let statuses = codes.into_iter().chain(FAILURES).map(|code| (code, Status { count: 0, exposure })).collect();
        Self::restored(statuses, 0, Latency::default(), exposure)
    }

    pub(crate) fn restored(statuses: BTreeMap<u16, Status>, errors: u64, latency: Latency, exposure: Exposure) -> Self {
        Self { statuses, errors, latency, exemplars: std::array::from_fn(|_| None), exposure }
    }

    pub(crate) fn lines(&self) -> usize {
        LINES + self.statuses.len()
    }

    /// Returns whether a request with this status code may be counted, taking room if the code is new.
    fn has_room_for(&self, code: u16, service: &str, budget: &mut Budget) -> bool {
        self.statuses.contains_key(&code) || budget.take_for_endpoint(service, 1)
    }

    fn count(&mut self, code: u16, exposure: Exposure, observation: Observation<'_>) {
        self.statuses.entry(code).or_insert(Status { count: 0, exposure }).count += 1;
        self.errors += u64::from(observation.error);
        if let Some(latency_ms) = observation.latency_ms {
            let bucket = self.latency.observe(latency_ms);
            if let Some(trace_id) = observation.trace_id {
                Exemplar::put(&mut self.exemplars[bucket], &trace_id, latency_ms, observation.at);
            }
        }
    }

    fn exposures(&mut self) -> impl Iterator<Item = &mut Exposure> {
        std::iter::once(&mut self.exposure).chain(self.statuses.values_mut().map(|status| &mut status.exposure))
    }
}

/// The counts of events that have no series of their own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) requests: u64,
    pub(crate) errors: u64,
    pub(crate) latency: Latency,
}

/// The events that got no series of their own for lack of room, or whose path is unknown.
///
/// Which events these are depends on the order in which partitions are read. After a restart, some of the last seconds'
/// events may find room, and the count would fall. So only the count of the last checkpoint is shown.
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

/// All counts of one partition, and the offset up to which they were counted.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Partition {
    /// The next offset to read.
    pub(crate) next_offset: i64,
    /// Append time of the last record that was read.
    pub(crate) appended: Option<Timestamp>,
    pub(crate) counted: u64,
    pub(crate) missed: u64,
    /// Number of offsets without a readable record: transaction markers, aborted transactions, compaction.
    pub(crate) holes: u64,
    /// How often its offsets started again.
    pub(crate) recreated: u64,
    pub(crate) invalid: BTreeMap<String, u64>,
    pub(crate) series: BTreeMap<Key, Series>,
    pub(crate) overflow: BTreeMap<Key, Overflow>,
}

impl Partition {
    /// Counts an event. New series start with `exposure`.
    pub(crate) fn count(&mut self, event: RequestView<'_>, exposure: Exposure, budget: &mut Budget) {
        self.counted += 1;
        let observation = Observation {
            error: event.is_error(),
            latency_ms: event.latency_ms,
            trace_id: event.trace_id,
            at: event.timestamp,
        };
        let code = event.status_code;
        // A value that would be cut is templated first, since a truncated id is no longer recognised as one.
        let endpoint = match event.endpoint {
            endpoint if is_legal(&endpoint) => endpoint,
            endpoint => Cow::Owned(legal(endpoint::template(&endpoint)).into_owned()),
        };
        let (service, region) = (legal(event.service), legal(event.region));
        let labels: &dyn Labels = &[&*service, &*region, &*endpoint];
        if let Some(series) = self.series.get_mut(labels)
            && series.has_room_for(code, &service, budget)
        {
            return series.count(code, exposure, observation);
        }
        // Done only now: most events match an existing endpoint, whose name is a template already.
        let endpoint = legal(endpoint::template(&endpoint)).into_owned();
        let key = Key { service: service.into_owned(), region: region.into_owned(), endpoint };
        match self.series.get_mut(&key) {
            Some(series) if series.has_room_for(code, &key.service, budget) => {
                series.count(code, exposure, observation);
            }
            // Scanners try thousands of paths, so an unknown path must not become a label.
            None if code == UNKNOWN_PATH => self.count_folded(&key, Some(NOT_FOUND), observation, budget),
            None => {
                let mut series = Series::new([code], exposure);
                if budget.take_for_endpoint(&key.service, series.lines()) {
                    series.count(code, exposure, observation);
                    self.series.insert(key, series);
                } else {
                    self.count_folded(&key, None, observation, budget);
                }
            }
            Some(_) => self.count_folded(&key, None, observation, budget),
        }
    }

    /// Counts under the first of these that exists or has room: the given endpoint, the overflow of the service and
    /// region, of the service, and of all services.
    fn count_folded(&mut self, key: &Key, endpoint: Option<&str>, observation: Observation<'_>, budget: &mut Budget) {
        let by_endpoint = endpoint.into_iter().chain([OVERFLOW]).map(|endpoint| key.with_endpoint(endpoint));
        let rest = [Key::overflow_of(&key.service), Key::last_resort()];
        let mut places = by_endpoint.chain(rest);
        let place = places.find(|key| self.overflow.contains_key(key) || budget.take_for_overflow(key));
        let totals = &mut self.overflow.entry(place.unwrap_or_else(Key::last_resort)).or_default().counted;
        totals.requests += 1;
        totals.errors += u64::from(observation.error);
        if let Some(latency_ms) = observation.latency_ms {
            totals.latency.observe(latency_ms);
        }
    }

    /// Starts holding all unseen series at 0, since scrapes are answered from `now` on.
    pub(crate) fn open(&mut self, now: Instant) {
        self.each_exposure(|exposure| exposure.open(now));
    }

    /// Returns whether a checkpoint at `now` would release a series.
    pub(crate) fn has_releases(&mut self, now: Instant, hold: Duration) -> bool {
        let mut found = false;
        self.each_exposure(|exposure| found |= !exposure.is_released() && exposure.releases(now, hold));
        found
    }

    /// Prepares for a checkpoint made at `now`.
    pub(crate) fn checkpoint(&mut self, now: Instant, hold: Duration) {
        self.each_exposure(|exposure| {
            exposure.checkpoint(now, hold);
        });
        for overflow in self.overflow.values_mut() {
            overflow.saving = overflow.counted.clone();
        }
    }

    /// Records that the checkpoint is acknowledged.
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

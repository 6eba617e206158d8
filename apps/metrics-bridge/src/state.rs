//! The format of a partition's cumulative series in `metrics.bridge.state`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::exposure::Exposure;
use crate::latency::Latency;
use crate::names::LATENCY_BOUNDS;
use crate::series::{Key, Overflow, Partition, Series, Status, Totals};

/// Version of the format. Other versions are refused, since counters must not restart from zero by accident.
const VERSION: u32 = 1;

/// Why a checkpoint can't be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// It is not a checkpoint.
    #[error("not readable as a checkpoint: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// Another release of the bridge wrote it.
    #[error("its format is version {found}, but this bridge reads version {VERSION}: run the release that wrote it")]
    Version {
        /// The version in the checkpoint.
        found: u32,
    },
}

#[derive(Serialize, Deserialize)]
struct Checkpoint<'a> {
    version: u32,
    next_offset: i64,
    appended: Option<Timestamp>,
    counted: u64,
    missed: u64,
    /// Missing in checkpoints of earlier releases.
    #[serde(default)]
    holes: u64,
    /// Missing in checkpoints of earlier releases.
    #[serde(default)]
    recreated: u64,
    invalid: Cow<'a, BTreeMap<String, u64>>,
    /// Upper bounds of the buckets, in seconds.
    bounds: Vec<f64>,
    series: Vec<SavedSeries<'a>>,
    overflow: Vec<SavedTotals<'a>>,
}

#[derive(Serialize, Deserialize)]
struct Labels<'a>(Cow<'a, str>, Cow<'a, str>, Cow<'a, str>);

#[derive(Serialize, Deserialize)]
struct SavedSeries<'a> {
    labels: Labels<'a>,
    /// Status code, count, and whether the count may be shown.
    statuses: Vec<(u16, u64, bool)>,
    errors: u64,
    latency: SavedLatency,
    released: bool,
}

#[derive(Serialize, Deserialize)]
struct SavedTotals<'a> {
    labels: Labels<'a>,
    requests: u64,
    errors: u64,
    latency: SavedLatency,
}

#[derive(Serialize, Deserialize)]
struct SavedLatency {
    buckets: Vec<u64>,
    sum_ns: u64,
}

/// Encodes the current state of a partition. A series that is being released counts as released: see
/// [`crate::exposure`].
pub(crate) fn encode(partition: &Partition) -> Vec<u8> {
    let released = |exposure: Exposure| matches!(exposure, Exposure::Releasing | Exposure::Released);
    let series = partition.series.iter().map(|(key, series)| SavedSeries {
        labels: labels(key),
        statuses: series.statuses.iter().map(|(code, s)| (*code, s.count, released(s.exposure))).collect(),
        errors: series.errors,
        latency: saved(&series.latency),
        released: released(series.exposure),
    });
    let overflow = partition.overflow.iter().map(|(key, Overflow { counted, .. })| SavedTotals {
        labels: labels(key),
        requests: counted.requests,
        errors: counted.errors,
        latency: saved(&counted.latency),
    });
    let checkpoint = Checkpoint {
        version: VERSION,
        next_offset: partition.next_offset,
        appended: partition.appended,
        counted: partition.counted,
        missed: partition.missed,
        holes: partition.holes,
        recreated: partition.recreated,
        invalid: Cow::Borrowed(&partition.invalid),
        bounds: LATENCY_BOUNDS.to_vec(),
        series: series.collect(),
        overflow: overflow.collect(),
    };
    serde_json::to_vec(&checkpoint).expect("a checkpoint holds only strings, numbers and maps with string keys")
}

/// Decodes a checkpoint.
pub(crate) fn decode(bytes: &[u8]) -> Result<Partition, StateError> {
    #[derive(Deserialize)]
    struct Versioned {
        version: u32,
    }
    let Versioned { version } = serde_json::from_slice(bytes)?;
    if version != VERSION {
        return Err(StateError::Version { found: version });
    }
    let checkpoint: Checkpoint<'_> = serde_json::from_slice(bytes)?;
    let same_bounds = checkpoint.bounds == LATENCY_BOUNDS;
    if !same_bounds {
        tracing::warn!("the bounds of the latency buckets have changed: histograms start at 0");
    }
    // Counts of buckets with other bounds can't be converted; the histogram restarts at 0, like any reset.
    let latency = |saved: SavedLatency| match saved.buckets.try_into() {
        Ok(buckets) if same_bounds => Latency { buckets, sum_ns: saved.sum_ns },
        _ => Latency::default(),
    };
    let series = checkpoint.series.into_iter().map(|series| {
        let statuses = series
            .statuses
            .into_iter()
            .map(|(code, count, released)| (code, Status { count, exposure: Exposure::restored(released) }));
        let exposure = Exposure::restored(series.released);
        let latency = latency(series.latency);
        (key(series.labels), Series::restored(statuses.collect(), series.errors, latency, exposure))
    });
    let overflow = checkpoint.overflow.into_iter().map(|saved| {
        let totals = Totals { requests: saved.requests, errors: saved.errors, latency: latency(saved.latency) };
        (key(saved.labels), Overflow::restored(totals))
    });
    Ok(Partition {
        next_offset: checkpoint.next_offset,
        appended: checkpoint.appended,
        counted: checkpoint.counted,
        missed: checkpoint.missed,
        holes: checkpoint.holes,
        recreated: checkpoint.recreated,
        invalid: checkpoint.invalid.into_owned(),
        series: series.collect(),
        overflow: overflow.collect(),
    })
}

fn labels(key: &Key) -> Labels<'_> {
    Labels(Cow::Borrowed(&key.service), Cow::Borrowed(&key.region), Cow::Borrowed(&key.endpoint))
}

fn key(Labels(service, region, endpoint): Labels<'_>) -> Key {
    Key { service: service.into_owned(), region: region.into_owned(), endpoint: endpoint.into_owned() }
}

fn saved(latency: &Latency) -> SavedLatency {
    SavedLatency { buckets: latency.buckets.to_vec(), sum_ns: latency.sum_ns }
}

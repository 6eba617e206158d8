//! `GET /status` on the admin listener: what the processor knows, asked of the judging thread when somebody asks.

use std::sync::mpsc::{Receiver, Sender};
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use jiff::Timestamp;
use serde::Serialize;
use tidewatch_detect::GroupView;
use tokio::sync::oneshot;

const PATIENCE: Duration = Duration::from_secs(3);

/// Somebody waits for a status.
pub(crate) type Question = oneshot::Sender<Status>;
/// Where the judging thread finds its questions.
pub(crate) type Questions = Receiver<Question>;

/// What the processor knows about the partitions that it owns.
#[derive(Debug, Serialize)]
pub(crate) struct Status {
    pub(crate) partitions: Vec<PartitionStatus>,
    pub(crate) totals: Totals,
    pub(crate) groups: Vec<GroupView>,
    /// The last ones, newest first.
    pub(crate) dead_letters: Vec<DeadLetterStatus>,
}

/// One partition. `position - start = windowed + late + dead_lettered + holes + gap`.
#[derive(Debug, Serialize)]
pub(crate) struct PartitionStatus {
    pub(crate) partition: i32,
    pub(crate) generation: i64,
    /// First offset that was ever counted.
    pub(crate) start: i64,
    /// Next offset to read.
    pub(crate) position: i64,
    /// Next offset to be written, as the broker last said.
    pub(crate) high: i64,
    pub(crate) lag: i64,
    pub(crate) watermark: Option<Timestamp>,
    pub(crate) windowed: u64,
    pub(crate) late: u64,
    pub(crate) dead_lettered: u64,
    /// Offsets without a record to read: ends of transactions, aborted ones, compaction.
    pub(crate) holes: u64,
    /// Records that retention deleted before they were read.
    pub(crate) gap: u64,
}

/// Sums over the partitions. `produced = processed + late + dead_lettered + holes + gap` at lag 0.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Totals {
    pub(crate) produced: u64,
    pub(crate) processed: u64,
    pub(crate) late: u64,
    pub(crate) dead_lettered: u64,
    pub(crate) holes: u64,
    pub(crate) gap: u64,
    pub(crate) lag: u64,
}

impl Totals {
    pub(crate) fn of(partitions: &[PartitionStatus]) -> Self {
        let count = |value: i64| u64::try_from(value).unwrap_or_default();
        partitions.iter().fold(Self::default(), |sum, partition| Self {
            produced: sum.produced + count(partition.high - partition.start),
            processed: sum.processed + partition.windowed,
            late: sum.late + partition.late,
            dead_lettered: sum.dead_lettered + partition.dead_lettered,
            holes: sum.holes + partition.holes,
            gap: sum.gap + partition.gap,
            lag: sum.lag + count(partition.lag),
        })
    }
}

/// A record that could not be judged.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct DeadLetterStatus {
    pub(crate) reason: &'static str,
    pub(crate) detail: String,
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) at: Timestamp,
}

/// The routes beside /metrics, /livez and /readyz.
pub(crate) fn routes(questions: Sender<Question>) -> Router {
    Router::new().route("/status", get(status)).with_state(questions)
}

async fn status(State(questions): State<Sender<Question>>) -> Response {
    let (question, answer) = oneshot::channel();
    if questions.send(question).is_ok()
        && let Ok(Ok(status)) = tokio::time::timeout(PATIENCE, answer).await
    {
        return Json(status).into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, "the judging thread is busy: ask again\n").into_response()
}

//! The input of a partition, the disposition of its records, and its limits.

use std::time::Duration;

use tidewatch_contract::RequestView;

/// The limits on the state of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Maximum number of groups. Events of further groups are counted in one overflow group without traffic rules.
    pub max_groups: usize,
    /// Time after which a silent group is dropped, unless a traffic rule is armed or an alert is firing.
    pub group_ttl: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_groups: 10_000, group_ttl: Duration::from_secs(60 * 60) }
    }
}

/// One record, as far as it could be parsed.
#[derive(Debug, Clone)]
pub enum Input<'a> {
    /// A valid event.
    Event {
        /// The event.
        event: RequestView<'a>,
        /// Whether the event was replayed from a file. Rules about arrival don't evaluate windows with such events.
        replay: bool,
    },
    /// A record for the dead-letter queue.
    Rejected {
        /// The service, if the record's key names it.
        service: Option<&'a str>,
        /// The event, if only its time is wrong (`from_future`, `too_old`).
        event: Option<RequestView<'a>>,
    },
}

/// How a record was processed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// Counted in its pane.
    Windowed,
    /// Older than the last window evaluated: counted as arrived, but not evaluated.
    Late,
    /// Not evaluable: counted as arrived if its sender is known.
    DeadLettered,
    /// Covered by the restored state: only filled panes, and was not counted again.
    Known,
}

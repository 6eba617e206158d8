//! What goes into a partition, what becomes of it, and how much is kept.

use std::time::Duration;

use tidewatch_contract::RequestView;

/// How much a partition keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Groups at most; events of further ones are counted in one overflow group without traffic rules.
    pub max_groups: usize,
    /// Groups that were silent for this long are forgotten, unless their silence could be told or an alert fires.
    pub group_ttl: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_groups: 10_000, group_ttl: Duration::from_secs(60 * 60) }
    }
}

/// One record, as far as it could be read.
#[derive(Debug, Clone)]
pub enum Input<'a> {
    /// A valid event.
    Event {
        /// The event.
        event: RequestView<'a>,
        /// Whether it was replayed from a file: traffic rules don't judge windows with such events.
        replay: bool,
    },
    /// A record that goes to the dead letters.
    Rejected {
        /// The service, where the record's key says it.
        service: Option<&'a str>,
        /// The event, where only its time is wrong (`from_future`, `too_old`).
        event: Option<RequestView<'a>>,
    },
}

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// Counted in its pane.
    Windowed,
    /// Older than what was judged: counted as arrived, not judged.
    Late,
    /// Not to be judged: counted as arrived where its sender is known.
    DeadLettered,
    /// Covered by the restored state: only panes were filled, nothing was counted again.
    Known,
}

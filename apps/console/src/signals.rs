//! The golden signals of every service in the stream. Pure: records in, figures out, without a clock of its own.

mod series;

use std::collections::BTreeMap;

pub use series::{Arrival, Bucket, Golden, HISTORY_SECONDS, LAG_SECONDS, Series, WINDOW_SECONDS};

/// Maximum number of services; beyond it, the service that was silent longest is dropped.
pub const MAX_SERVICES: usize = 50;
/// Time after which a silent service is dropped, in seconds.
pub const FORGET_SECONDS: i64 = 3600;
/// Maximum length of a service's name in characters; longer ones are clipped, since a name may be as long as an event.
const MAX_NAME: usize = 80;

/// One series per service, bounded in number.
#[derive(Default)]
pub struct Signals {
    services: BTreeMap<String, Series>,
}

impl Signals {
    /// Counts one request of `service`.
    pub fn record(&mut self, service: &str, arrival: Arrival) {
        let name = clip(service, MAX_NAME);
        if let Some(series) = self.services.get_mut(&name) {
            series.record(arrival);
            return;
        }
        if self.services.len() >= MAX_SERVICES
            && let Some(longest_silent) =
                self.services.iter().min_by_key(|(_, series)| series.newest()).map(|(name, _)| name.clone())
        {
            self.services.remove(&longest_silent);
        }
        let mut series = Series::new(arrival.second);
        series.record(arrival);
        self.services.insert(name, series);
    }

    /// Drops the services that were silent for [`FORGET_SECONDS`] at `now` (seconds since the epoch).
    pub fn forget_silent(&mut self, now: i64) {
        self.services.retain(|_, series| series.newest() > now - FORGET_SECONDS);
    }

    /// Returns all services, ordered by name.
    pub fn services(&self) -> impl Iterator<Item = (&str, &Series)> {
        self.services.iter().map(|(name, series)| (name.as_str(), series))
    }

    /// Returns the series of one service.
    pub fn service(&self, name: &str) -> Option<&Series> {
        self.services.get(name)
    }
}

/// Returns the first `limit` characters, with an ellipsis if something was cut.
pub(crate) fn clip(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrival(second: i64) -> Arrival {
        Arrival { second, latency_ms: Some(50.0), error: false, off_clock: false }
    }

    #[test]
    fn a_service_appears_with_its_first_request() {
        let mut signals = Signals::default();
        signals.record("checkout", arrival(1_000));
        assert_eq!(signals.services().map(|(name, _)| name).collect::<Vec<_>>(), ["checkout"]);
    }

    #[test]
    fn beyond_the_limit_the_longest_silent_service_is_dropped() {
        let mut signals = Signals::default();
        for n in 0..MAX_SERVICES as i64 {
            signals.record(&format!("s{n:02}"), arrival(1_000 + n));
        }
        signals.record("s00", arrival(2_000));
        signals.record("newcomer", arrival(2_001));
        assert_eq!(signals.services().count(), MAX_SERVICES);
        assert!(signals.service("s01").is_none(), "s01 was silent longest");
        assert!(signals.service("s00").is_some() && signals.service("newcomer").is_some());
    }

    #[test]
    fn a_service_is_dropped_after_an_hour_of_silence() {
        let mut signals = Signals::default();
        signals.record("batch", arrival(1_000));
        signals.forget_silent(1_000 + FORGET_SECONDS - 1);
        assert!(signals.service("batch").is_some());
        signals.forget_silent(1_000 + FORGET_SECONDS);
        assert!(signals.service("batch").is_none());
    }

    #[test]
    fn a_very_long_name_is_truncated() {
        let mut signals = Signals::default();
        signals.record(&"é".repeat(200_000), arrival(1_000));
        let (name, _) = signals.services().next().unwrap();
        assert_eq!(name.chars().count(), MAX_NAME + 1);
    }
}

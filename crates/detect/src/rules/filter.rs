//! The filters that select the requests of a rule.

use tidewatch_contract::RequestView;

/// Maximum number of distinct filters in a rules file: each one is evaluated for every event.
pub(crate) const MAX_FILTERS: usize = 8;

/// The requests of one filter, or all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Selection(u8);

impl Selection {
    /// All requests.
    pub(crate) const ALL: Self = Self(0);

    /// Returns the selection of the requests that the filter at `index` accepts.
    pub(crate) fn of_filter(index: usize) -> Self {
        debug_assert!(index < MAX_FILTERS);
        Self(index as u8 + 1)
    }

    /// Returns the index of the filter; `None` for all requests.
    pub(crate) fn filter(self) -> Option<usize> {
        usize::from(self.0).checked_sub(1)
    }
}

/// The set of selections that an event belongs to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Selections(u16);

impl Selections {
    /// The selection that every event belongs to.
    pub(crate) const ALL_REQUESTS: Self = Self(1);

    pub(crate) fn insert(&mut self, selection: Selection) {
        self.0 |= 1 << selection.0;
    }

    pub(crate) fn contains(self, selection: Selection) -> bool {
        self.0 >> selection.0 & 1 == 1
    }
}

/// Accepts requests that match all three lists. An empty list matches every request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Filter {
    pub(crate) endpoints: Vec<Pattern>,
    pub(crate) exclude_endpoints: Vec<Pattern>,
    pub(crate) status: Vec<Status>,
}

impl Filter {
    pub(crate) fn takes(&self, event: &RequestView<'_>) -> bool {
        let among = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.fits(&event.endpoint));
        (self.endpoints.is_empty() || among(&self.endpoints))
            && !among(&self.exclude_endpoints)
            && (self.status.is_empty() || self.status.iter().any(|status| status.fits(event.status_code)))
    }
}

/// An endpoint, or a prefix of endpoints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Pattern {
    Exact(String),
    Prefix(String),
}

impl Pattern {
    /// Parses `/healthz`, or `/events/*` for everything that begins with `/events/`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text.strip_suffix('*') {
            Some(prefix) => (!prefix.contains('*')).then(|| Self::Prefix(prefix.to_owned())),
            None => (!text.is_empty() && !text.contains('*')).then(|| Self::Exact(text.to_owned())),
        }
    }

    fn fits(&self, endpoint: &str) -> bool {
        match self {
            Self::Exact(exact) => endpoint == exact,
            Self::Prefix(prefix) => endpoint.starts_with(prefix.as_str()),
        }
    }
}

/// A status code, or a class of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Code(u16),
    /// The first digit.
    Class(u16),
}

impl Status {
    /// Parses `404` or `5xx`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text.strip_suffix("xx") {
            Some(class) => class.parse().ok().filter(|class| (1..=9).contains(class)).map(Self::Class),
            None => text.parse().ok().filter(|code| (0..=999).contains(code)).map(Self::Code),
        }
    }

    fn fits(self, code: u16) -> bool {
        match self {
            Self::Code(only) => code == only,
            Self::Class(hundreds) => code / 100 == hundreds,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_exact_or_end_in_an_asterisk() {
        let fits = |pattern, endpoint| Pattern::parse(pattern).unwrap().fits(endpoint);
        assert!(fits("/healthz", "/healthz") && !fits("/healthz", "/healthz/live"));
        assert!(fits("/events/*", "/events/1") && !fits("/events/*", "/events"));
        assert!(fits("*", "/anything"));
        assert_eq!(["", "/a/*/b", "**", "*a"].map(Pattern::parse), [None, None, None, None]);
    }

    #[test]
    fn a_status_is_a_code_or_a_class() {
        let fits = |status, code| Status::parse(status).unwrap().fits(code);
        assert!(fits("5xx", 503) && !fits("5xx", 404) && fits("404", 404) && !fits("404", 400));
        assert_eq!(["", "xx", "0xx", "5x", "5XX", "1000", "-1", "ok"].map(Status::parse), [None; 8]);
    }
}

//! A rule being parsed, with the accessors that its kind uses.

use serde_saphyr::{Location, Spanned};

use super::RulesError;
use super::entry::{Entry, OneOrMore};
use super::filter::{Filter, MAX_FILTERS, Pattern, Selection, Status};
use super::values::{at_least_one, milliseconds, refuse, share};
use crate::kinds::Evidence;

/// An entry of the file, and the properties known before its kind parses the rest.
pub(crate) struct Draft<'a> {
    pub(super) entry: &'a Entry,
    pub(super) at: Location,
    /// The requests that the rule evaluates.
    pub(crate) selection: Selection,
    /// Number of earlier rules of the same kind.
    pub(crate) earlier_of_kind: usize,
}

impl Draft<'_> {
    pub(crate) fn limit_share(&self) -> Result<u64, RulesError> {
        share(&self.entry.limit, "limit")
    }

    pub(crate) fn limit_ms(&self) -> Result<f64, RulesError> {
        Ok(milliseconds(&self.entry.limit, "limit", 1)?.0 as f64)
    }

    pub(crate) fn quantile(&self) -> Result<u64, RulesError> {
        match &self.entry.quantile {
            Some(quantile) => share(quantile, "quantile"),
            None => {
                let problem = format!("rule `{}` needs a `quantile`, such as 99%", self.entry.name.value);
                Err(refuse(self.at, problem))
            }
        }
    }

    /// Returns the clear level of a share; `None` if the file doesn't set it.
    pub(crate) fn clear_share(&self) -> Result<Option<u64>, RulesError> {
        self.entry.clear.as_ref().map(|clear| share(clear, "clear")).transpose()
    }

    /// Returns the clear level of a share, which must not be above the limit. Defaults to half the limit.
    pub(crate) fn clear_below(&self, limit_ppm: u64) -> Result<u64, RulesError> {
        self.not_above(self.clear_share()?.unwrap_or(limit_ppm / 2), limit_ppm)
    }

    /// Returns the clear level of a duration, which must not be above the limit; `None` if the file doesn't set it.
    pub(crate) fn clear_ms_below(&self, limit_ms: f64) -> Result<Option<f64>, RulesError> {
        let Some(clear) = &self.entry.clear else { return Ok(None) };
        self.not_above(milliseconds(clear, "clear", 1)?.0 as f64, limit_ms).map(Some)
    }

    pub(crate) fn min_events(&self, default: u64) -> Result<u64, RulesError> {
        at_least_one(&self.entry.min_events, "min_events", default)
    }

    pub(crate) fn min_baseline(&self, default: u64) -> Result<u64, RulesError> {
        at_least_one(&self.entry.min_baseline, "min_baseline", default)
    }

    pub(crate) fn evidence(&self, min_events: u64, low_traffic_min_bad: u64) -> Result<Evidence, RulesError> {
        let low = &self.entry.low_traffic_min_bad;
        Ok(Evidence {
            min_events: self.min_events(min_events)?,
            min_bad: at_least_one(&self.entry.min_bad, "min_bad", 10)?,
            low_traffic_min_bad: at_least_one(low, "low_traffic_min_bad", low_traffic_min_bad)?,
        })
    }

    /// Rejects the rule because of its name, or because there are too many rules like it.
    pub(crate) fn refuse_name(&self, problem: &str) -> RulesError {
        refuse(self.entry.name.referenced, problem)
    }

    pub(crate) fn refuse_clear(&self, problem: &str) -> RulesError {
        refuse(self.entry.clear.as_ref().map_or(self.at, |clear| clear.referenced), problem)
    }

    fn not_above<T: PartialOrd>(&self, clear: T, limit: T) -> Result<T, RulesError> {
        if clear > limit { Err(self.refuse_clear("`clear` must not be above `limit`")) } else { Ok(clear) }
    }
}

/// Returns the requests that a rule evaluates; adds its filter to `filters` unless it is already there.
pub(super) fn selection(entry: &Entry, at: Location, filters: &mut Vec<Filter>) -> Result<Selection, RulesError> {
    let endpoint = "an endpoint such as /healthz, or a prefix and a star such as /events/*";
    let status = "a status code such as 404, or a class such as 5xx";
    let filter = Filter {
        endpoints: parsed(&entry.endpoints, "endpoints", endpoint, Pattern::parse)?,
        exclude_endpoints: parsed(&entry.exclude_endpoints, "exclude_endpoints", endpoint, Pattern::parse)?,
        status: parsed(&entry.status, "status", status, Status::parse)?,
    };
    if filter == Filter::default() {
        return Ok(Selection::ALL);
    }
    let index = filters.iter().position(|there| *there == filter).unwrap_or_else(|| {
        filters.push(filter);
        filters.len() - 1
    });
    if index >= MAX_FILTERS {
        return Err(refuse(
            at,
            format!("at most {MAX_FILTERS} different filters: each one is evaluated for every event"),
        ));
    }
    Ok(Selection::of_filter(index))
}

fn parsed<T>(
    list: &Option<Spanned<OneOrMore>>,
    key: &str,
    allowed: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>, RulesError> {
    let Some(list) = list else { return Ok(Vec::new()) };
    if list.value.0.is_empty() {
        return Err(refuse(list.referenced, format!("`{key}` is empty: remove it, or name {allowed}")));
    }
    let one = |text: &String| {
        parse(text).ok_or_else(|| refuse(list.referenced, format!("`{key}` must name {allowed}, not `{text}`")))
    };
    list.value.0.iter().map(one).collect()
}

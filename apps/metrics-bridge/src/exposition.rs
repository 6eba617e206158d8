//! Renders the store for a scrape, as Prometheus text or as OpenMetrics with exemplars.

use std::collections::BTreeMap;
use std::fmt::{Display, Write};

use tidewatch_contract::Rejection;
use tidewatch_service::metrics::{Family, Kind};

use crate::label::push_escaped;
use crate::latency::{BUCKETS, Exemplar, Latency};
use crate::names::{
    COUNTED, DURATION, ERRORS, HOLES, INVALID, LATENCY_BOUNDS, MISSED, NOT_FOUND, OVERFLOW, OVERFLOWED, RECREATED,
    REQUESTS, SERIES, SERIES_LIMIT,
};
use crate::series::{Key, Series, Totals, UNKNOWN_PATH};
use crate::store::Store;

/// A text format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Prometheus text 0.0.4, without exemplars.
    Prometheus,
    /// OpenMetrics 1.0, with exemplars, without the closing `# EOF`.
    OpenMetrics,
}

impl Store {
    /// Renders all series as text.
    pub fn render(&self, format: Format) -> String {
        let endpoints = self.merged();
        let mut text = Text { out: String::with_capacity(128 * self.budget.used() + 4096), format };
        text.family(&REQUESTS);
        for endpoint in &endpoints {
            for (code, count) in &endpoint.statuses {
                text.sample(&REQUESTS, &endpoint.labels, Some(code), *count);
            }
            if let Some(count) = endpoint.overflow {
                text.sample(&REQUESTS, &endpoint.labels, Some(&OVERFLOW), count);
            }
        }
        text.family(&ERRORS);
        for endpoint in &endpoints {
            text.sample(&ERRORS, &endpoint.labels, None::<&str>, endpoint.errors);
        }
        text.family(&DURATION);
        for endpoint in &endpoints {
            text.histogram(endpoint);
        }
        self.render_own(&mut text);
        text.out
    }

    /// Renders the metrics of the bridge's own work. Unlike the metrics of its process, they survive a restart.
    fn render_own(&self, text: &mut Text) {
        let partitions = || self.partitions.values().map(|slot| &slot.partition);
        text.single(&COUNTED, partitions().map(|partition| partition.counted).sum::<u64>());
        text.family(&INVALID);
        // Every series exists from the start.
        for reason in Rejection::CODES {
            let count: u64 = partitions().filter_map(|partition| partition.invalid.get(reason)).sum();
            text.sample(&INVALID, "", Some(&reason), count);
        }
        text.single(&MISSED, partitions().map(|partition| partition.missed).sum::<u64>());
        text.single(&HOLES, partitions().map(|partition| partition.holes).sum::<u64>());
        text.single(&RECREATED, partitions().map(|partition| partition.recreated).sum::<u64>());
        let overflow =
            partitions().flat_map(|partition| &partition.overflow).filter(|(key, _)| key.endpoint == OVERFLOW);
        text.single(&OVERFLOWED, overflow.map(|(_, overflow)| overflow.saved.requests).sum::<u64>());
        text.single(&SERIES, self.budget.used());
        text.single(&SERIES_LIMIT, self.budget.most);
    }

    /// Merges the series of all partitions by label set. A service's events normally share a partition because of their
    /// keys, but other producers may distribute them differently.
    fn merged(&self) -> Vec<Endpoint<'_>> {
        let mut endpoints: BTreeMap<&Key, Endpoint<'_>> = BTreeMap::new();
        for slot in self.partitions.values() {
            for (key, series) in &slot.partition.series {
                endpoints.entry(key).or_insert_with(|| Endpoint::new(key)).add(series);
            }
            for (key, overflow) in &slot.partition.overflow {
                endpoints.entry(key).or_insert_with(|| Endpoint::new(key)).add_folded(key, &overflow.saved);
            }
        }
        endpoints.into_values().collect()
    }
}

/// Everything that is shown for one set of labels.
struct Endpoint<'a> {
    /// `service`, `region` and `endpoint`, escaped.
    labels: String,
    statuses: BTreeMap<u16, u64>,
    overflow: Option<u64>,
    errors: u64,
    latency: Latency,
    exemplars: [Option<&'a Exemplar>; BUCKETS],
}

impl<'a> Endpoint<'a> {
    fn new(key: &Key) -> Self {
        let mut labels = String::new();
        for (name, value) in DURATION.labels.iter().zip([&key.service, &key.region, &key.endpoint]) {
            let separator = if labels.is_empty() { "" } else { "," };
            push(&mut labels, format_args!("{separator}{name}=\""));
            push_escaped(&mut labels, value);
            labels.push('"');
        }
        let latency = Latency::default();
        Self { labels, statuses: BTreeMap::new(), overflow: None, errors: 0, latency, exemplars: [None; BUCKETS] }
    }

    fn add(&mut self, series: &'a Series) {
        for (code, status) in &series.statuses {
            *self.statuses.entry(*code).or_default() += if status.exposure.is_released() { status.count } else { 0 };
        }
        if series.exposure.is_released() {
            self.errors += series.errors;
            self.latency.add(&series.latency);
            for (shown, exemplar) in self.exemplars.iter_mut().zip(&series.exemplars) {
                *shown = (*shown).max_by_time(exemplar.as_ref());
            }
        }
    }

    fn add_folded(&mut self, key: &Key, totals: &Totals) {
        let requests = match key.endpoint.as_str() {
            NOT_FOUND => self.statuses.entry(UNKNOWN_PATH).or_default(),
            _ => self.overflow.get_or_insert(0),
        };
        *requests += totals.requests;
        self.errors += totals.errors;
        self.latency.add(&totals.latency);
    }
}

trait Newest {
    fn max_by_time(self, other: Self) -> Self;
}

impl Newest for Option<&Exemplar> {
    fn max_by_time(self, other: Self) -> Self {
        self.into_iter().chain(other).max_by_key(|exemplar| exemplar.at)
    }
}

/// The text while it is built.
struct Text {
    out: String,
    format: Format,
}

impl Text {
    fn family(&mut self, family: &Family) {
        // In OpenMetrics, a counter's name lacks the suffix of its samples.
        let name = match (self.format, family.kind) {
            (Format::OpenMetrics, Kind::Counter) => family.name.strip_suffix("_total").unwrap_or(family.name),
            _ => family.name,
        };
        push(&mut self.out, format_args!("# HELP {name} {}\n# TYPE {name} {}\n", family.help, family.kind.as_str()));
    }

    /// Appends a family with a single sample without labels.
    fn single(&mut self, family: &Family, value: impl Display) {
        self.family(family);
        self.sample(family, "", None::<&str>, value);
    }

    /// Appends a sample. `last` is the value of the family's last label, which `labels` lacks.
    fn sample(&mut self, family: &Family, labels: &str, last: Option<&(impl Display + ?Sized)>, value: impl Display) {
        let separator = if labels.is_empty() { "" } else { "," };
        let name = family.name;
        match (last, family.labels.last()) {
            (Some(last), Some(label)) => {
                push(&mut self.out, format_args!("{name}{{{labels}{separator}{label}=\"{last}\"}} {value}\n"));
            }
            _ if labels.is_empty() => push(&mut self.out, format_args!("{name} {value}\n")),
            _ => push(&mut self.out, format_args!("{name}{{{labels}}} {value}\n")),
        }
    }

    fn histogram(&mut self, endpoint: &Endpoint<'_>) {
        let (name, labels) = (DURATION.name, &endpoint.labels);
        let mut count = 0;
        for (index, within) in endpoint.latency.buckets.iter().enumerate() {
            count += within;
            push(&mut self.out, format_args!("{name}_bucket{{{labels},le=\""));
            match LATENCY_BOUNDS.get(index) {
                // Both formats get the decimal point that OpenMetrics requires, so that every scraper stores the same
                // series.
                Some(bound) => push(&mut self.out, format_args!("{bound:?}\"}} {count}")),
                None => push(&mut self.out, format_args!("+Inf\"}} {count}")),
            }
            if let Some(exemplar) = endpoint.exemplars[index].filter(|_| self.format == Format::OpenMetrics) {
                let Exemplar { trace_id, seconds, at } = exemplar;
                let at = at.as_millisecond() as f64 / 1000.0;
                push(&mut self.out, format_args!(" # {{trace_id=\"{trace_id}\"}} {seconds} {at}"));
            }
            self.out.push('\n');
        }
        let sum = endpoint.latency.sum_ns as f64 / 1e9;
        push(&mut self.out, format_args!("{name}_sum{{{labels}}} {sum}\n{name}_count{{{labels}}} {count}\n"));
    }
}

fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("writing to a string can't fail");
}

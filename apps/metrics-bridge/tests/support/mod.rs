//! Shared by the bridge's tests: events, and a small, strict parser of both exposition formats.
#![allow(dead_code, reason = "each test file is a crate of its own and uses its part of this")]

use std::collections::BTreeMap;
use std::time::Instant;

use jiff::Timestamp;
use metrics_bridge::{Format, Store};
use rand::RngExt;
use rand::rngs::Xoshiro256PlusPlus;
use tidewatch_contract::{Event, RequestEvent};
use tidewatch_testkit::request;

/// Labels of a sample, by name.
pub(crate) type Labels = BTreeMap<String, String>;

/// A parsed exposition.
#[derive(Debug, Default)]
pub(crate) struct Exposition {
    /// Type of each family, by its name.
    pub(crate) types: BTreeMap<String, String>,
    /// Value of each sample, by name and labels.
    pub(crate) samples: BTreeMap<(String, Labels), f64>,
    /// Labels and value of each exemplar, by the sample's name and labels.
    pub(crate) exemplars: BTreeMap<(String, Labels), (Labels, f64)>,
    pub(crate) ended: bool,
}

impl Exposition {
    /// Parses a scrape. Panics at an illegal line, at a sample without a family and at a duplicate sample.
    pub(crate) fn parse(text: &str) -> Self {
        let mut exposition = Self::default();
        assert!(text.ends_with('\n'), "the last line has no line feed");
        for line in text.split_terminator('\n') {
            assert!(!exposition.ended, "text after # EOF: {line:?}");
            if line == "# EOF" {
                exposition.ended = true;
            } else if let Some(declaration) = line.strip_prefix("# TYPE ") {
                let (name, kind) = declaration.split_once(' ').unwrap();
                let former = exposition.types.insert(name.to_owned(), kind.to_owned());
                assert_eq!(former, None, "{name} is declared twice");
            } else if !line.starts_with("# HELP ") {
                exposition.sample(line);
            }
        }
        exposition
    }

    fn sample(&mut self, line: &str) {
        let mut rest = Rest(line);
        let name = rest.name();
        let labels = rest.labels();
        rest.expect(" ");
        let value = rest.number();
        let family = ["", "_total", "_bucket", "_sum", "_count"]
            .into_iter()
            .filter_map(|suffix| name.strip_suffix(suffix))
            .find(|family| self.types.contains_key(*family));
        assert!(family.is_some(), "{name} belongs to no family");
        let id = (name, labels);
        if rest.0.starts_with(" # ") {
            rest.expect(" # ");
            let labels = rest.labels();
            rest.expect(" ");
            let value = rest.number();
            rest.expect(" ");
            rest.number();
            self.exemplars.insert(id.clone(), (labels, value));
        }
        assert_eq!(rest.0, "", "trailing text in {line:?}");
        let former = self.samples.insert(id, value);
        assert_eq!(former, None, "a series appears twice: {line:?}");
    }

    /// Returns the sum of the samples with that name and all of these labels.
    pub(crate) fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.of(name, labels).map(|(_, value)| value).sum()
    }

    pub(crate) fn of<'a>(
        &'a self,
        name: &'a str,
        labels: &'a [(&'a str, &'a str)],
    ) -> impl Iterator<Item = (&'a Labels, f64)> {
        let has = |found: &Labels| labels.iter().all(|(name, value)| found.get(*name).is_some_and(|is| is == value));
        let samples = self.samples.iter().filter(move |((found, ls), _)| found == name && has(ls));
        samples.map(|((_, labels), value)| (labels, *value))
    }

    /// Returns the number of samples of the monitored services.
    pub(crate) fn workload_series(&self) -> usize {
        self.samples.keys().filter(|(name, _)| name.starts_with("workload_")).count()
    }
}

struct Rest<'a>(&'a str);

impl Rest<'_> {
    fn expect(&mut self, text: &str) {
        self.0 = self.0.strip_prefix(text).unwrap_or_else(|| panic!("expected {text:?} at {:?}", self.0));
    }

    fn name(&mut self) -> String {
        let legal = |character: char| character.is_ascii_alphanumeric() || character == '_' || character == ':';
        let end = self.0.find(|character| !legal(character)).unwrap_or(self.0.len());
        let (name, rest) = self.0.split_at(end);
        assert!(name.starts_with(|first: char| !first.is_ascii_digit()), "no name at {:?}", self.0);
        self.0 = rest;
        name.to_owned()
    }

    fn labels(&mut self) -> Labels {
        let mut labels = Labels::new();
        if !self.0.starts_with('{') {
            return labels;
        }
        self.expect("{");
        while !self.0.starts_with('}') {
            if !labels.is_empty() {
                self.expect(",");
            }
            let name = self.name();
            self.expect("=\"");
            let value = self.quoted();
            assert_eq!(labels.insert(name, value), None, "a label appears twice");
        }
        self.expect("}");
        labels
    }

    fn quoted(&mut self) -> String {
        let mut value = String::new();
        let mut characters = self.0.char_indices();
        while let Some((index, character)) = characters.next() {
            match character {
                '"' => {
                    self.0 = &self.0[index + 1..];
                    return value;
                }
                '\\' => value.push(match characters.next().unwrap().1 {
                    'n' => '\n',
                    escaped @ ('\\' | '"') => escaped,
                    other => panic!("unknown escape: \\{other}"),
                }),
                other => value.push(other),
            }
        }
        panic!("unterminated quote: {:?}", self.0);
    }

    fn number(&mut self) -> f64 {
        let end = self.0.find(' ').unwrap_or(self.0.len());
        let (number, rest) = self.0.split_at(end);
        self.0 = rest;
        number.parse().unwrap_or_else(|_| panic!("not a number: {number:?}"))
    }
}

/// Returns a successful event of `service` with a latency of 50 ms.
pub(crate) fn event(service: &str, endpoint: &str) -> RequestEvent {
    RequestEvent {
        timestamp: now(),
        endpoint: endpoint.into(),
        trace_id: Some("0af7651916cd43dd8448eb211c80319c".into()),
        ..request(service, "eu-west-1")
    }
}

/// Returns a path of letters, a different one for each number.
pub(crate) fn word(number: usize) -> String {
    std::iter::once('/').chain(number.to_string().bytes().map(|digit| char::from(digit - b'0' + b'a'))).collect()
}

pub(crate) fn json(event: &RequestEvent) -> Vec<u8> {
    event.to_json()
}

/// Returns a fixed time.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

/// Returns the number of successful requests that the store shows.
pub(crate) fn requests(store: &Store) -> f64 {
    Exposition::parse(&store.render(Format::Prometheus)).sum("workload_requests_total", &[("status_code", "200")])
}

/// Takes a checkpoint and acknowledges it.
pub(crate) fn save(store: &mut Store, now: Instant) -> BTreeMap<i32, Vec<u8>> {
    let checkpoints: BTreeMap<_, _> = store.checkpoint(now).into_iter().collect();
    for partition in checkpoints.keys() {
        store.acknowledge(*partition);
    }
    checkpoints
}

/// Returns a random event. Its labels have more combinations than there can be series.
pub(crate) fn arbitrary(random: &mut Xoshiro256PlusPlus) -> Vec<u8> {
    let service = ["a", "b", "c"][random.random_range(0..3)];
    let endpoint = word(random.random_range(0..25));
    let status_code = [200, 404, 429, 500, 503][random.random_range(0..5)];
    json(&RequestEvent { status_code, ..event(service, &endpoint) })
}

//! Reads OpenSLO v1 documents and refuses unsupported features by name.

mod context;
mod indicator;
mod metadata;
mod objective;

use std::collections::BTreeMap;

use serde_saphyr::Location;

use self::context::{Context, Fields};
use self::indicator::Metric;
use self::metadata::Metadata;
use crate::yaml::{Node, Value};
use crate::{Metrics, Problem, Slo};

const API_VERSION: &str = "openslo/v1";

/// Data sources that accept PromQL.
const TYPES: [&str; 2] = ["Prometheus", "AmazonPrometheus"];

/// All documents of a set of files, with references between them not yet resolved.
#[derive(Default)]
pub(crate) struct Documents<'a> {
    slos: Vec<Pending<'a>>,
    indicators: BTreeMap<String, Declared<'a>>,
    services: BTreeMap<String, Metadata>,
    data_sources: BTreeMap<String, Metadata>,
    /// The errors.
    pub(crate) problems: Vec<Problem>,
    /// The notes, which are not errors.
    pub(crate) notes: Vec<Problem>,
}

struct Pending<'a> {
    file: &'a str,
    metadata: Metadata,
    spec: Fields<'a>,
}

struct Declared<'a> {
    file: &'a str,
    metadata: Metadata,
    spec: Fields<'a>,
}

impl<'a> Documents<'a> {
    /// Adds a document of `file`, or each document of a list.
    pub(crate) fn add(&mut self, file: &'a str, node: &'a Node) {
        match &node.value {
            Value::List(documents) => documents.iter().for_each(|document| self.add_document(file, document)),
            _ => self.add_document(file, node),
        }
    }

    fn add_document(&mut self, file: &'a str, document: &'a Node) {
        let mut context = Context::new(file, &mut self.problems, &mut self.notes);
        let Some(fields) = context.fields(document, "the document", &["apiVersion", "kind", "metadata", "spec"], &[])
        else {
            return;
        };
        let version = context.required_text(&fields, "apiVersion");
        if let Some((version, at)) = version.filter(|(version, _)| *version != API_VERSION) {
            let other_version =
                "other versions of OpenSLO have other fields; docs/slo.md shows how to write an SLO in v1";
            context.refuse(at, format!("`apiVersion` must be {API_VERSION}, not `{version}`: {other_version}"));
            return;
        }
        let Some((kind, kind_at)) = context.required_text(&fields, "kind") else { return };
        let not_ours = match kind {
            "SLO" | "SLI" | "Service" | "DataSource" => None,
            "AlertPolicy" | "AlertCondition" | "AlertNotificationTarget" => Some(format!(
                "kind `{kind}` is not supported: the burn-rate alerts follow from the window and the target, and \
                 Alertmanager routes them; remove the document"
            )),
            _ => Some(format!("kind `{kind}` is not supported: use SLO, SLI, Service or DataSource")),
        };
        if let Some(message) = not_ours {
            context.refuse(kind_at, message);
            return;
        }
        let metadata = metadata::read(&mut context, &fields, kind == "SLO");
        let Some(spec) = context.required(&fields, "spec") else { return };
        let spec = match kind {
            "SLO" => objective::spec(&mut context, spec),
            "SLI" => indicator::spec(&mut context, spec),
            "Service" => context.fields(spec, "a Service's `spec`", &["description"], &[]),
            _ => data_source(&mut context, spec),
        };
        let (Some(metadata), Some(spec)) = (metadata, spec) else { return };
        match kind {
            "SLO" => self.slos.push(Pending { file, metadata, spec }),
            "SLI" => {
                let name = metadata.name.clone();
                let declared = Declared { file, metadata, spec };
                let place = declared.metadata.at.clone();
                if let Some(other) = self.indicators.insert(name.clone(), declared) {
                    self.problems.push(twice("SLI", &name, &other.metadata, place));
                }
            }
            "Service" => unique(&mut self.services, metadata, kind, &mut self.problems),
            _ => unique(&mut self.data_sources, metadata, kind, &mut self.problems),
        }
    }

    /// Resolves references and returns the SLOs. `problems` is complete afterwards.
    pub(crate) fn resolve(&mut self, metrics: &dyn Metrics) -> Vec<Slo> {
        let mut resolved: Vec<Slo> = Vec::new();
        let mut names: BTreeMap<&str, &Metadata> = BTreeMap::new();
        for Pending { file, metadata, spec } in &self.slos {
            if let Some(other) = names.insert(&metadata.name, metadata) {
                self.problems.push(twice("SLO", &metadata.name, other, metadata.at.clone()));
            }
            let mut context = Context::new(file, &mut self.problems, &mut self.notes);
            if let Some((service, at)) = context.text(spec, "service")
                && !self.services.is_empty()
                && !self.services.contains_key(service)
            {
                let known = list(self.services.keys());
                context.refuse(at, format!("no Service `{service}` in these files: they declare {known}"));
            }
            let metric = metric(&mut context, spec, &self.indicators, &self.data_sources);
            let slo = objective::slo(&mut context, metadata, spec, metric, metrics);
            resolved.extend(slo);
        }
        // SLIs without a reference are checked too.
        for declared in self.indicators.values() {
            let mut context = Context::new(declared.file, &mut self.problems, &mut self.notes);
            indicator::metric(&mut context, &declared.spec, &self.data_sources);
        }
        self.problems.sort();
        self.problems.dedup();
        self.notes.sort();
        self.notes.dedup();
        resolved
    }
}

/// Reads the metric of an SLO from its `indicator`, or from the SLI named by its `indicatorRef`.
fn metric(
    context: &mut Context<'_>,
    spec: &Fields<'_>,
    indicators: &BTreeMap<String, Declared<'_>>,
    data_sources: &BTreeMap<String, Metadata>,
) -> Option<Metric> {
    match (spec.get("indicator"), context.text(spec, "indicatorRef")) {
        (Some(_), Some((_, at))) => {
            context.refuse(at, "an SLO has an `indicator` or an `indicatorRef`, not both");
            None
        }
        (Some(inline), None) => {
            let fields = context.fields(inline, "`indicator`", &["metadata", "spec"], &[])?;
            if fields.get("metadata").is_some() {
                metadata::read(context, &fields, false);
            }
            let node = context.required(&fields, "spec")?;
            let spec = indicator::spec(context, node)?;
            indicator::metric(context, &spec, data_sources)
        }
        (None, Some((name, at))) => {
            let Some(declared) = indicators.get(name) else {
                let known = list(indicators.keys());
                context.refuse(at, format!("no SLI `{name}` in these files: they declare {known}"));
                return None;
            };
            let mut context = context.in_file(declared.file);
            indicator::metric(&mut context, &declared.spec, data_sources)
        }
        (None, None) => {
            // A reference that is not a text was already refused.
            if spec.get("indicatorRef").is_none() {
                context.refuse(spec.at, "an SLO needs an `indicator` or an `indicatorRef`");
            }
            None
        }
    }
}

fn data_source<'a>(context: &mut Context<'_>, spec: &'a Node) -> Option<Fields<'a>> {
    let fields = context.fields(spec, "a DataSource's `spec`", &["description", "type", "connectionDetails"], &[])?;
    let (kind, at) = context.required_text(&fields, "type")?;
    check_type(context, kind, at);
    if let Some((_, at)) = fields.entry("connectionDetails") {
        context.note(at, "`connectionDetails` is not used: the rules run in the Prometheus that loads them");
    }
    Some(fields)
}

fn check_type(context: &mut Context<'_>, kind: &str, at: Location) {
    if !TYPES.iter().any(|known| kind.eq_ignore_ascii_case(known)) {
        let known = TYPES.join(" and ");
        context.refuse(
            at,
            format!("data source type `{kind}` is not supported: only {known} are, since queries are PromQL"),
        );
    }
}

fn unique(seen: &mut BTreeMap<String, Metadata>, metadata: Metadata, kind: &str, problems: &mut Vec<Problem>) {
    if let Some(other) = seen.get(&metadata.name) {
        problems.push(twice(kind, &metadata.name, other, metadata.at));
    } else {
        seen.insert(metadata.name.clone(), metadata);
    }
}

fn twice(kind: &str, name: &str, first: &Metadata, at: crate::Place) -> Problem {
    Problem { at, message: format!("another {kind} is already called `{name}`: {}", first.at) }
}

fn list<'a>(names: impl Iterator<Item = &'a String>) -> String {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

//! Checks PromQL against the declared metrics: every metric must exist, and every label that an expression names must
//! be a label of its metric.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use promql_parser::label::MatchOp;
use promql_parser::parser::token::{T_BOTTOMK, T_COUNT_VALUES, T_LOR, T_LUNLESS, T_TOPK};
use promql_parser::parser::{
    AggregateExpr, BinaryExpr, Call, Expr, LabelModifier, VectorMatchCardinality, VectorSelector, parse,
};

use super::{CLUSTER, EVERY_TARGET, jobs};

/// The label names that series may have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Labels {
    /// The known names.
    pub names: BTreeSet<String>,
    /// Whether there may be others, so that no name is wrong.
    pub open: bool,
}

impl Labels {
    /// Returns exactly these labels.
    pub fn of<T: ToString>(names: impl IntoIterator<Item = T>) -> Self {
        Self { names: names.into_iter().map(|name| name.to_string()).collect(), open: false }
    }

    /// Returns labels with any names.
    pub fn any() -> Self {
        Self { names: BTreeSet::new(), open: true }
    }

    /// Returns whether series may have this label.
    pub fn contains(&self, name: &str) -> bool {
        self.open || self.names.contains(name)
    }

    /// Adds the labels of other series.
    pub fn extend(&mut self, other: Self) {
        self.names.extend(other.names);
        self.open |= other.open;
    }
}

impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let others = self.open.then_some("...");
        let names: Vec<&str> = self.names.iter().map(String::as_str).chain(others).collect();
        write!(f, "{{{}}}", names.join(", "))
    }
}

/// The metrics and recorded series that expressions may name.
#[derive(Debug, Clone)]
pub struct Vocabulary {
    /// Labels by the name of the sample, and by job if a job exposes it.
    samples: BTreeMap<String, Vec<(Option<&'static str>, Labels)>>,
}

impl Vocabulary {
    /// Returns a vocabulary of everything that is scraped, and of the metrics that Prometheus itself adds.
    pub fn scraped() -> Self {
        let mut vocabulary = Self { samples: BTreeMap::new() };
        for job in jobs().chain(CLUSTER) {
            for family in job.families().chain(EVERY_TARGET) {
                for sample in family.samples() {
                    let mut labels = Labels::of(family.labels.iter().chain(&["job", "instance"]));
                    if sample.ends_with("_bucket") {
                        labels.names.insert("le".to_owned());
                    }
                    vocabulary.samples.entry(sample).or_default().push((Some(job.name), labels));
                }
            }
        }
        for alerts in ["ALERTS", "ALERTS_FOR_STATE"] {
            vocabulary.record(alerts, Labels::any());
        }
        vocabulary
    }

    /// Adds a recorded series.
    pub fn record(&mut self, name: &str, labels: Labels) {
        self.samples.entry(name.to_owned()).or_default().push((None, labels));
    }

    /// Returns the labels of the expression's result.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the expression, one sentence each.
    pub fn check(&self, expression: &str) -> Result<Labels, Vec<String>> {
        let parsed = parse(expression).map_err(|error| vec![error])?;
        let mut checker = Checker { vocabulary: self, problems: Vec::new() };
        let labels = checker.labels(&parsed);
        if checker.problems.is_empty() { Ok(labels) } else { Err(checker.problems) }
    }
}

struct Checker<'a> {
    vocabulary: &'a Vocabulary,
    problems: Vec<String>,
}

impl Checker<'_> {
    fn labels(&mut self, expression: &Expr) -> Labels {
        match expression {
            Expr::NumberLiteral(_) | Expr::StringLiteral(_) => Labels::default(),
            Expr::Paren(inner) => self.labels(&inner.expr),
            Expr::Unary(inner) => self.labels(&inner.expr),
            Expr::Subquery(inner) => self.labels(&inner.expr),
            Expr::VectorSelector(selector) => self.selector(selector),
            Expr::MatrixSelector(matrix) => self.selector(&matrix.vs),
            Expr::Aggregate(aggregate) => self.aggregate(aggregate),
            Expr::Call(call) => self.call(call),
            Expr::Binary(binary) => self.binary(binary),
            Expr::Extension(_) => Labels::any(),
        }
    }

    fn selector(&mut self, selector: &VectorSelector) -> Labels {
        let Some(name) = &selector.name else {
            self.problems.push(format!("{selector} names no metric"));
            return Labels::any();
        };
        let Some(exposed) = self.vocabulary.samples.get(name) else {
            self.problems.push(format!("nothing exposes or records {name}"));
            return Labels::any();
        };
        let matchers = selector.matchers.matchers.iter().chain(selector.matchers.or_matchers.iter().flatten());
        let matchers: Vec<_> = matchers.collect();
        let is_meant = |job: &Option<&str>| {
            job.is_none_or(|job| matchers.iter().filter(|m| m.name == "job").all(|matcher| matcher.is_match(job)))
        };
        let mut labels = Labels::default();
        for (_, of_job) in exposed.iter().filter(|(job, _)| is_meant(job)) {
            labels.extend(of_job.clone());
        }
        if !exposed.iter().any(|(job, _)| is_meant(job)) {
            self.problems.push(format!("no job selected by {selector} exposes {name}"));
            return Labels::any();
        }
        for matcher in matchers {
            // A label that doesn't exist is empty, so a matcher that requires it to be empty is correct as well.
            let absent = matches!(matcher.op, MatchOp::Equal) && matcher.value.is_empty();
            if !absent {
                self.named(&labels, &matcher.name, name);
            }
        }
        labels
    }

    fn named(&mut self, labels: &Labels, label: &str, of: impl fmt::Display) {
        if !labels.contains(label) {
            self.problems.push(format!("{of} has no label {label}, only {labels}"));
        }
    }

    fn aggregate(&mut self, aggregate: &AggregateExpr) -> Labels {
        let inner = self.labels(&aggregate.expr);
        for label in aggregate.modifier.iter().flat_map(|modifier| &modifier.labels().labels) {
            self.named(&inner, label, &aggregate.expr);
        }
        if [T_TOPK, T_BOTTOMK].contains(&aggregate.op.id()) {
            return inner;
        }
        let mut labels = match &aggregate.modifier {
            None => Labels::default(),
            Some(LabelModifier::Include(by)) => Labels::of(&by.labels),
            Some(LabelModifier::Exclude(without)) => minus(inner, &without.labels),
        };
        if let (T_COUNT_VALUES, Some(Expr::StringLiteral(label))) = (aggregate.op.id(), aggregate.param.as_deref()) {
            labels.names.insert(label.val.clone());
        }
        labels
    }

    fn call(&mut self, call: &Call) -> Labels {
        let texts: Vec<&str> = call
            .args
            .args
            .iter()
            .filter_map(|argument| match argument.as_ref() {
                Expr::StringLiteral(text) => Some(text.val.as_str()),
                _ => None,
            })
            .collect();
        let mut labels = Labels::default();
        for argument in &call.args.args {
            labels.extend(self.labels(argument));
        }
        match (call.func.name, texts.as_slice()) {
            ("absent" | "absent_over_time", _) => absent(&call.args.args),
            ("scalar" | "vector" | "time", _) => Labels::default(),
            ("histogram_quantile", _) => {
                self.named(&labels, "le", call);
                minus(labels, &["le".to_owned()])
            }
            ("label_replace", [to, _, from, _]) => {
                // Without a source label, the call sets a constant.
                if !from.is_empty() {
                    self.named(&labels, from, call);
                }
                labels.names.insert((*to).to_owned());
                labels
            }
            ("label_join", [to, _, from @ ..]) => {
                for label in from {
                    self.named(&labels, label, call);
                }
                labels.names.insert((*to).to_owned());
                labels
            }
            _ => labels,
        }
    }

    fn binary(&mut self, binary: &BinaryExpr) -> Labels {
        let (left, right) = (self.labels(&binary.lhs), self.labels(&binary.rhs));
        if is_scalar(&binary.lhs) || is_scalar(&binary.rhs) {
            let mut labels = left;
            labels.extend(right);
            return labels;
        }
        let matching = binary.modifier.as_ref().and_then(|modifier| modifier.matching.as_ref());
        let is_set = [T_LOR, T_LUNLESS].contains(&binary.op.id());
        match matching {
            Some(LabelModifier::Include(on)) => {
                for label in &on.labels {
                    self.named(&left, label, &binary.lhs);
                    self.named(&right, label, &binary.rhs);
                }
            }
            Some(LabelModifier::Exclude(_)) => {}
            None if is_set || left.open || right.open || left == right => {}
            None => self.problems.push(format!(
                "{binary}: nothing can match, the left side has the labels {left} and the right {right}"
            )),
        }
        match binary.modifier.as_ref().map(|modifier| &modifier.card) {
            Some(VectorMatchCardinality::ManyToOne(taken)) => self.grouped(left, &right, &taken.labels, &binary.rhs),
            Some(VectorMatchCardinality::OneToMany(taken)) => self.grouped(right, &left, &taken.labels, &binary.lhs),
            Some(VectorMatchCardinality::ManyToMany) if binary.op.id() == T_LOR => {
                let mut either = left;
                either.extend(right);
                either
            }
            Some(VectorMatchCardinality::ManyToMany) => left,
            _ => match matching {
                Some(LabelModifier::Include(on)) => Labels::of(&on.labels),
                Some(LabelModifier::Exclude(ignored)) => minus(left, &ignored.labels),
                None => left,
            },
        }
    }

    fn grouped(&mut self, mut many: Labels, one: &Labels, taken: &[String], from: &Expr) -> Labels {
        for label in taken {
            self.named(one, label, from);
            many.names.insert(label.clone());
        }
        many
    }
}

/// Returns the labels that `absent` creates: those of the equality matchers.
fn absent(arguments: &[Box<Expr>]) -> Labels {
    let selector = match arguments.first().map(Box::as_ref) {
        Some(Expr::VectorSelector(selector)) => selector,
        Some(Expr::MatrixSelector(matrix)) => &matrix.vs,
        _ => return Labels::default(),
    };
    let equal = selector.matchers.matchers.iter().filter(|matcher| matches!(matcher.op, MatchOp::Equal));
    Labels::of(equal.map(|matcher| &matcher.name))
}

fn is_scalar(expression: &Expr) -> bool {
    match expression {
        Expr::NumberLiteral(_) => true,
        Expr::Paren(inner) => is_scalar(&inner.expr),
        Expr::Unary(inner) => is_scalar(&inner.expr),
        Expr::Call(call) => ["scalar", "time"].contains(&call.func.name),
        Expr::Binary(binary) => is_scalar(&binary.lhs) && is_scalar(&binary.rhs),
        _ => false,
    }
}

fn minus(mut labels: Labels, names: &[String]) -> Labels {
    labels.names.retain(|name| !names.contains(name));
    labels
}

#[cfg(test)]
mod tests;

//! Checks the PromQL of indicators: syntax, shape, and whether latency bounds are bucket bounds.

use std::convert::Infallible;

use promql_parser::label::{MatchOp, Matcher};
use promql_parser::parser::value::ValueType;
use promql_parser::parser::{AggregateExpr, Call, Expr, VectorSelector, parse};
use promql_parser::util::{ExprVisitor, walk_expr};

use crate::{Place, Query};

/// The known facts about a metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Known<'a> {
    /// Nothing: no service declares it.
    Unknown,
    /// A classic histogram with these upper bounds, without infinity.
    Histogram(&'a [f64]),
    /// Another kind of metric.
    NoHistogram,
}

/// A source of knowledge about metrics by family name, which for a histogram is without `_bucket`.
pub trait Metrics {
    /// Returns the known facts about `family`.
    fn known(&self, family: &str) -> Known<'_>;
}

/// A source that knows no metrics.
#[derive(Debug, Clone, Copy, Default)]
pub struct NothingKnown;

impl Metrics for NothingKnown {
    fn known(&self, _family: &str) -> Known<'_> {
        Known::Unknown
    }
}

fn expression(text: &str) -> Result<Expr, String> {
    if text.contains("{{") {
        return Err(format!(
            "`query` has a template, which only other generators fill in: remove it, because the rules add their own \
             range; a counter is a plain selector such as `requests_total{{job=\"shop\"}}`: `{text}`"
        ));
    }
    parse(text).map_err(|error| {
        let error = if error == "invalid promql query" { "it can't be parsed" } else { error.as_str() };
        format!("`query` is not valid PromQL: {error}: `{text}`")
    })
}

/// Refuses everything but a plain selector of counters.
pub(crate) fn check_counter(text: &str) -> Result<(), String> {
    let problem = match expression(text)? {
        Expr::VectorSelector(VectorSelector { offset: None, at: None, .. }) => return Ok(()),
        Expr::VectorSelector(_) => "has an offset or @, which would count events from outside the window: remove it",
        Expr::MatrixSelector(_) => "has a range: remove it, because the rules add their own",
        _ => {
            "is not a plain selector: `counter: true` needs one, such as `requests_total{job=\"shop\"}`, because the \
             rules apply sum(rate()) to it so that they see each series' resets; for an expression that yields events \
             per second, set `counter: false`"
        }
    };
    Err(format!("`query` {problem}: `{text}`"))
}

/// Refuses expressions without a value at an instant.
pub(crate) fn check_value(text: &str) -> Result<(), String> {
    let expression = expression(text)?;
    if let Some(name) = experimental(&expression) {
        return Err(format!(
            "`{name}()` is experimental, and Prometheus rejects the whole file if a rule uses it: write the query \
             without it: `{text}`"
        ));
    }
    match expression.value_type() {
        ValueType::Vector => Ok(()),
        other => Err(format!("`query` must be an instant vector, not a {other}: `{text}`")),
    }
}

/// The results of checking buckets: refused bounds, and bounds that could not be checked.
#[derive(Debug, Default)]
pub(crate) struct Buckets {
    pub(crate) refused: Vec<(Place, String)>,
    pub(crate) unchecked: Vec<(Place, String)>,
}

impl Buckets {
    /// Checks that each bucket selector in a ratio's query selects one bucket that the histogram has.
    pub(crate) fn ratio(&mut self, query: &Query, metrics: &dyn Metrics) {
        for selector in selectors(&query.text) {
            let Some(family) = family(&selector) else { continue };
            match selected_bound(&selector) {
                Err(problem) => self.refused.push((query.at.clone(), problem)),
                Ok(f64::INFINITY) => {}
                Ok(bound) => self.bound(family, bound, &query.at, metrics),
            }
        }
    }

    /// Checks that the bound of a quantile computed from buckets is a bucket bound: between bounds, quantiles are
    /// interpolated.
    pub(crate) fn threshold(&mut self, query: &Query, value: f64, value_at: &Place, metrics: &dyn Metrics) {
        let Ok(mut expression) = expression(&query.text) else { return };
        while let Expr::Paren(inner) = expression {
            expression = *inner.expr;
        }
        let is_quantile = matches!(&expression, Expr::Call(call) if call.func.name == "histogram_quantile");
        for selector in selectors(&query.text) {
            match family(&selector) {
                Some(family) if is_quantile => self.bound(family, value, value_at, metrics),
                Some(family) => {
                    let message = format!(
                        "can't check whether {value} is a bucket bound of `{family}`: the query does further \
                         arithmetic"
                    );
                    self.unchecked.push((value_at.clone(), message));
                }
                None => {}
            }
        }
    }

    fn bound(&mut self, family: &str, bound: f64, at: &Place, metrics: &dyn Metrics) {
        match metrics.known(family) {
            Known::Unknown => {
                let message = format!(
                    "can't check whether {bound} is a bucket bound of `{family}`: no Tidewatch service declares it"
                );
                self.unchecked.push((at.clone(), message));
            }
            Known::NoHistogram => self.refused.push((at.clone(), format!("`{family}` is not a histogram"))),
            Known::Histogram(bounds) if bounds.contains(&bound) => {}
            Known::Histogram(bounds) => {
                let known = bounds.iter().map(f64::to_string).collect::<Vec<_>>().join(", ");
                let message = format!(
                    "{bound} is not a bucket bound of `{family}`, so the number of requests below it is unknown: use \
                     one of {known}"
                );
                self.refused.push((at.clone(), message));
            }
        }
    }
}

/// Returns the metric family of a bucket selector.
fn family(selector: &VectorSelector) -> Option<&str> {
    let matched = || {
        let equal = |matcher: &&Matcher| matcher.name == "__name__" && matcher.op == MatchOp::Equal;
        selector.matchers.matchers.iter().find(equal).map(|matcher| matcher.value.as_str())
    };
    selector.name.as_deref().or_else(matched)?.strip_suffix("_bucket")
}

/// Returns the bound of the only selected bucket.
fn selected_bound(selector: &VectorSelector) -> Result<f64, String> {
    let matchers = selector.matchers.find_matchers("le");
    let [matcher] = matchers.as_slice() else {
        return Err(format!("`{selector}` must select one bucket with `le=`: buckets are cumulative"));
    };
    if matcher.op != MatchOp::Equal {
        return Err(format!("`{selector}` must select one bucket with `le=`: buckets are cumulative"));
    }
    let text = matcher.value.as_str();
    if text == "+Inf" {
        return Ok(f64::INFINITY);
    }
    let bound: f64 = text.parse().map_err(|_| format!("`le=\"{text}\"` is not a number"))?;
    let stored = stored(bound);
    if text != stored {
        return Err(format!("`le=\"{text}\"` matches nothing: Prometheus 3 stores this bound as \"{stored}\""));
    }
    Ok(bound)
}

/// Formats a bound as Prometheus 3 stores it, which is OpenMetrics' canonical notation: shortest, with `.0` or an
/// exponent.
fn stored(bound: f64) -> String {
    if bound.is_infinite() {
        return if bound > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let scientific = format!("{bound:e}");
    match scientific.split_once('e').map(|(digits, exponent)| (digits, exponent.parse::<i32>())) {
        Some((digits, Ok(exponent @ (..-4 | 6..)))) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", exponent.abs())
        }
        _ => format!("{bound:?}"),
    }
}

fn selectors(text: &str) -> Vec<VectorSelector> {
    let mut selectors = Vec::new();
    if let Ok(expression) = expression(text) {
        each(&expression, &mut |part| match part {
            Expr::VectorSelector(selector) => selectors.push(selector.clone()),
            Expr::MatrixSelector(matrix) => selectors.push(matrix.vs.clone()),
            _ => {}
        });
    }
    selectors
}

/// Returns a function or aggregation that Prometheus refuses unless started with `promql-experimental-functions`.
fn experimental(expression: &Expr) -> Option<String> {
    let mut found = None;
    each(expression, &mut |part| match part {
        Expr::Call(Call { func, .. }) if func.experimental => found = Some(func.name.to_owned()),
        Expr::Aggregate(AggregateExpr { op, .. }) if op.to_string().starts_with("limit") => {
            found = Some(op.to_string())
        }
        _ => {}
    });
    found
}

/// Calls `visit` with `expression` and all its parts.
fn each(expression: &Expr, visit: &mut dyn FnMut(&Expr)) {
    struct Each<'v>(&'v mut dyn FnMut(&Expr));

    impl ExprVisitor for Each<'_> {
        type Error = Infallible;

        fn pre_visit(&mut self, expression: &Expr) -> Result<bool, Infallible> {
            (self.0)(expression);
            Ok(true)
        }
    }

    let Ok(_) = walk_expr(&mut Each(visit), expression);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expected values as observed with Prometheus 3.5.
    #[test]
    fn bounds_are_written_as_prometheus_stores_them() {
        for (bound, text) in [
            (1.0, "1.0"),
            (0.5, "0.5"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (100_000.0, "100000.0"),
            (1_000_000.0, "1e+06"),
            (2_500_000.0, "2.5e+06"),
            (f64::INFINITY, "+Inf"),
        ] {
            assert_eq!(stored(bound), text);
        }
    }
}

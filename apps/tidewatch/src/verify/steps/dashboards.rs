//! Every query of every dashboard returns data.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use promql_parser::parser::{Expr, parse};
use promql_parser::util::{ExprVisitor, walk_expr};
use tidewatch_client::Prometheus;
use tidewatch_client::prometheus::QUERY;
use tidewatch_dashboards::{Answer, Datasource, Query};
use tokio::time::{Instant, sleep};

use super::super::outcome::{Failure, Note, Verdict};
use super::super::stack::Stack;
use super::{lacks, some};

const POLL: Duration = Duration::from_secs(3);
/// A metric that is still missing after this time, although everything is scraped, will not appear. Recorded series are
/// waited for: those with long windows are evaluated every two minutes.
const SCRAPED: Duration = Duration::from_secs(15);

/// A query without data.
#[derive(Debug)]
struct Empty {
    query: Query,
    /// Prometheus' error message; `None` if the query is valid and returns nothing.
    error: Option<String>,
    /// The metrics in the query that Prometheus currently doesn't have.
    absent: BTreeSet<String>,
}

/// Repeats the queries without data until all have data.
pub(in super::super) async fn check(stack: Arc<Stack>, note: Note) -> Verdict {
    let Some(prometheus) = &stack.prometheus else { return lacks("prometheus") };
    let expected = "every query of every dashboard returns data";
    let mut open = tidewatch_dashboards::queries();
    open.retain(|query| query.datasource == Datasource::Prometheus);
    let count = open.len();
    let begun = Instant::now();
    loop {
        match empty(prometheus, open.clone()).await {
            Ok(empty) => {
                if empty.is_empty() {
                    return Verdict::Passed(format!("{count} queries"));
                }
                let Judgement { seen, query, hopeless } = judge(&empty);
                let failure = Failure::new(expected, seen, stack.curl("prometheus", &path(&query)));
                if hopeless && begun.elapsed() > SCRAPED {
                    return Verdict::Failed(failure);
                }
                note.not_yet(failure);
                open = empty.into_iter().map(|empty| empty.query).collect();
            }
            Err(error) => {
                note.not_yet(Failure::new(expected, format!("{error:#}"), stack.curl("prometheus", &path("up"))))
            }
        }
        sleep(POLL).await;
    }
}

async fn empty(prometheus: &Prometheus, queries: Vec<Query>) -> anyhow::Result<Vec<Empty>> {
    let mut empty = Vec::new();
    for query in queries {
        let error = match prometheus.count(&query.resolved()).await {
            Ok(0) if query.answer == Answer::Data => None,
            Ok(_) => continue,
            Err(error) => Some(format!("{error:#}")),
        };
        let mut absent = BTreeSet::new();
        for name in metrics(&query.resolved()) {
            // Past samples don't count: Prometheus lists a name for as long as it keeps samples of it.
            if prometheus.count(&name).await? == 0 {
                absent.insert(name);
            }
        }
        empty.push(Empty { query, error, absent });
    }
    Ok(empty)
}

/// An evaluation of the queries without data.
#[derive(Debug, PartialEq)]
struct Judgement {
    seen: String,
    /// The first of the queries.
    query: String,
    /// Whether waiting is pointless.
    hopeless: bool,
}

fn judge(empty: &[Empty]) -> Judgement {
    // Show only the hopeless queries if there are any; those whose data may still arrive would hide them.
    let in_vain = |one: &&Empty| one.absent.iter().any(|name| !is_recorded(name));
    let hopeless = empty.iter().any(|one| in_vain(&one));
    let shown: Vec<&Empty> = empty.iter().filter(|one| !hopeless || in_vain(one)).collect();
    let absent = shown.iter().flat_map(|one| &one.absent).map(String::as_str);
    let missing: BTreeSet<&str> = absent.filter(|name| !hopeless || !is_recorded(name)).collect();
    let line = |one: &&Empty| {
        let place = format!("{}, {:?}", one.query.dashboard, one.query.panel);
        match &one.error {
            Some(error) => format!("{place}: {error}"),
            None => place,
        }
    };
    let places = some(&shown.iter().map(line).collect::<Vec<_>>());
    let seen = if missing.is_empty() {
        format!("no data in {places}")
    } else {
        format!("Prometheus has no {}; no data in {places}", Vec::from_iter(missing).join(", "))
    };
    Judgement { seen, query: shown.first().map(|one| one.query.resolved()).unwrap_or_default(), hopeless }
}

/// Returns whether this is a recorded series: only their names contain a colon.
fn is_recorded(name: &str) -> bool {
    name.contains(':')
}

/// Returns the metrics that an expression names.
fn metrics(expr: &str) -> BTreeSet<String> {
    struct Names(BTreeSet<String>);
    impl ExprVisitor for Names {
        type Error = std::convert::Infallible;
        fn pre_visit(&mut self, expr: &Expr) -> Result<bool, Self::Error> {
            let selector = match expr {
                Expr::VectorSelector(selector) => selector,
                Expr::MatrixSelector(matrix) => &matrix.vs,
                _ => return Ok(true),
            };
            self.0.extend(selector.name.clone());
            Ok(true)
        }
    }
    let mut names = Names(BTreeSet::new());
    if let Ok(expr) = parse(expr) {
        let Ok(_) = walk_expr(&mut names, &expr);
    }
    names.0
}

/// Returns the API path that runs a query, for a shell.
fn path(query: &str) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("query", query).finish();
    format!("{QUERY}?{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn empty(expr: &str, absent: &[&str]) -> Empty {
        let query = Query {
            dashboard: "tidewatch-overview",
            panel: "Lag".to_owned(),
            datasource: Datasource::Prometheus,
            expr: expr.to_owned(),
            answer: Answer::Data,
        };
        Empty { query, error: None, absent: absent.iter().map(|name| (*name).to_owned()).collect() }
    }

    #[test]
    fn a_missing_metric_is_named_and_only_a_recorded_one_is_waited_for() {
        let recorded = || empty("slo:x:rate1h > 0", &["slo:x:rate1h"]);
        let waiting = judge(&[recorded()]);
        assert_eq!(waiting.seen, "Prometheus has no slo:x:rate1h; no data in tidewatch-overview, \"Lag\"");
        assert!(!waiting.hopeless);
        let expected = Judgement {
            seen: "Prometheus has no kafka_lag; no data in tidewatch-overview, \"Lag\"".to_owned(),
            query: "kafka_lag / slo:x:rate1h".to_owned(),
            hopeless: true,
        };
        assert_eq!(judge(&[recorded(), empty("kafka_lag / slo:x:rate1h", &["kafka_lag", "slo:x:rate1h"])]), expected);
        let nothing = judge(&[empty("up == 7", &[])]);
        assert_eq!((nothing.seen.as_str(), nothing.hopeless), ("no data in tidewatch-overview, \"Lag\"", false));
    }

    #[test]
    fn a_query_that_prometheus_refuses_is_reported_with_its_reason() {
        let refused = Empty { error: Some("parse error".to_owned()), ..empty("up{", &[]) };
        assert_eq!(judge(&[refused]).seen, "no data in tidewatch-overview, \"Lag\": parse error");
    }

    #[test]
    fn the_metrics_of_an_expression_are_found_at_every_depth() {
        let expr = "sum by (a) (rate(x_total{b=\"c\"}[1m])) / on () group_left max_over_time(y[5m:30s]) > bool z";
        assert_eq!(Vec::from_iter(metrics(expr)), ["x_total", "y", "z"]);
    }

    #[test]
    fn the_path_is_safe_between_single_quotes() {
        assert_eq!(path("a{b='c'}"), "/api/v1/query?query=a%7Bb%3D%27c%27%7D");
    }
}

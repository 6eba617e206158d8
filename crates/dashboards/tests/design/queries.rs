//! Every query is valid for its datasource. A test in apps/tidewatch checks that it uses only existing names.

use promql_parser::parser::{Expr, parse};
use tidewatch_dashboards::{Answer, Datasource, all, queries};

use super::support::panels;

#[test]
fn promql_parses() {
    for query in queries().iter().filter(|query| query.datasource == Datasource::Prometheus) {
        parse(&query.resolved()).unwrap_or_else(|error| panic!("{query:?}: {error}"));
    }
}

#[test]
fn logql_is_a_selector_and_filters() {
    let logql: Vec<_> = queries().into_iter().filter(|query| query.datasource == Datasource::Loki).collect();
    assert!(!logql.is_empty());
    for query in logql {
        let expr = query.resolved();
        let mut stages = expr.split(" | ");
        // LogQL's stream selectors have the same syntax as PromQL's.
        let selector = parse(stages.next().unwrap()).unwrap();
        assert!(matches!(selector, Expr::VectorSelector(_)), "{expr}");
        for stage in stages {
            assert!(matches!(parse(&format!("{{{stage}}}")).unwrap(), Expr::VectorSelector(_)), "{expr}: {stage}");
        }
    }
}

#[test]
fn every_query_is_listed() {
    for dashboard in all() {
        let targets =
            panels(&dashboard).into_iter().flat_map(|panel| panel["targets"].as_array().into_iter().flatten());
        let mut exprs: Vec<&str> = targets.map(|target| target["expr"].as_str().unwrap()).collect();
        let listed = queries();
        let mut listed: Vec<&str> = listed
            .iter()
            .filter(|query| query.dashboard == dashboard.uid)
            .filter(|query| !query.panel.starts_with("variable ") && !query.panel.starts_with("annotation "))
            .map(|query| query.expr.as_str())
            .collect();
        exprs.sort_unstable();
        listed.sort_unstable();
        assert_eq!(exprs, listed, "{}", dashboard.file_name);
    }
}

#[test]
fn variables_are_declared_and_match_as_regular_expressions() {
    let dashboards = all();
    for query in queries() {
        let dashboard = dashboards.iter().find(|dashboard| dashboard.uid == query.dashboard).unwrap();
        let declared = dashboard.json["templating"]["list"].as_array().unwrap();
        for (at, _) in query.expr.match_indices('$') {
            let name: String = query.expr[at + 1..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            let capture_group = name.is_empty();
            if name == "__rate_interval" || capture_group {
                continue;
            }
            assert!(declared.iter().any(|variable| variable["name"] == name.as_str()), "{query:?}: ${name}");
            // Several values can be selected at once; all of them are `.*`.
            assert!(query.expr[..at].ends_with("=~\""), "{query:?}: ${name} is not matched as a regular expression");
        }
    }
}

#[test]
fn rates_use_the_rate_interval_of_the_graph() {
    for query in queries() {
        for (at, _) in query.expr.match_indices("rate(") {
            let range = query.expr[at..].split('[').nth(1).unwrap().split(']').next().unwrap();
            assert!(["$__rate_interval", "5m"].contains(&range), "{query:?}: [{range}]");
        }
    }
}

#[test]
fn table_columns_have_labels_but_no_metric_name() {
    super::support::every_panel(|what, panel| {
        for target in panel["targets"].as_array().into_iter().flatten().filter(|target| target["format"] == "table") {
            let expr = target["expr"].as_str().unwrap().replace("$__rate_interval", "1m");
            // A metric name would become a column, so rows of two metrics would never be merged.
            assert!(!matches!(parse(&expr).unwrap(), Expr::VectorSelector(_)), "{what}: {expr}");
        }
    });
}

#[test]
fn a_query_that_may_be_empty_states_when() {
    for query in queries() {
        if let Answer::MaybeNothing(when) = query.answer {
            assert!(when.len() > 10, "{query:?}");
        }
    }
}

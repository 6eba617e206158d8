//! Dashboards only query metrics, records and labels that exist.
use crate::{consistency::with_records, sources::Sources};
use tidewatch::catalogue::Vocabulary;
use tidewatch_dashboards::{Datasource, Query, queries};

fn asked_of_prometheus() -> Vec<Query> {
    queries().into_iter().filter(|query| query.datasource == Datasource::Prometheus).collect()
}

/// Returns one sentence per query that names something that doesn't exist.
fn problems(queries: &[Query], vocabulary: &Vocabulary) -> Vec<String> {
    let wrong = queries.iter().filter_map(|query| Some((query, vocabulary.check(&query.resolved()).err()?)));
    wrong.map(|(query, found)| format!("{}, {}: {}", query.dashboard, query.panel, found.join("; "))).collect()
}

#[test]
fn every_query_names_what_is_exposed_or_recorded_with_its_labels() {
    let (vocabulary, _) = with_records(&Sources::read().rules);
    let problems = problems(&asked_of_prometheus(), &vocabulary);
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn a_metric_or_label_of_another_name_is_found() {
    let (vocabulary, _) = with_records(&Sources::read().rules);
    for (name, wrong) in [
        ("workload_requests_total", "workload_request_total"),
        ("region", "zone"),
        ("service:workload_errors:ratio_rate1m", "service:workload_errors:ratio_rate2m"),
        ("slo:error_ratio:rate3d", "slo:error_ratio:rate4d"),
    ] {
        let mut queries = asked_of_prometheus();
        let query = queries.iter_mut().find(|query| query.expr.contains(name)).unwrap();
        query.expr = query.expr.replace(name, wrong);
        let found = problems(&queries, &vocabulary);
        assert!(found.len() == 1 && found[0].contains(wrong), "{found:?}");
    }
}

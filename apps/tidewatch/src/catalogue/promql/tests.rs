//! Correct and incorrect expressions, as rules and dashboards write them.

use super::*;

fn check(expression: &str) -> Result<String, String> {
    let mut vocabulary = Vocabulary::scraped();
    vocabulary.record("service:workload_requests:rate1m", Labels::of(["service"]));
    vocabulary.check(expression).map(|labels| labels.to_string()).map_err(|problems| problems.join("; "))
}

#[test]
fn labels_are_tracked_through_every_kind_of_expression() {
    for (expression, labels) in [
        ("sum by (service) (rate(workload_requests_total[1m]))", "{service}"),
        ("sum without (instance, job) (workload_errors_total)", "{endpoint, region, service}"),
        ("sum(up)", "{}"),
        ("topk(3, kafka_consumer_lag_records)", "{instance, job, partition, topic}"),
        (
            "histogram_quantile(0.99, sum by (service, le) (rate(workload_request_duration_seconds_bucket[5m])))",
            "{service}",
        ),
        ("absent(up{job=\"alert-relay\"})", "{job}"),
        ("label_replace(up, \"host\", \"$1\", \"instance\", \"(.*):.*\")", "{host, instance, job}"),
        ("label_replace(up, \"kind\", \"target\", \"\", \"\")", "{instance, job, kind}"),
        ("service:workload_requests:rate1m * 60 > 1 + 1", "{service}"),
        ("up * on (job, instance) group_left (pid) tidewatch_process_info", "{instance, job, pid}"),
        ("ALERTS{alertname=\"Watchdog\", whatever=\"x\"}", "{...}"),
        ("vector(1)", "{}"),
        ("sum by (job) (up) / on (job) count by (job) (up)", "{job}"),
        ("up or sum by (service) (workload_errors_total)", "{instance, job, service}"),
        ("max_over_time((sum(up))[1h:1m])", "{}"),
    ] {
        assert_eq!(check(expression).as_deref(), Ok(labels), "{expression}");
    }
}

#[test]
fn unknown_metrics_and_labels_are_named() {
    for (expression, problem) in [
        ("rate(workload_request_total[1m])", "nothing exposes or records workload_request_total"),
        ("workload_request_duration_seconds", "nothing exposes or records workload_request_duration_seconds"),
        ("workload_errors_total{status_code=\"500\"}", "workload_errors_total has no label status_code"),
        ("sum by (zone) (workload_errors_total)", "workload_errors_total has no label zone"),
        ("sum by (service) (sum(workload_errors_total))", "has no label service, only {}"),
        ("workload_errors_total{job=\"console\"}", "no job selected by"),
        ("histogram_quantile(0.9, workload_errors_total)", "has no label le"),
        ("up * on (job, instance) group_left (zone) tidewatch_process_info", "has no label zone"),
        ("up * on (pid) group_left () tidewatch_process_info", "up has no label pid"),
        ("sum by (job) (up) and up", "nothing can match"),
        ("sum(rate(up[1m])", "unclosed left parenthesis"),
        ("{job=\"console\"}", "names no metric"),
    ] {
        let problems = check(expression).expect_err(expression);
        assert!(problems.contains(problem), "{expression}: {problems}");
    }
}

//! Latency objectives need a bucket bound of their histogram.

use tidewatch_slo::{Known, Metrics, Source, read};

use super::GOOD;

struct OneHistogram;

impl Metrics for OneHistogram {
    fn known(&self, family: &str) -> Known<'_> {
        match family {
            "latency_seconds" => Known::Histogram(&[0.1, 0.5, 1.0]),
            "size_bytes" => Known::NoHistogram,
            _ => Known::Unknown,
        }
    }
}

/// Returns the notes about this query of good events, or the error if it is refused.
fn latency(query: &str) -> Result<Vec<String>, String> {
    let text = GOOD.replace("bad:", "good:").replace("errors_total{job=\"shop\"}", query);
    let source = Source { name: "slo.yaml".into(), text };
    match read(&[source], &OneHistogram) {
        Ok(loaded) => Ok(loaded.notes.iter().map(ToString::to_string).collect()),
        Err(refused) => Err(refused.to_string()),
    }
}

#[test]
fn rejects_a_latency_objective_that_is_not_a_bucket_bound() {
    assert_eq!(latency(r#"latency_seconds_bucket{le="0.5"}"#), Ok(vec![]));
    assert_eq!(latency(r#"latency_seconds_bucket{le="1.0"}"#), Ok(vec![]));
    let error = latency(r#"latency_seconds_bucket{le="0.4"}"#).unwrap_err();
    assert!(error.starts_with("slo.yaml:17:") && error.contains("0.4") && error.contains("0.1, 0.5, 1"), "{error}");
    for (query, word) in [
        (r#"latency_seconds_bucket{le="1"}"#, "\"1.0\""),
        (r#"latency_seconds_bucket{le="1e0"}"#, "\"1.0\""),
        (r#"'{__name__="latency_seconds_bucket",le="0.4"}'"#, "0.4"),
        (r#"theirs_bucket{le="1000000"}"#, "\"1e+06\""),
        (r#"latency_seconds_bucket{le=~"0.1|0.5"}"#, "one bucket"),
        ("latency_seconds_bucket", "one bucket"),
        (r#"size_bytes_bucket{le="0.5"}"#, "not a histogram"),
    ] {
        let error = latency(query).unwrap_err();
        assert!(error.contains(word), "{query}: {error}");
    }
}

#[test]
fn a_bound_of_an_unknown_metric_is_noted_as_unchecked() {
    let notes = latency(r#"theirs_bucket{le="0.4"}"#).unwrap();
    assert!(notes.len() == 1 && notes[0].contains("can't check") && notes[0].contains("`theirs`"), "{notes:?}");
}

#[test]
fn the_limit_of_a_quantile_must_be_a_bucket_bound_too() {
    let text = |query: &str, value: &str| {
        let start = GOOD.find("      ratioMetric").unwrap();
        let end = GOOD.find("  timeWindow").unwrap();
        let metric = format!(
            "      thresholdMetric:\n        metricSource:\n          type: Prometheus\n          spec:\n            \
             query: {query}\n"
        );
        let slo = format!("{}{metric}{}", &GOOD[..start], &GOOD[end..]);
        slo.replace("- target: 0.999", &format!("- target: 0.999\n      op: lt\n      value: {value}"))
    };
    let quantile = "histogram_quantile(0.99, sum by (le) (rate(latency_seconds_bucket[5m])))";
    let problems = |query: &str, value: &str| {
        let source = Source { name: "slo.yaml".into(), text: text(query, value) };
        read(&[source], &OneHistogram).map(|loaded| loaded.notes.len()).map_err(|refused| refused.to_string())
    };
    assert_eq!(problems(quantile, "0.5"), Ok(0));
    assert_eq!(problems("queue_length", "7"), Ok(0));
    assert_eq!(problems(&format!("{quantile} * 1000"), "500"), Ok(1));
    let error = problems(quantile, "0.4").unwrap_err();
    assert!(error.contains("slo.yaml:23:") && error.contains("not a bucket bound"), "{error}");
}

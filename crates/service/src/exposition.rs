//! Renders a registry for a scrape: Prometheus text, or OpenMetrics when the scraper prefers it.
use crate::exemplars::{Exemplar, Exemplars};
use axum::{
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use prometheus::{
    Registry, TEXT_FORMAT, TextEncoder,
    proto::{LabelPair, MetricFamily, MetricType},
};
use std::{fmt::Write, time::UNIX_EPOCH};

/// Content type of OpenMetrics 1.0.
pub const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Answers a scrape of `registry` in the format that the request's `Accept` header prefers.
pub(crate) fn metrics_response(registry: &Registry, exemplars: &Exemplars, request: &HeaderMap) -> Response {
    let families = registry.gather();
    if accepts_openmetrics(request) {
        return ([(header::CONTENT_TYPE, OPENMETRICS)], render_with_exemplars(&families, exemplars)).into_response();
    }
    match TextEncoder::new().encode_to_string(&families) {
        Ok(text) => ([(header::CONTENT_TYPE, TEXT_FORMAT)], text).into_response(),
        Err(error) => {
            (StatusCode::INTERNAL_SERVER_ERROR, format!("can't render the metrics: {error}\n")).into_response()
        }
    }
}

/// Returns whether the `Accept` header names OpenMetrics 1.0 (or no version) and ranks it at least as high as
/// `text/plain`.
pub fn accepts_openmetrics(request: &HeaderMap) -> bool {
    let (mut openmetrics, mut text) = (0.0_f32, 0.0_f32);
    for range in
        request.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).flat_map(|v| v.split(','))
    {
        let mut parts = range.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default();
        let parameters: Vec<_> = parts.filter_map(|part| part.split_once('=')).collect();
        let parameter =
            |name| parameters.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| *value);
        let quality = parameter("q").and_then(|q| q.parse().ok()).unwrap_or(1.0);
        if media.eq_ignore_ascii_case("application/openmetrics-text") {
            if parameter("version").is_none_or(|version| version == "1.0.0") {
                openmetrics = openmetrics.max(quality);
            }
        } else if media.eq_ignore_ascii_case("text/plain") {
            text = text.max(quality);
        }
    }
    openmetrics > 0.0 && openmetrics >= text
}

/// Renders metric families as OpenMetrics 1.0, without exemplars, up to and including `# EOF`.
///
/// A counter whose name does not end in `_total` is exposed as `unknown`, since OpenMetrics would otherwise require a
/// different name.
pub fn render_openmetrics(families: &[MetricFamily]) -> String {
    render_with_exemplars(families, &Exemplars::default())
}

fn render_with_exemplars(families: &[MetricFamily], exemplars: &Exemplars) -> String {
    let mut out = String::new();
    for family in families {
        render_family(&mut out, family, exemplars);
    }
    out.push_str("# EOF\n");
    out
}

fn render_family(out: &mut String, family: &MetricFamily, exemplars: &Exemplars) {
    let sample = family.name();
    let (name, kind) = match family.get_field_type() {
        MetricType::COUNTER => match sample.strip_suffix("_total") {
            Some(name) => (name, "counter"),
            None => (sample, "unknown"),
        },
        MetricType::GAUGE => (sample, "gauge"),
        MetricType::HISTOGRAM => (sample, "histogram"),
        MetricType::SUMMARY => (sample, "summary"),
        MetricType::UNTYPED => (sample, "unknown"),
    };
    push(out, format_args!("# TYPE {name} {kind}\n# HELP {name} {}\n", escape(family.help())));
    for metric in family.get_metric() {
        let labels = metric.get_label();
        match family.get_field_type() {
            MetricType::COUNTER => line(out, sample, "", labels, None, metric.get_counter().get_value()),
            MetricType::GAUGE => line(out, sample, "", labels, None, metric.get_gauge().get_value()),
            MetricType::UNTYPED => {}
            MetricType::SUMMARY => {
                let summary = metric.get_summary();
                for quantile in summary.get_quantile() {
                    line(out, sample, "", labels, Some(("quantile", quantile.quantile())), quantile.value());
                }
                line(out, sample, "_sum", labels, None, summary.sample_sum());
                line(out, sample, "_count", labels, None, summary.sample_count() as f64);
            }
            MetricType::HISTOGRAM => {
                let histogram = metric.get_histogram();
                let all = histogram.get_sample_count() as f64;
                let finite = histogram.get_bucket().iter().filter(|bucket| bucket.upper_bound().is_finite());
                let finite = finite.map(|bucket| (bucket.upper_bound(), bucket.cumulative_count() as f64));
                let mut exemplars = exemplars.of(sample, labels).into_iter();
                for (bound, count) in finite.chain([(f64::INFINITY, all)]) {
                    line(out, sample, "_bucket", labels, Some(("le", bound)), count);
                    if let Some(exemplar) = exemplars.next().flatten() {
                        append_exemplar(out, &exemplar);
                    }
                }
                line(out, sample, "_sum", labels, None, histogram.get_sample_sum());
                line(out, sample, "_count", labels, None, all);
            }
        }
    }
}

fn line(out: &mut String, name: &str, suffix: &str, labels: &[LabelPair], bound: Option<(&str, f64)>, value: f64) {
    let mut rendered: Vec<String> =
        labels.iter().map(|label| format!("{}=\"{}\"", label.name(), escape(label.value()))).collect();
    rendered.extend(bound.map(|(key, bound)| format!("{key}=\"{}\"", canonical(bound))));
    let labels = if rendered.is_empty() { String::new() } else { format!("{{{}}}", rendered.join(",")) };
    push(out, format_args!("{name}{suffix}{labels} {}\n", number(value)));
}

/// Appends an exemplar to the line that was just written.
fn append_exemplar(out: &mut String, Exemplar { trace_id, value, at }: &Exemplar) {
    out.pop();
    let at = at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    push(out, format_args!(" # {{trace_id=\"{trace_id}\"}} {} {at:.3}\n", number(*value)));
}

fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("writing to a string can't fail");
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\n', "\\n").replace('"', "\\\"")
}

fn number(value: f64) -> String {
    match value {
        f64::INFINITY => "+Inf".into(),
        f64::NEG_INFINITY => "-Inf".into(),
        value => value.to_string(),
    }
}

/// Formats a bucket's bound as OpenMetrics requires, with a decimal point, so that every exporter produces the same
/// series.
fn canonical(bound: f64) -> String {
    if bound.is_finite() { format!("{bound:?}") } else { number(bound) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus::{CounterVec, Gauge, Histogram, HistogramOpts, IntCounter, Opts};

    fn accept(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::ACCEPT, value.parse().unwrap())])
    }

    #[test]
    fn openmetrics_is_taken_when_it_is_named_and_ranked_no_lower_than_text() {
        assert!(accepts_openmetrics(&accept("application/openmetrics-text")));
        assert!(accepts_openmetrics(&accept(
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
             application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
        )));
        for other in [
            "*/*",
            "text/plain",
            "application/openmetrics-text;version=0.0.1",
            "application/openmetrics-text;q=0",
            "application/openmetrics-text; version=1.0.0; q=0.2, text/plain; q=0.9",
        ] {
            assert!(!accepts_openmetrics(&accept(other)), "{other}");
        }
        assert!(!accepts_openmetrics(&HeaderMap::new()));
    }

    #[test]
    fn openmetrics_names_escapes_and_ends_as_its_specification_says() {
        let registry = Registry::new();
        let requests = CounterVec::new(Opts::new("requests_total", "Say \"hi\"\nback\\"), &["path"]).unwrap();
        requests.with_label_values(&["/a\"b\\c\nd"]).inc_by(2.0);
        let odd = IntCounter::new("odd_counter", "No suffix").unwrap();
        let level = Gauge::new("level", "A gauge").unwrap();
        level.set(f64::INFINITY);
        let options = HistogramOpts::new("took_seconds", "A histogram").buckets(vec![0.5, 1.0]);
        let took = Histogram::with_opts(options).unwrap();
        took.observe(0.75);
        for metric in
            [Box::new(requests) as Box<dyn prometheus::core::Collector>, Box::new(odd), Box::new(level), Box::new(took)]
        {
            registry.register(metric).unwrap();
        }
        let expected = concat!(
            "# TYPE level gauge\n# HELP level A gauge\nlevel +Inf\n",
            "# TYPE odd_counter unknown\n# HELP odd_counter No suffix\nodd_counter 0\n",
            "# TYPE requests counter\n# HELP requests Say \\\"hi\\\"\\nback\\\\\n",
            "requests_total{path=\"/a\\\"b\\\\c\\nd\"} 2\n",
            "# TYPE took_seconds histogram\n# HELP took_seconds A histogram\n",
            "took_seconds_bucket{le=\"0.5\"} 0\ntook_seconds_bucket{le=\"1.0\"} 1\n",
            "took_seconds_bucket{le=\"+Inf\"} 1\n",
            "took_seconds_sum 0.75\ntook_seconds_count 1\n",
            "# EOF\n",
        );
        assert_eq!(render_openmetrics(&registry.gather()), expected);
    }

    #[test]
    fn the_exemplar_of_a_bucket_is_on_its_line_and_only_in_openmetrics() {
        let options = HistogramOpts::new("took_seconds", "A histogram").buckets(vec![0.5, 1.0]);
        let took = prometheus::HistogramVec::new(options, &["path"]).unwrap();
        let exemplars = Exemplars::default();
        for (path, value) in [("/a", 0.5), ("/a", 2.0), ("/b", 0.75)] {
            took.with_label_values(&[path]).observe(value);
            let at = UNIX_EPOCH + std::time::Duration::from_millis(1_800_000_000_500);
            let exemplar = Exemplar { trace_id: format!("{value}"), value, at };
            exemplars.note("took_seconds", vec![("path", path.to_owned())], &[0.5, 1.0], exemplar);
        }
        let registry = Registry::new();
        registry.register(Box::new(took)).unwrap();
        let text = render_with_exemplars(&registry.gather(), &exemplars);
        let expected = concat!(
            "took_seconds_bucket{path=\"/a\",le=\"0.5\"} 1 # {trace_id=\"0.5\"} 0.5 1800000000.500\n",
            "took_seconds_bucket{path=\"/a\",le=\"1.0\"} 1\n",
            "took_seconds_bucket{path=\"/a\",le=\"+Inf\"} 2 # {trace_id=\"2\"} 2 1800000000.500\n",
        );
        assert!(text.contains(expected), "{text}");
        assert!(text.contains("{path=\"/b\",le=\"1.0\"} 1 # {trace_id=\"0.75\"} 0.75 "), "{text}");
        let text = TextEncoder::new().encode_to_string(&registry.gather()).unwrap();
        assert!(!text.contains("trace_id"), "{text}");
    }
}

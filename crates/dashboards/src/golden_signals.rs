//! Latency, traffic, errors and saturation of the selected services.

use crate::annotation::AlertAnnotation;
use crate::colour::Colour;
use crate::dashboard::{Design, Section};
use crate::limits;
use crate::link::Link;
use crate::panel::{Panel, Style};
use crate::query::Target;
use crate::threshold::Thresholds;
use crate::unit::Unit;
use crate::variable::Variable;

pub(crate) const UID: &str = "tidewatch-golden-signals";

/// Label matchers for the selected services and regions.
const CHOSEN: &str = "service=~\"$service\", region=~\"$region\"";

pub(crate) fn design() -> Design {
    Design {
        uid: UID,
        title: "Tidewatch: golden signals",
        description: "Latency, traffic, errors and saturation by service and region, down to single requests and \
                      their traces.",
        from: "now-1h",
        variables: vec![
            Variable::new("service", "Service", "workload_requests_total"),
            Variable::new("region", "Region", "workload_requests_total{service=~\"$service\"}"),
        ],
        annotations: AlertAnnotation::both("$service"),
        sections: vec![latency(), traffic(), errors(), saturation(), logs()],
    }
}

/// Returns the `rate` of a metric for the selected services.
fn rate(metric: &str) -> String {
    format!("rate({metric}{{{CHOSEN}}}[$__rate_interval])")
}

fn p99_by(label: &str) -> String {
    format!("histogram_quantile(0.99, sum by ({label}, le) ({}))", rate("workload_request_duration_seconds_bucket"))
}

fn errors_by(label: &str) -> String {
    let (errors, requests) = (rate("workload_errors_total"), rate("workload_requests_total"));
    format!("sum by ({label}) ({errors}) / (sum by ({label}) ({requests}) > 0)")
}

fn to_logs(panel: Panel) -> Panel {
    panel.link(Link::logs("Logs", "${__field.labels.service}"))
}

fn latency() -> Section {
    let limit = || Thresholds::warning_from(limits::LATENCY_P99);
    let quantile = |q: &str| {
        format!("histogram_quantile({q}, sum by (le) ({}))", rate("workload_request_duration_seconds_bucket"))
    };
    let all = Panel::graph(
        "Latency of the selection",
        "The 50th, 95th and 99th percentile. Dots are single requests; click one to open its trace.",
        Unit::Seconds,
        limit(),
    )
    .ask(Target::range(quantile("0.99")).legend("P99").exemplars())
    .ask(Target::range(quantile("0.95")).legend("P95"))
    .ask(Target::range(quantile("0.5")).legend("P50"))
    .style("P95", Style::Dashed)
    .style("P50", Style::Dotted);
    let by_service = to_logs(Panel::graph(
        "P99 by service",
        "The 99th percentile, interpolated between bucket bounds. The objective is one of the bounds.",
        Unit::Seconds,
        limit(),
    ))
    .ask(Target::range(p99_by("service")).legend("{{service}}"));
    let by_region =
        Panel::graph("P99 by region", "Shows whether one region is slow or all are.", Unit::Seconds, limit())
            .ask(Target::range(p99_by("region")).legend("{{region}}"));
    Section::new("Latency").band(8, [(8, all), (8, by_service), (8, by_region)])
}

fn traffic() -> Section {
    let requests = |label: &str| format!("sum by ({label}) ({})", rate("workload_requests_total"));
    let by_service = to_logs(Panel::graph(
        "Requests by service",
        "Requests per second. TrafficDrop compares each service and region with its own usual traffic.",
        Unit::Requests,
        Thresholds::none(),
    ))
    .ask(Target::range(requests("service")).legend("{{service}}"));
    let by_region = Panel::graph(
        "Requests by region",
        "Requests per second. A region that falls silent is visible here first.",
        Unit::Requests,
        Thresholds::none(),
    )
    .ask(Target::range(requests("region")).legend("{{region}}"));
    let by_endpoint = Panel::graph(
        "Busiest endpoints",
        "Requests per second of the five busiest endpoints.",
        Unit::Requests,
        Thresholds::none(),
    )
    .ask(Target::range(format!("topk(5, {})", requests("endpoint"))).legend("{{endpoint}}"));
    Section::new("Traffic").band(7, [(8, by_service), (8, by_region), (8, by_endpoint)])
}

fn errors() -> Section {
    let limit = || Thresholds::critical_from(limits::ERROR_RATIO);
    let by_service = to_logs(Panel::graph(
        "Errors by service",
        "Share of requests that failed. A gap means that there were no requests.",
        Unit::Share,
        limit(),
    ))
    .ask(Target::range(errors_by("service")).legend("{{service}}"));
    let by_region = Panel::graph(
        "Errors by region",
        "Share of requests that failed. Shows whether one region fails or all do.",
        Unit::Share,
        limit(),
    )
    .ask(Target::range(errors_by("region")).legend("{{region}}"));
    let by_status = Panel::graph(
        "Requests by status class",
        "Requests per second, by the first digit of their status code.",
        Unit::Requests,
        Thresholds::none(),
    )
    .ask(
        Target::range(format!(
            "sum by (status) (label_replace({}, \"status\", \"${{1}}xx\", \"status_code\", \"([0-9])..\"))",
            rate("workload_requests_total")
        ))
        .legend("{{status}}"),
    )
    .style("2xx", Style::Meaning(Colour::Good))
    .style("3xx", Style::Meaning(Colour::Neutral))
    .style("4xx", Style::Meaning(Colour::Warning))
    .style("5xx", Style::Meaning(Colour::Critical))
    .stacked();
    Section::new("Errors").band(7, [(8, by_service), (8, by_region), (8, by_status)])
}

fn saturation() -> Section {
    let in_progress = to_logs(Panel::graph(
        "Requests in progress",
        "Average number of requests that each service handles at once: requests per second times mean duration \
         (Little's law). It rises before a service becomes overloaded.",
        Unit::Count,
        Thresholds::none(),
    ))
    .ask(
        Target::range(format!("sum by (service) ({})", rate("workload_request_duration_seconds_sum")))
            .legend("{{service}}"),
    );
    let share = |title: &str, what: &str, limit: f64, record: &str, alert: &str| {
        let description = format!(
            "Share of its {what} limit that each process of Tidewatch uses. \
             Services in one process count once."
        );
        Panel::graph(title, &description, Unit::Share, Thresholds::warning_from(limit))
            .ask(Target::range(record).legend("{{host}} {{pid}}"))
            .link(Link::runbook("Runbook", alert))
    };
    let cpu = share("Tidewatch: CPU", "cores", limits::CPU, "process:cpu_usage:ratio_rate5m", "HighCpuUsage");
    let memory = share("Tidewatch: memory", "memory", limits::MEMORY, "process:memory_usage:ratio", "HighMemoryUsage");
    let files =
        share("Tidewatch: open files", "files", limits::OPEN_FILES, "process:open_files:ratio", "OpenFilesNearLimit");
    Section::new("Saturation").band(7, [(6, in_progress), (6, cpu), (6, memory), (6, files)])
}

fn logs() -> Section {
    // Loki rejects a selector that also matches streams without the label, as `.*` for all services does.
    let lines = Panel::logs(
        "Errors in the logs",
        "Error lines from the logs of the selected services, newest first. Needs Loki.",
    )
    .ask(Target::logs("{service_name=~\"$service\", service_name=~\".+\"} | detected_level=~\"error|fatal|critical\""));
    Section::collapsed("Logs").band(9, [(24, lines)])
}

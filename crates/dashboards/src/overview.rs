//! The overview, which a person on call opens first.

use crate::annotation::AlertAnnotation;
use crate::colour::Colour;
use crate::dashboard::{Design, Section};
use crate::limits;
use crate::link::Link;
use crate::panel::{Panel, Style};
use crate::query::Target;
use crate::table::Column;
use crate::threshold::Thresholds;
use crate::unit::Unit;
use crate::{golden_signals, kafka, runbooks, slo, stream_processor};

pub(crate) const UID: &str = "tidewatch-overview";

// The records that HighLatencyP99 and HighErrorRate use.
const REQUESTS: &str = "service:workload_requests:rate1m";
const ERRORS: &str = "service:workload_errors:ratio_rate1m";
const P99: &str = "service:workload_request_duration_seconds:p99_rate1m";

pub(crate) fn design() -> Design {
    Design {
        uid: UID,
        title: "Tidewatch: overview",
        description: "Firing alerts, affected services, remaining error budgets, and the health of Tidewatch itself.",
        from: "now-1h",
        variables: vec![],
        annotations: AlertAnnotation::both(".*"),
        sections: vec![now(), services(), pipeline(), runbook_list()],
    }
}

/// Counts alerts of both paths, one series per alert and service.
fn firing(severity: &str) -> String {
    format!(
        "count(max by (alertname, service) (alert_relay_firing_alerts{{severity=\"{severity}\"}} > 0 \
         or ALERTS{{alertstate=\"firing\", source=\"tidewatch\", severity=\"{severity}\"}})) or vector(0)"
    )
}

fn now() -> Section {
    let critical = Panel::stat(
        "Critical",
        "Firing alerts that page a person. An alert that fires on both paths counts once.",
        Unit::Count,
        Thresholds::critical_from(1.0),
    )
    .ask(Target::range(firing("critical")).legend("critical"));
    let warnings = Panel::stat(
        "Warnings",
        "Firing alerts that can wait for working hours. An alert that fires on both paths counts once.",
        Unit::Count,
        Thresholds::warning_from(1.0),
    )
    .ask(Target::range(firing("warning")).legend("warnings"));
    let budget = Panel::stat(
        "Lowest error budget",
        "The lowest remaining error budget of all objectives. Below zero, the objective is missed.",
        Unit::Share,
        Thresholds::falling(limits::BUDGET_LOW, 0.0),
    )
    .ask(Target::range("min(slo:error_budget_remaining:ratio)").legend("left"))
    .decimals(1)
    .link(Link::dashboard("Objectives", slo::UID, ""));
    let down = Panel::stat(
        "Targets down",
        "Targets that Prometheus can't scrape. Their metrics are missing.",
        Unit::Count,
        Thresholds::critical_from(1.0),
    )
    .ask(Target::range("count(up == 0) or vector(0)").legend("down"));
    let lag = Panel::stat(
        "Greatest consumer lag",
        "Unread records of the consumer that is furthest behind. Unread records are not evaluated yet.",
        Unit::Count,
        Thresholds::warning_from(limits::CONSUMER_LAG),
    )
    .ask(Target::range("max(job_topic:kafka_consumer_lag_records:sum)").legend("records"))
    .link(Link::dashboard("Kafka", kafka::UID, ""));
    let watchdog = Panel::stat(
        "Rules",
        "Whether Prometheus evaluates its rules: the alert Watchdog always fires. Silent means that no other alert of \
         Prometheus would fire either.",
        Unit::Count,
        Thresholds::critical_below(1.0),
    )
    .ask(Target::instant("max(ALERTS{alertname=\"Watchdog\", alertstate=\"firing\"}) or vector(0)").legend("watchdog"))
    .word(1.0, "alive", Colour::Good)
    .word(0.0, "silent", Colour::Critical)
    .link(Link::runbook("Runbook", "Watchdog"));
    let stats = [critical, warnings, budget, down, lag, watchdog];
    Section::top().band(4, stats.map(|panel| (4, panel))).band(7, [(10, firing_table()), (14, service_table())])
}

fn firing_table() -> Panel {
    Panel::table(
        "Firing now",
        "Every firing alert of the fast path (the stream processor) and the slow path (Prometheus), with its runbook.",
        vec![
            Column::label("alertname").link(Link::runbook("Runbook", "${__value.text}")).width(190),
            Column::label("service").link(Link::dashboard(
                "Golden signals",
                golden_signals::UID,
                "var-service=${__value.text}",
            )),
            Column::label("severity")
                .word("critical", Colour::Critical)
                .word("warning", Colour::Warning)
                .word("info", Colour::Neutral)
                .width(85)
                .sorted(false),
            Column::label("path").width(65),
        ],
    )
    .ask(
        Target::table(
            "label_replace(sum by (alertname, service, severity) (alert_relay_firing_alerts) > 0, \
             \"path\", \"fast\", \"alertname\", \".*\") \
             or sum by (alertname, service, severity, path) \
             (ALERTS{alertstate=\"firing\", source=\"tidewatch\", alertname!=\"Watchdog\"})",
        )
        .maybe_nothing("nothing fires"),
    )
    .nothing("Nothing fires")
}

fn service_table() -> Panel {
    Panel::table(
        "Services",
        "The golden signals of each service over the last minute, and its lowest error budget. Click a service for \
         details or its logs.",
        vec![
            Column::label("service")
                .link(Link::dashboard("Golden signals", golden_signals::UID, "var-service=${__value.text}"))
                .link(Link::logs("Logs", "${__value.text}"))
                .sorted(false),
            Column::value("Requests", 0, Unit::Requests, Thresholds::none(), 1),
            Column::value("Errors", 1, Unit::Share, Thresholds::critical_from(limits::ERROR_RATIO), 2),
            Column::value("P99", 2, Unit::Seconds, Thresholds::warning_from(limits::LATENCY_P99), 1),
            Column::value("In progress", 3, Unit::Count, Thresholds::none(), 1),
            Column::value("Budget left", 4, Unit::Share, Thresholds::falling(limits::BUDGET_LOW, 0.0), 1),
        ],
    )
    .ask(Target::table(format!("sum by (service) ({REQUESTS})")))
    .ask(Target::table(format!("sum by (service) ({ERRORS})")))
    .ask(Target::table(format!("sum by (service) ({P99})")))
    .ask(Target::table("sum by (service) (rate(workload_request_duration_seconds_sum[$__rate_interval]))"))
    .ask(Target::table("min by (service) (slo:error_budget_remaining:ratio)"))
}

fn services() -> Section {
    let by_service = |panel: Panel, expr: &str| {
        panel
            .ask(Target::range(expr).legend("{{service}}"))
            .link(Link::dashboard("Golden signals", golden_signals::UID, "var-service=${__field.labels.service}"))
            .link(Link::logs("Logs", "${__field.labels.service}"))
    };
    let latency = by_service(
        Panel::graph(
            "P99 latency",
            "The 99th percentile, interpolated between bucket bounds. The objective is one of the bounds.",
            Unit::Seconds,
            Thresholds::warning_from(limits::LATENCY_P99),
        ),
        P99,
    );
    let errors = by_service(
        Panel::graph(
            "Errors",
            "Share of requests that failed. A gap means that there were no requests.",
            Unit::Share,
            Thresholds::critical_from(limits::ERROR_RATIO),
        ),
        ERRORS,
    );
    let traffic = by_service(
        Panel::graph(
            "Traffic",
            "Requests per second. TrafficDrop compares each service with its own usual traffic.",
            Unit::Requests,
            Thresholds::none(),
        ),
        REQUESTS,
    );
    Section::new("Services").band(7, [(8, latency), (8, errors), (8, traffic)])
}

fn pipeline() -> Section {
    let events = Panel::graph(
        "Events in the pipeline",
        "The same events at each stage. The lines coincide while nothing is lost or delayed.",
        Unit::Events,
        Thresholds::none(),
    )
    .ask(
        Target::range("sum(rate(workload_simulator_events_acknowledged_total[$__rate_interval]))")
            .legend("written to Kafka")
            .maybe_nothing("the workload is not simulated"),
    )
    .ask(Target::range("sum(rate(stream_processor_events_total[$__rate_interval]))").legend("read by the processor"))
    .ask(
        Target::range(
            "sum(rate(metrics_bridge_records_counted_total[$__rate_interval])) + \
             sum(rate(metrics_bridge_records_invalid_total[$__rate_interval]))",
        )
        .legend("counted by the bridge"),
    )
    .style("read by the processor", Style::Dashed)
    .style("counted by the bridge", Style::Dotted)
    .link(Link::dashboard("Stream processor", stream_processor::UID, ""));
    let reached = Panel::states(
        "Services and Kafka",
        "Whether Prometheus reaches each service, and whether each service reaches Kafka.",
        Thresholds::critical_below(1.0),
    )
    .ask(Target::range("min by (job) (up)").legend("{{job}}"))
    .ask(Target::range("min by (job) (kafka_reachable)").legend("Kafka from {{job}}"))
    .word(1.0, "reachable", Colour::Good)
    .word(0.0, "unreachable", Colour::Critical)
    .link(Link::dashboard("Kafka", kafka::UID, ""));
    let failing = Panel::graph(
        "Failures in the pipeline",
        "Dead letters, failed rule evaluations and failed notifications per second. All should be zero.",
        Unit::Events,
        Thresholds::none(),
    )
    .ask(Target::range("sum(rate(stream_processor_dead_letters_total[$__rate_interval]))").legend("dead letters"))
    .ask(
        Target::range("sum(rate(prometheus_rule_evaluation_failures_total[$__rate_interval]))")
            .legend("rules not evaluated"),
    )
    .ask(
        Target::range("sum(rate(alert_relay_requests_total{outcome!=\"accepted\"}[$__rate_interval]))")
            .legend("fast alerts rejected"),
    )
    .ask(
        Target::range("sum(rate(alertmanager_notifications_failed_total[$__rate_interval]))")
            .legend("notifications failed")
            .maybe_nothing("no Alertmanager runs"),
    );
    Section::new("Health of Tidewatch").band(9, [(8, reached), (8, events), (8, failing)])
}

fn runbook_list() -> Section {
    let list =
        Panel::text("Runbooks", "One page per alert: its meaning, and the steps to take.", &runbooks::markdown());
    Section::new("When an alert fires").band(6, [(24, list)])
}

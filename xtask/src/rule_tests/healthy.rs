//! A healthy stack raises no alerts: from its first minute on, and when any one part restarts.
use super::{
    scenario::{Scenario, file},
    values::{Values, minutes},
};
use tidewatch_platform::{ALERTMANAGER, KAFKA, PROMETHEUS, SERVICES};

/// How a series develops, per step of 15 s.
#[derive(Clone, Copy)]
enum Shape {
    /// Rises by this much per step; starts again from 0 in a new process.
    Counter(f64),
    /// Rises by this much per step; a new process continues it and adds what arrived in the meantime.
    Durable(f64),
    Gauge(f64),
}
use Shape::{Counter, Durable, Gauge};

/// The time before a restart, the time for which the part is away, and the time observed afterwards, in steps.
const BEFORE: u32 = minutes(6);
const AWAY: u32 = minutes(1);
const AFTER: u32 = minutes(5);

/// The parts that may restart.
const PARTS: [&str; 7] =
    ["stream-processor", "metrics-bridge", "alert-relay", "workload-simulator", "alertmanager", "kafka", "prometheus"];

pub(super) fn generate() -> String {
    let end = BEFORE + AWAY + AFTER;
    let quiet = |name: String, away: &str| Scenario::new(name).all(stack(away)).was_quiet(end);
    let mut scenarios = vec![quiet("a healthy stack is quiet from its first minute on".to_owned(), "")];
    scenarios.extend(PARTS.map(|part| quiet(format!("a healthy stack is quiet while {part} restarts"), part)));
    file(&["stream.yaml", "platform.yaml"], &scenarios)
}

/// Returns the series scraped from the whole stack while one part restarts.
fn stack(away: &str) -> Vec<(String, Values)> {
    let mut series = Vec::new();
    for service in SERVICES {
        let job = service.name;
        let mut add = |name: &str, labels: &str, shape| series.push(of(job, name, labels, shape, away));
        // All services in one process.
        add("tidewatch_process_info", "host=\"laptop\", pid=\"7\"", Gauge(1.0));
        add("process_cpu_seconds_total", "", Counter(4.0));
        add("process_cpu_limit_cores", "", Gauge(2.0));
        add("process_resident_memory_bytes", "", Gauge(2e8));
        add("process_memory_limit_bytes", "", Gauge(8e9));
        add("process_open_fds", "", Gauge(300.0));
        add("process_max_fds", "", Gauge(1024.0));
        if service.talks_to.iter().any(|peer| peer.name == KAFKA.name) {
            add("kafka_reachable", "", Gauge(1.0));
        }
    }
    for job in SERVICES.map(|service| service.name).into_iter().chain([PROMETHEUS.name, ALERTMANAGER.name]) {
        series.push(up(job, away));
    }
    let mut add = |job, name: &str, labels: &str, shape| series.push(of(job, name, labels, shape, away));
    for service in ["api-service", "auth-service", "payment-service", "user-service"] {
        // 20 requests per second; one in 10,000 fails, three in 10,000 are slow.
        let labels = format!("service=\"{service}\", region=\"r\", endpoint=\"/\"");
        let with = |label: &str| format!("{labels}, {label}");
        add("metrics-bridge", "workload_requests_total", &with("status_code=\"200\""), Durable(299.97));
        add("metrics-bridge", "workload_requests_total", &with("status_code=\"500\""), Durable(0.03));
        add("metrics-bridge", "workload_errors_total", &labels, Durable(0.03));
        add("metrics-bridge", "workload_request_duration_seconds_bucket", &with("le=\"0.2\""), Durable(298.0));
        add("metrics-bridge", "workload_request_duration_seconds_bucket", &with("le=\"0.5\""), Durable(299.9));
        add("metrics-bridge", "workload_request_duration_seconds_bucket", &with("le=\"+Inf\""), Durable(300.0));
        add("metrics-bridge", "workload_request_duration_seconds_count", &labels, Durable(300.0));
    }
    add("metrics-bridge", "metrics_bridge_records_counted_total", "", Durable(1200.0));
    add("metrics-bridge", "metrics_bridge_overflow_events_total", "", Durable(0.0));
    add("metrics-bridge", "kafka_consumer_lag_records", "topic=\"metrics.raw\", partition=\"0\"", Gauge(20.0));
    add("stream-processor", "kafka_consumer_lag_records", "topic=\"metrics.raw\", partition=\"0\"", Gauge(20.0));
    add("alert-relay", "kafka_consumer_lag_records", "topic=\"alerts.fired\", partition=\"0\"", Gauge(0.0));
    add("stream-processor", "stream_processor_windows_judged_total", "", Counter(36.0));
    for reason in ["from_future", "invalid_field", "not_json", "too_large", "too_old"] {
        add("stream-processor", "stream_processor_dead_letters_total", &format!("reason=\"{reason}\""), Counter(0.0));
    }
    add("alert-relay", "alert_relay_pending_transitions", "", Gauge(0.0));
    for outcome in ["accepted", "refused", "timeout", "unreachable"] {
        let labels = format!("receiver=\"am:9093\", outcome=\"{outcome}\"");
        add("alert-relay", "alert_relay_requests_total", &labels, Counter(0.0));
    }
    add("prometheus", "prometheus_rule_evaluation_failures_total", "rule_group=\"stream.yaml;a\"", Counter(0.0));
    add("prometheus", "prometheus_rule_group_iterations_missed_total", "rule_group=\"stream.yaml;a\"", Counter(0.0));
    // The Watchdog, once per minute. It isn't delivered while Alertmanager is away.
    let address = "alertmanager=\"http://am:9093/api/v2/alerts\"";
    add("prometheus", "prometheus_notifications_sent_total", address, Counter(0.25));
    let lost = if away == "alertmanager" {
        Values::counter().rise(0.0, BEFORE).rise(0.25, AWAY).rise(0.0, AFTER)
    } else {
        Values::counter().rise(0.0, BEFORE + AWAY + AFTER)
    };
    if away != "prometheus" {
        series.push((
            format!(
                "prometheus_notifications_errors_total{{job=\"prometheus\", instance=\"prometheus:1\", {address}}}"
            ),
            lost,
        ));
    }
    let mut add = |job, name: &str, labels: &str, shape| series.push(of(job, name, labels, shape, away));
    add("alertmanager", "alertmanager_notifications_total", "integration=\"webhook\"", Counter(0.25));
    add(
        "alertmanager",
        "alertmanager_notifications_failed_total",
        "integration=\"webhook\", reason=\"other\"",
        Counter(0.0),
    );
    series
}

/// Returns the series `up` of a job: whether the last scrape succeeded.
fn up(job: &str, away: &str) -> (String, Values) {
    let values = match away {
        "prometheus" => Values::none().stay(1.0, BEFORE).missing(AWAY).stay(1.0, AFTER),
        _ if away == job => Values::none().stay(1.0, BEFORE).stay(0.0, AWAY).stay(1.0, AFTER),
        _ => Values::none().stay(1.0, BEFORE + AWAY + AFTER),
    };
    (format!("up{{job=\"{job}\", instance=\"{job}:1\"}}"), values)
}

fn of(job: &str, name: &str, labels: &str, shape: Shape, away: &str) -> (String, Values) {
    let separator = if labels.is_empty() { "" } else { ", " };
    let series = format!("{name}{{job=\"{job}\", instance=\"{job}:1\"{separator}{labels}}}");
    let on = |values: Values, steps: u32| match shape {
        Counter(each) | Durable(each) => values.rise(each, steps),
        Gauge(level) => values.stay(level, steps),
    };
    let values = on(Values::none(), BEFORE);
    let values = match (away, shape) {
        // Nothing is scraped, and no series is marked as stale.
        ("prometheus", Counter(each)) if job == "prometheus" => {
            on(values.missing(AWAY).restart().rise(each, 1), AFTER - 1)
        }
        ("prometheus", Counter(each) | Durable(each)) => {
            on(values.missing(AWAY).rise(each * f64::from(AWAY + 1), 1), AFTER - 1)
        }
        ("prometheus", Gauge(_)) => on(values.missing(AWAY), AFTER),
        ("kafka", Gauge(_)) if name == "kafka_reachable" => on(values.stay(0.0, AWAY), AFTER),
        ("kafka", Gauge(_)) if name == "kafka_consumer_lag_records" => on(values.stay(400.0, AWAY), AFTER),
        // Unread events are counted later; no window is evaluated in the meantime.
        ("kafka", Durable(each)) => values.rise(0.0, AWAY).rise(each * f64::from(AWAY + 1), 1).rise(each, AFTER - 1),
        ("kafka", Counter(each)) if name.contains("windows") => values.rise(0.0, AWAY).rise(each, AFTER),
        ("workload-simulator", Durable(_)) => on(values.rise(0.0, AWAY), AFTER),
        (_, Durable(each)) if away == job => on(values.away(AWAY).rise(each * f64::from(AWAY + 1), 1), AFTER - 1),
        _ if away == job => on(values.away(AWAY).restart(), AFTER),
        _ => on(values, AWAY + AFTER),
    };
    (series, values)
}

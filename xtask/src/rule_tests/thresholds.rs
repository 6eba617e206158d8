//! Alerts with a limit, all tested alike: above it for long enough they fire, below it or for less time they don't, and
//! they end.
use super::{
    scenario::{Scenario, file},
    values::{Values, minutes},
};

/// A level, as a share of the limit, for a number of steps.
type Phase = (f64, u32);

/// Far below the limit.
const HEALTHY: f64 = 0.05;
const BEFORE: u32 = minutes(6);

struct Threshold {
    /// The file that contains the rule.
    rules: &'static str,
    alert: &'static str,
    severity: &'static str,
    labels: &'static str,
    /// How long the rule requires it to be above its limit, in steps.
    wait: u32,
    /// How long it takes until the rule's whole time range is above the limit, in steps.
    fill: u32,
    /// How long the alert keeps firing after the last sample above the limit, in steps.
    lasts: u32,
    /// The record that the rule evaluates.
    record: &'static str,
    series: fn(&[Phase]) -> Vec<(String, Values)>,
}

const THRESHOLDS: [Threshold; 9] = [
    Threshold {
        rules: "stream.yaml",
        alert: "HighLatencyP99",
        severity: "warning",
        labels: "service=\"checkout\"",
        wait: minutes(5),
        fill: 3,
        lasts: 1 + minutes(2),
        record: "service:workload_request_duration_seconds:p99_rate1m",
        series: |phases| both(slow_requests("search", &[(HEALTHY, total(phases))]), slow_requests("checkout", phases)),
    },
    Threshold {
        rules: "stream.yaml",
        alert: "HighErrorRate",
        severity: "critical",
        labels: "service=\"checkout\"",
        wait: minutes(3),
        fill: 3,
        lasts: 1 + minutes(2),
        record: "service:workload_errors:ratio_rate1m",
        series: |phases| both(failures("search", &[(HEALTHY, total(phases))]), failures("checkout", phases)),
    },
    Threshold {
        rules: "stream.yaml",
        alert: "KafkaConsumerLagHigh",
        severity: "warning",
        labels: "job=\"stream-processor\", topic=\"metrics.raw\"",
        wait: minutes(10),
        fill: 1,
        lasts: 1,
        record: "job_topic:kafka_consumer_lag_records:sum",
        series: |phases| {
            let lag = |job: &str, partition: u32| {
                format!(
                    "kafka_consumer_lag_records{{job=\"{job}\", instance=\"a:1\", topic=\"metrics.raw\", \
                     partition=\"{partition}\"}}"
                )
            };
            // Half of the lag in each of two partitions.
            let halves = [0, 1].map(|partition| (lag("stream-processor", partition), level(500.0, phases)));
            both(halves.to_vec(), vec![(lag("metrics-bridge", 0), level(1000.0, &[(HEALTHY, total(phases))]))])
        },
    },
    Threshold {
        rules: "platform.yaml",
        alert: "HighCpuUsage",
        severity: "warning",
        labels: "host=\"node-1\", pid=\"7\"",
        wait: minutes(10),
        fill: minutes(5) - 1,
        lasts: 1,
        record: "process:cpu_usage:ratio_rate5m",
        // CPU seconds per step: 0.9 of two cores.
        series: |phases| {
            process(
                "process_cpu_seconds_total",
                rising(0.9 * 2.0 * 15.0, phases),
                "process_cpu_limit_cores",
                2.0,
                phases,
            )
        },
    },
    Threshold {
        rules: "platform.yaml",
        alert: "HighMemoryUsage",
        severity: "warning",
        labels: "host=\"node-1\", pid=\"7\"",
        wait: minutes(5),
        fill: 1,
        lasts: 1,
        record: "process:memory_usage:ratio",
        series: |phases| {
            process("process_resident_memory_bytes", level(0.9e9, phases), "process_memory_limit_bytes", 1e9, phases)
        },
    },
    Threshold {
        rules: "platform.yaml",
        alert: "OpenFilesNearLimit",
        severity: "warning",
        labels: "host=\"node-1\", pid=\"7\"",
        wait: minutes(5),
        fill: 1,
        lasts: 1,
        record: "process:open_files:ratio",
        series: |phases| process("process_open_fds", level(0.8 * 1024.0, phases), "process_max_fds", 1024.0, phases),
    },
    Threshold {
        rules: "kubernetes/pods.yaml",
        alert: "ContainerMemoryNearLimit",
        severity: "warning",
        labels: "namespace=\"tidewatch\", pod=\"kafka-0\", container=\"kafka\"",
        wait: minutes(15),
        fill: 1,
        lasts: 1,
        record: "container:memory_usage:ratio",
        series: |phases| {
            let of = |name: &str, labels: &str| format!("{name}{{job=\"cadvisor\", node=\"a\", {labels}}}");
            let kafka = "namespace=\"tidewatch\", pod=\"kafka-0\", container=\"kafka\"";
            // All of the pod's containers together, and a container without a limit.
            let (pod, other) =
                ("namespace=\"tidewatch\", pod=\"kafka-0\"", "namespace=\"x\", pod=\"y\", container=\"z\"");
            let always = |value| level(value, &[(1.0, total(phases))]);
            vec![
                (of("container_memory_rss", kafka), level(0.9 * 512e6, phases)),
                (of("container_spec_memory_limit_bytes", kafka), always(512e6)),
                (of("container_memory_rss", pod), always(512e6)),
                (of("container_spec_memory_limit_bytes", pod), always(512e6)),
                (of("container_memory_rss", other), always(512e6)),
                (of("container_spec_memory_limit_bytes", other), always(0.0)),
            ]
        },
    },
    Threshold {
        rules: "kubernetes/nodes.yaml",
        alert: "NodeMemoryShort",
        severity: "warning",
        labels: "node=\"a\"",
        wait: minutes(10),
        fill: 1,
        lasts: 1,
        record: "node:memory_usage:ratio",
        series: |phases| {
            let of = |name: &str| format!("{name}{{job=\"node-exporter\", instance=\"a\", node=\"a\"}}");
            let available = phases.iter().map(|(share, steps)| (1.0 - 0.9 * share, *steps)).collect::<Vec<_>>();
            vec![
                (of("node_memory_MemAvailable_bytes"), level(8e9, &available)),
                (of("node_memory_MemTotal_bytes"), level(8e9, &[(1.0, total(phases))])),
            ]
        },
    },
    Threshold {
        rules: "kubernetes/nodes.yaml",
        alert: "NodeDiskFilling",
        severity: "warning",
        labels: "node=\"a\", device=\"/dev/vda1\"",
        wait: minutes(15),
        fill: 1,
        lasts: 1,
        record: "node_device:disk_usage:ratio",
        series: |phases| {
            let of = |name: &str, device: &str, id: &str| {
                format!("{name}{{job=\"cadvisor\", node=\"a\", device=\"{device}\", id=\"{id}\"}}")
            };
            let always = |value| level(value, &[(1.0, total(phases))]);
            vec![
                (of("container_fs_usage_bytes", "/dev/vda1", "/"), level(0.8 * 1e11, phases)),
                (of("container_fs_limit_bytes", "/dev/vda1", "/"), always(1e11)),
                // A file system without a size, one in memory, and one that a container uses up to its own limit.
                (of("container_fs_usage_bytes", "/dev/vdc", "/"), always(0.0)),
                (of("container_fs_limit_bytes", "/dev/vdc", "/"), always(0.0)),
                (of("container_fs_usage_bytes", "/run", "/"), always(1e9)),
                (of("container_fs_limit_bytes", "/run", "/"), always(1e9)),
                (of("container_fs_usage_bytes", "/dev/vdb", "/kubepods/x"), always(1e9)),
                (of("container_fs_limit_bytes", "/dev/vdb", "/kubepods/x"), always(1e9)),
            ]
        },
    },
];

/// Returns the tests for the rules of some files; each is evaluated with these files alone.
pub(super) fn generate(rules: &[&str]) -> String {
    let scenarios = THRESHOLDS.iter().filter(|threshold| rules.contains(&threshold.rules));
    file(rules, &scenarios.flat_map(Threshold::scenarios).collect::<Vec<_>>())
}

impl Threshold {
    fn scenarios(&self) -> Vec<Scenario> {
        let Self { alert, severity, labels, wait, fill, lasts, record, series, .. } = *self;
        let scenario = |name: &str, phases: &[Phase]| {
            Scenario::new(format!("{alert} {name}")).all(TARGETS.map(|job| up(job, phases))).all(series(phases))
        };
        let (first, after) = (BEFORE + fill + wait, lasts + minutes(2));
        let end = first + minutes(2);
        let fires = |scenario: Scenario, step| scenario.fires(step, alert, severity, labels);

        let above = scenario(
            "fires at 1.05 of its limit after its hold time, and resolves",
            &[(HEALTHY, BEFORE), (1.05, end - BEFORE), (HEALTHY, after)],
        );
        let above = fires(fires(fires(above.was_quiet(first - 1), first), end), end + lasts - 1);
        let below =
            scenario("does not fire at 0.95 of its limit", &[(HEALTHY, BEFORE), (0.95, fill + wait + minutes(2))]);
        let short = BEFORE + wait - 1;
        let brief = scenario(
            "does not fire for less than its hold time",
            &[(HEALTHY, BEFORE), (1.05, wait - 1), (HEALTHY, minutes(6))],
        );
        let after_gone = minutes(6);
        let mut gone = scenario("resolves when its metrics are gone", &[(HEALTHY, BEFORE), (1.05, end - BEFORE)]);
        gone.go(after_gone);
        vec![
            above.quiet_at(end + lasts),
            below.was_calm(BEFORE + fill + wait + minutes(2)),
            brief.was_quiet(short + minutes(6)),
            fires(gone, end).quiet_at(end + after_gone).was_a_number(end + after_gone, record),
        ]
    }
}

fn both(mut one: Vec<(String, Values)>, other: Vec<(String, Values)>) -> Vec<(String, Values)> {
    one.extend(other);
    one
}

fn total(phases: &[Phase]) -> u32 {
    phases.iter().map(|(_, steps)| steps).sum()
}

/// Returns a counter that rises by `limit` per step while it is at its limit.
fn rising(limit: f64, phases: &[Phase]) -> Values {
    phases.iter().fold(Values::counter(), |values, (share, steps)| values.rise(share * limit, *steps))
}

/// Returns a gauge that is `limit` while it is at its limit.
fn level(limit: f64, phases: &[Phase]) -> Values {
    let first = Values::none().stay(phases[0].0 * limit, 1);
    phases.iter().fold(first, |values, (share, steps)| values.stay(share * limit, *steps))
}

/// Jobs whose absence has an alert of its own.
const TARGETS: [&str; 3] = ["stream-processor", "metrics-bridge", "alert-relay"];

fn up(job: &str, phases: &[Phase]) -> (String, Values) {
    (format!("up{{job=\"{job}\", instance=\"{job}:9464\"}}"), Values::none().stay(1.0, total(phases) + minutes(20)))
}

/// 20 requests per second; the limit is 5 % of them failing.
fn failures(service: &str, phases: &[Phase]) -> Vec<(String, Values)> {
    let labels =
        format!("job=\"metrics-bridge\", instance=\"a:1\", service=\"{service}\", region=\"r\", endpoint=\"/\"");
    vec![
        (format!("workload_requests_total{{{labels}, status_code=\"200\"}}"), rising(300.0, &[(1.0, total(phases))])),
        (format!("workload_errors_total{{{labels}}}"), rising(0.05 * 300.0, phases)),
    ]
}

/// 20 requests per second; the limit is 1 % of them taking between 500 and 750 ms, with all others faster.
fn slow_requests(service: &str, phases: &[Phase]) -> Vec<(String, Values)> {
    let labels =
        format!("job=\"metrics-bridge\", instance=\"a:1\", service=\"{service}\", region=\"r\", endpoint=\"/\"");
    let name = "workload_request_duration_seconds";
    let all = || rising(300.0, &[(1.0, total(phases))]);
    let quick =
        phases.iter().fold(Values::counter(), |values, (share, steps)| values.rise(300.0 - 3.0 * share, *steps));
    vec![
        (format!("{name}_bucket{{{labels}, le=\"0.1\"}}"), rising(250.0, &[(1.0, total(phases))])),
        (format!("{name}_bucket{{{labels}, le=\"0.5\"}}"), quick),
        (format!("{name}_bucket{{{labels}, le=\"0.75\"}}"), all()),
        (format!("{name}_bucket{{{labels}, le=\"+Inf\"}}"), all()),
        (format!("{name}_count{{{labels}}}"), all()),
    ]
}

/// Returns the series that two services in one process expose for it, and one in a process without a limit.
fn process(name: &str, values: Values, limit: &str, allowed: f64, phases: &[Phase]) -> Vec<(String, Values)> {
    let mut series = Vec::new();
    for (target, pid, allowed) in [
        ("job=\"console\", instance=\"n:1\"", 7, allowed),
        ("job=\"mock-slack\", instance=\"n:2\"", 7, allowed),
        ("job=\"workload-simulator\", instance=\"n:3\"", 8, 0.0),
    ] {
        // A process without a CPU or memory limit exposes that of the machine.
        let allowed = if allowed == 0.0 && limit != "process_max_fds" { 1e12 } else { allowed };
        let steady = |value: f64| level(value, &[(1.0, total(phases))]);
        series.push((format!("{name}{{{target}}}"), values.clone()));
        series.push((format!("{limit}{{{target}}}"), steady(allowed)));
        series.push((format!("tidewatch_process_info{{{target}, host=\"node-1\", pid=\"{pid}\"}}"), steady(1.0)));
    }
    series
}

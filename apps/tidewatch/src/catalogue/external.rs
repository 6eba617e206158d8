//! Metrics that aren't Tidewatch's own: those of Prometheus 3, of Alertmanager 0.28 and of each target, limited to the
//! ones that rules and dashboards use.

use tidewatch_service::metrics::Family;

pub(super) const EVERY_TARGET: &[Family] = &[
    Family::gauge("up", &[], "1 if the last scrape of the target succeeded, otherwise 0."),
    Family::gauge("scrape_duration_seconds", &[], "How long the last scrape took."),
    Family::gauge("scrape_samples_scraped", &[], "Samples of the last scrape."),
    Family::gauge("scrape_samples_post_metric_relabeling", &[], "Samples of the last scrape that were kept."),
    Family::gauge("scrape_series_added", &[], "Series of the last scrape that were new."),
];

pub(super) const PROCESS: &[Family] = &[
    Family::counter("process_cpu_seconds_total", &[], "Total user and system CPU time spent in seconds."),
    Family::gauge("process_open_fds", &[], "Number of open file descriptors."),
    Family::gauge("process_max_fds", &[], "Maximum number of open file descriptors."),
    Family::gauge("process_virtual_memory_bytes", &[], "Virtual memory size in bytes."),
    Family::gauge("process_resident_memory_bytes", &[], "Resident memory size in bytes."),
    Family::gauge("process_start_time_seconds", &[], "Start time of the process since unix epoch in seconds."),
    Family::gauge("go_goroutines", &[], "Number of goroutines that currently exist."),
];

pub(super) const PROMETHEUS: &[Family] = &[
    Family::counter("prometheus_rule_evaluations_total", &["rule_group"], "Rule evaluations."),
    Family::counter("prometheus_rule_evaluation_failures_total", &["rule_group"], "Rule evaluations that failed."),
    Family::counter("prometheus_rule_group_iterations_missed_total", &["rule_group"], "Evaluations skipped: too slow."),
    Family::gauge("prometheus_rule_group_interval_seconds", &["rule_group"], "Interval of a rule group."),
    Family::gauge("prometheus_rule_group_last_duration_seconds", &["rule_group"], "Duration of the last evaluation."),
    Family::gauge("prometheus_config_last_reload_successful", &[], "1 if the last reload succeeded, otherwise 0."),
    Family::counter("prometheus_notifications_sent_total", &["alertmanager"], "Alerts sent."),
    Family::counter("prometheus_notifications_errors_total", &["alertmanager"], "Alerts that could not be sent."),
    Family::counter(
        "prometheus_notifications_dropped_total",
        &[],
        "Alerts dropped because no Alertmanager accepted them.",
    ),
    Family::gauge("prometheus_notifications_queue_length", &[], "Alerts waiting to be sent."),
    Family::gauge("prometheus_notifications_alertmanagers_discovered", &[], "Known Alertmanagers."),
    Family::gauge("prometheus_target_scrape_pool_targets", &["scrape_job"], "Targets of a job."),
    Family::gauge("prometheus_tsdb_head_series", &[], "Series in memory."),
    Family::counter("prometheus_tsdb_head_samples_appended_total", &["type"], "Samples appended."),
    Family::gauge("prometheus_tsdb_storage_blocks_bytes", &[], "Bytes of all blocks on disk."),
];

pub(super) const ALERTMANAGER: &[Family] = &[
    Family::gauge("alertmanager_alerts", &["state"], "Alerts by state."),
    Family::counter("alertmanager_alerts_received_total", &["status", "version"], "Alerts received."),
    Family::counter("alertmanager_alerts_invalid_total", &["version"], "Alerts received that were invalid."),
    Family::counter("alertmanager_notifications_total", &["integration"], "Notifications attempted."),
    Family::counter(
        "alertmanager_notifications_failed_total",
        &["integration", "reason"],
        "Notifications that failed.",
    ),
    Family::counter("alertmanager_notification_requests_total", &["integration"], "Requests to receivers."),
    Family::counter("alertmanager_notification_requests_failed_total", &["integration"], "Requests that failed."),
    Family::gauge("alertmanager_config_last_reload_successful", &[], "1 if the last reload succeeded, otherwise 0."),
];

//! The internals of the fast path: its evaluations, state and notifications.

use crate::annotation::AlertAnnotation;
use crate::dashboard::{Design, Section};
use crate::limits;
use crate::link::Link;
use crate::panel::{Panel, Style};
use crate::query::Target;
use crate::threshold::Thresholds;
use crate::unit::Unit;

pub(crate) const UID: &str = "tidewatch-stream-processor";

pub(crate) fn design() -> Design {
    Design {
        uid: UID,
        title: "Tidewatch: stream processor",
        description: "The fast path: evaluated windows, groups, late events, dead letters, checkpoints, alerts and \
                      their delivery.",
        from: "now-1h",
        variables: vec![],
        annotations: AlertAnnotation::both(".*"),
        sections: vec![judging(), events(), state(), alerts(), process()],
    }
}

fn judging() -> Section {
    let windows = Panel::graph(
        "Windows evaluated",
        "Each group is evaluated every five seconds, so this is a fifth of the groups. At zero, no alert of the fast \
         path can fire.",
        Unit::Events,
        Thresholds::none(),
    )
    .ask(Target::range("sum(rate(stream_processor_windows_judged_total[$__rate_interval]))").legend("evaluated"))
    .ask(Target::range("sum(stream_processor_groups) / 5").legend("expected"))
    .style("expected", Style::Dotted)
    .link(Link::runbook("Runbook", "StreamProcessorNotJudging"));
    let groups = Panel::graph(
        "Groups",
        "Watched combinations of service and region, or of the fields that the rules group by.",
        Unit::Count,
        Thresholds::none(),
    )
    .ask(Target::range("sum(stream_processor_groups)").legend("groups"));
    let lag = Panel::graph(
        "Lag",
        "Records of metrics.raw that are not evaluated yet.",
        Unit::Count,
        Thresholds::warning_from(limits::CONSUMER_LAG),
    )
    .ask(Target::range("job_topic:kafka_consumer_lag_records:sum{job=\"stream-processor\"}").legend("{{topic}}"))
    .link(Link::runbook("Runbook", "KafkaConsumerLagHigh"));
    Section::top().band(7, [(8, windows), (8, groups), (8, lag)])
}

fn events() -> Section {
    let outcomes = Panel::graph(
        "Events by outcome",
        "Windowed events are evaluated; late ones arrived after their window had closed; dead letters can't be read; \
         known ones are read again after a restart.",
        Unit::Events,
        Thresholds::none(),
    )
    .ask(
        Target::range("sum by (outcome) (rate(stream_processor_events_total[$__rate_interval]))").legend("{{outcome}}"),
    )
    .stacked();
    let late = Panel::graph(
        "Late events and dead letters",
        "Share of events that were not evaluated. ClockSkew fires when 20 % of a service's events are late or from \
         the future.",
        Unit::Share,
        Thresholds::none(),
    )
    .ask(
        Target::range(
            "sum by (outcome) (rate(stream_processor_events_total{outcome=~\"late|dead_lettered\"}[$__rate_interval])) \
             / on () group_left () (sum(rate(stream_processor_events_total[$__rate_interval])) > 0)",
        )
        .legend("{{outcome}}"),
    )
    .link(Link::runbook("Runbook", "ClockSkew"));
    let unseen = Panel::graph(
        "Gaps and overflow",
        "Gaps: records deleted before they were read. Overflow: events of groups beyond the limit, evaluated \
         together. Both should be zero.",
        Unit::Events,
        Thresholds::warning_from(0.001),
    )
    .ask(Target::range("sum(rate(stream_processor_gap_records_total[$__rate_interval]))").legend("gaps"))
    .ask(Target::range("sum(rate(stream_processor_overflow_events_total[$__rate_interval]))").legend("overflow"));
    Section::new("Events").band(7, [(8, outcomes), (8, late), (8, unseen)])
}

fn state() -> Section {
    let results = Panel::graph(
        "Checkpoints",
        "Written every ten seconds and on each transition of an alert. After a crash, work resumes from the last one.",
        Unit::Events,
        Thresholds::none(),
    )
    .ask(
        Target::range("sum by (result) (rate(stream_processor_checkpoints_total[$__rate_interval]))")
            .legend("{{result}}"),
    )
    .style("ok", Style::Meaning(crate::Colour::Good))
    .style("failed", Style::Meaning(crate::Colour::Critical));
    let quantile = |q: &str| {
        format!(
            "histogram_quantile({q}, sum by (le) \
             (rate(stream_processor_checkpoint_duration_seconds_bucket[$__rate_interval])))"
        )
    };
    let duration = Panel::graph(
        "Duration of a checkpoint",
        "Of all partitions together. While one is written, events wait.",
        Unit::Seconds,
        Thresholds::warning_from(5.0),
    )
    .ask(Target::range(quantile("0.99")).legend("P99"))
    .ask(Target::range(quantile("0.5")).legend("P50"))
    .style("P50", Style::Dotted);
    Section::new("State").band(7, [(12, results), (12, duration)])
}

fn alerts() -> Section {
    let transitions = Panel::graph(
        "Alerts written",
        "Transitions in the last five minutes, by rule and new state.",
        Unit::Count,
        Thresholds::none(),
    )
    .ask(
        Target::range("sum by (rule, state) (increase(stream_processor_alerts_total[5m]))")
            .legend("{{rule}} {{state}}"),
    )
    .decimals(0)
    .link(Link::runbook("Runbook", "${__field.labels.rule}"));
    let firing = Panel::graph(
        "Firing alerts",
        "Firing groups per alert, as the relay counts them.",
        Unit::Count,
        Thresholds::warning_from(1.0),
    )
    .ask(
        Target::range("sum by (alertname) (alert_relay_firing_alerts)")
            .legend("{{alertname}}")
            .maybe_nothing("nothing has fired since the relay started"),
    )
    .decimals(0)
    .link(Link::runbook("Runbook", "${__field.labels.alertname}"));
    let pending = Panel::graph(
        "Not delivered yet",
        "Transitions that at least one receiver has not accepted.",
        Unit::Count,
        Thresholds::warning_from(1.0),
    )
    .ask(Target::range("sum(alert_relay_pending_transitions)").legend("transitions"))
    .decimals(0)
    .link(Link::runbook("Runbook", "AlertRelayNotDelivering"));
    let requests = Panel::graph(
        "Requests to receivers",
        "By receiver and outcome. A firing alert is sent to Alertmanager every 30 s.",
        Unit::Events,
        Thresholds::none(),
    )
    .ask(
        Target::range("sum by (receiver, outcome) (rate(alert_relay_requests_total[$__rate_interval]))")
            .legend("{{receiver}} {{outcome}}"),
    );
    let delay = Panel::graph(
        "Delivery delay",
        "Time from a transition in the processor to its acceptance by a receiver, over the last five minutes.",
        Unit::Seconds,
        Thresholds::warning_from(5.0),
    )
    .ask(
        Target::range("histogram_quantile(0.95, sum by (le) (rate(alert_relay_delay_seconds_bucket[5m])))")
            .legend("P95")
            .maybe_nothing("nothing was delivered in the last five minutes"),
    );
    Section::new("Alerts and their delivery")
        .band(7, [(12, transitions), (12, firing)])
        .band(7, [(8, pending), (8, requests), (8, delay)])
}

fn process() -> Section {
    let cpu = Panel::graph(
        "CPU",
        "Cores that the process uses. In `tidewatch up` all services are one process.",
        Unit::Cores,
        Thresholds::none(),
    )
    .ask(
        Target::range("rate(process_cpu_seconds_total{job=\"stream-processor\"}[$__rate_interval])")
            .legend("{{instance}}"),
    );
    let memory = Panel::graph(
        "Memory",
        "Memory that the process uses. In `tidewatch up` all services are one process.",
        Unit::Bytes,
        Thresholds::none(),
    )
    .ask(Target::range("process_resident_memory_bytes{job=\"stream-processor\"}").legend("{{instance}}"));
    Section::new("Process").band(7, [(12, cpu), (12, memory)])
}

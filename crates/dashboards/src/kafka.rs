//! Kafka: its throughput, consumer lag and availability.

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

pub(crate) const UID: &str = "tidewatch-kafka";

pub(crate) fn design() -> Design {
    Design {
        uid: UID,
        title: "Tidewatch: Kafka",
        description: "Topics, consumer lag, dead letters and the broker's reachability, as seen by Tidewatch's \
                      services.",
        from: "now-1h",
        variables: vec![],
        annotations: AlertAnnotation::both(".*"),
        sections: vec![reached(), lag(), topics(), dead_letters(), bridge()],
    }
}

fn reached() -> Section {
    let unreached = Panel::stat(
        "Services without Kafka",
        "Services that have had no answer from the broker for ten seconds.",
        Unit::Count,
        Thresholds::critical_from(1.0),
    )
    .ask(Target::range("count(kafka_reachable == 0) or vector(0)").legend("services"))
    .link(Link::runbook("Runbook", "KafkaUnreachable"));
    let behind = Panel::stat(
        "Greatest consumer lag",
        "Unread records of the consumer that is furthest behind.",
        Unit::Count,
        Thresholds::warning_from(limits::CONSUMER_LAG),
    )
    .ask(Target::range("max(job_topic:kafka_consumer_lag_records:sum)").legend("records"))
    .link(Link::runbook("Runbook", "KafkaConsumerLagHigh"));
    let dead = Panel::stat(
        "Dead letters in the last hour",
        "Records of metrics.raw that could not be evaluated and were moved to metrics.raw.dlq.",
        Unit::Count,
        Thresholds::warning_from(1.0),
    )
    .ask(Target::instant("sum(increase(stream_processor_dead_letters_total[1h]))").legend("records"))
    .decimals(0)
    .link(Link::runbook("Runbook", "DeadLettersGrowing"));
    let states = Panel::states(
        "Kafka, as each service sees it",
        "Whether the broker answered each service within the last ten seconds.",
        Thresholds::critical_below(1.0),
    )
    .ask(Target::range("min by (job) (kafka_reachable)").legend("{{job}}"))
    .word(1.0, "reachable", Colour::Good)
    .word(0.0, "unreachable", Colour::Critical);
    Section::top().band(7, [(4, unreached), (4, behind), (4, dead), (12, states)])
}

fn lag() -> Section {
    let by_consumer = Panel::graph(
        "Lag by consumer",
        "Unread records of each consumer, over all partitions. If a line only rises, its consumer is too slow or has \
         stopped.",
        Unit::Count,
        Thresholds::warning_from(limits::CONSUMER_LAG),
    )
    .ask(Target::range("job_topic:kafka_consumer_lag_records:sum").legend("{{job}}: {{topic}}"))
    .link(Link::runbook("Runbook", "KafkaConsumerLagHigh"));
    let by_partition = Panel::graph(
        "Partitions furthest behind",
        "The five partitions with the greatest lag. A single one indicates a key with most of the traffic, or a \
         record that blocks its partition.",
        Unit::Count,
        Thresholds::warning_from(limits::CONSUMER_LAG),
    )
    .ask(Target::range("topk(5, kafka_consumer_lag_records)").legend("{{job}}: {{topic}} {{partition}}"));
    let owners = Panel::table(
        "Consumers",
        "Number of partitions that each consumer reports, its lag, and the lag of its worst partition.",
        vec![
            Column::label("job").sorted(false),
            Column::label("topic"),
            Column::value("Partitions", 0, Unit::Count, Thresholds::none(), 0),
            Column::value("Lag", 1, Unit::Count, Thresholds::warning_from(limits::CONSUMER_LAG), 0),
            Column::value("Worst partition", 2, Unit::Count, Thresholds::warning_from(limits::CONSUMER_LAG), 0),
        ],
    )
    .ask(Target::table("count by (job, topic) (kafka_consumer_lag_records)"))
    .ask(Target::table("sum by (job, topic) (job_topic:kafka_consumer_lag_records:sum)"))
    .ask(Target::table("max by (job, topic) (kafka_consumer_lag_records)"));
    Section::new("Consumer lag").band(8, [(8, by_consumer), (8, by_partition), (8, owners)])
}

fn topics() -> Section {
    let written = Panel::graph(
        "Records written to metrics.raw",
        "Records handed to the producer, and records acknowledged by the broker. The difference is not acknowledged \
         yet.",
        Unit::Records,
        Thresholds::none(),
    )
    .ask(
        Target::range("sum(rate(workload_simulator_events_produced_total[$__rate_interval]))")
            .legend("produced")
            .maybe_nothing("the workload is not simulated"),
    )
    .ask(
        Target::range("sum(rate(workload_simulator_events_acknowledged_total[$__rate_interval]))")
            .legend("acknowledged")
            .maybe_nothing("the workload is not simulated"),
    )
    .ask(
        Target::range("sum(rate(workload_simulator_dropped_total[$__rate_interval]))")
            .legend("given up")
            .maybe_nothing("the workload is not simulated"),
    );
    let read = Panel::graph(
        "Records read",
        "Per consumer and topic. After a restart a consumer reads some records again.",
        Unit::Records,
        Thresholds::none(),
    )
    .ask(
        Target::range("sum(rate(stream_processor_events_total[$__rate_interval]))")
            .legend("stream-processor: metrics.raw"),
    )
    .ask(
        Target::range("sum(rate(metrics_bridge_records_counted_total[$__rate_interval]))")
            .legend("metrics-bridge: metrics.raw"),
    )
    .ask(Target::range("sum(rate(alert_relay_records_total[$__rate_interval]))").legend("alert-relay: alerts.fired"))
    .ask(Target::range("sum by (topic) (rate(console_records_total[$__rate_interval]))").legend("console: {{topic}}"));
    let lost = Panel::graph(
        "Records deleted before they were read",
        "Records that retention deleted while a consumer lagged. They were neither evaluated nor counted.",
        Unit::Records,
        Thresholds::critical_from(0.001),
    )
    .ask(Target::range("sum(rate(stream_processor_gap_records_total[$__rate_interval]))").legend("stream-processor"))
    .ask(Target::range("sum(rate(metrics_bridge_records_missed_total[$__rate_interval]))").legend("metrics-bridge"));
    Section::new("Topics").band(7, [(8, written), (8, read), (8, lost)])
}

fn dead_letters() -> Section {
    let by_reason = Panel::graph(
        "Dead letters by reason",
        "Records of metrics.raw that could not be evaluated. metrics.raw.dlq holds them unchanged, with the reason in \
         a header.",
        Unit::Records,
        Thresholds::none(),
    )
    .ask(
        Target::range("sum by (reason) (rate(stream_processor_dead_letters_total[$__rate_interval]))")
            .legend("{{reason}}"),
    )
    .stacked()
    .link(Link::runbook("Runbook", "DeadLettersGrowing"));
    let share = Panel::graph(
        "Dead letters among all records",
        "Share of the records read that could not be evaluated.",
        Unit::Share,
        Thresholds::none(),
    )
    .ask(
        Target::range(
            "sum(rate(stream_processor_dead_letters_total[$__rate_interval])) / \
             (sum(rate(stream_processor_events_total[$__rate_interval])) > 0)",
        )
        .legend("dead letters"),
    );
    let skipped = Panel::graph(
        "Skipped by other consumers",
        "Records that other consumers could not read and skipped. Only the stream processor writes dead letters.",
        Unit::Records,
        Thresholds::none(),
    )
    .ask(Target::range("sum(rate(metrics_bridge_records_invalid_total[$__rate_interval]))").legend("metrics-bridge"))
    .ask(
        Target::range("sum by (topic) (rate(console_records_skipped_total[$__rate_interval]))")
            .legend("console: {{topic}}")
            .maybe_nothing("the console has skipped nothing since it started"),
    )
    .ask(
        Target::range("sum(rate(alert_relay_records_total{outcome=\"invalid\"}[$__rate_interval]))")
            .legend("alert-relay"),
    );
    Section::new("Dead letters").band(7, [(8, by_reason), (8, share), (8, skipped)])
}

fn bridge() -> Section {
    let series = Panel::graph(
        "Series of the bridge",
        "Series of the watched services, and their limit. At the limit, new endpoints are counted as overflow.",
        Unit::Count,
        Thresholds::none(),
    )
    .ask(Target::range("sum(metrics_bridge_series)").legend("series"))
    .ask(Target::range("sum(metrics_bridge_series_limit)").legend("limit"))
    .style("limit", Style::Dotted)
    .link(Link::runbook("Runbook", "MetricsBridgeOverflow"));
    let overflow = Panel::graph(
        "Events without a series of their own",
        "Events counted as overflow. Totals per service stay right, but the endpoints share one series.",
        Unit::Events,
        Thresholds::warning_from(0.001),
    )
    .ask(Target::range("sum(rate(metrics_bridge_overflow_events_total[$__rate_interval]))").legend("overflow"))
    .link(Link::runbook("Runbook", "MetricsBridgeOverflow"));
    let checkpoints = Panel::graph(
        "Checkpoints of the bridge",
        "Written every ten seconds for each partition that changed. After a crash, counting resumes from the last one.",
        Unit::Events,
        Thresholds::none(),
    )
    .ask(
        Target::range("sum by (outcome) (rate(metrics_bridge_checkpoints_total[$__rate_interval]))")
            .legend("{{outcome}}"),
    );
    Section::new("Metrics bridge").band(7, [(8, series), (8, overflow), (8, checkpoints)])
}

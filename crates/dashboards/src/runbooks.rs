//! The alerts that have a runbook, by what they are about.

use crate::link::RUNBOOKS;

const ALERTS: [(&str, &[&str]); 4] = [
    ("Services", &["HighLatencyP99", "HighErrorRate", "TrafficDrop", "ClockSkew"]),
    ("Objectives", &["ErrorBudgetBurnPage", "ErrorBudgetBurnTicket", "SLOIndicatorAbsent"]),
    (
        "Stream",
        &[
            "KafkaUnreachable",
            "KafkaConsumerLagHigh",
            "DeadLettersGrowing",
            "StreamProcessorNotJudging",
            "MetricsBridgeOverflow",
            "AlertRelayNotDelivering",
        ],
    ),
    (
        "Platform",
        &[
            "TargetDown",
            "HighCpuUsage",
            "HighMemoryUsage",
            "OpenFilesNearLimit",
            "RuleEvaluationFailing",
            "AlertmanagerNotDelivering",
            "Watchdog",
        ],
    ),
];

/// Every alert that the overview names.
pub fn alerts() -> impl Iterator<Item = &'static str> {
    ALERTS.into_iter().flat_map(|(_, alerts)| alerts.iter().copied())
}

pub(crate) fn markdown() -> String {
    let line = |(about, alerts): (&str, &[&str])| {
        let links: Vec<_> = alerts.iter().map(|alert| format!("[{alert}]({RUNBOOKS}/{alert}.md)")).collect();
        format!("**{about}:** {}", links.join(" · "))
    };
    ALERTS.map(line).join("\n\n")
}

//! The list of alerts.

use tidewatch_contract::Severity;
use tidewatch_contract::http::simulator::FaultKind;

use crate::{Alert, Path, Shown, Subject, Unit};

/// Every alert, in the order of lists.
pub const ALERTS: &[Alert] = &[
    Alert {
        name: "HighLatencyP99",
        about: Subject::Services,
        paths: &[Path::Fast, Path::Slow],
        severities: &[Severity::Warning],
        meaning: "one request in a hundred takes longer than 500 ms",
        provoked_by: &[FaultKind::Latency],
        shown: Some(Shown {
            short: "P99, ms",
            unit: Unit::Milliseconds,
            explanation: "99 of 100 requests should be faster than the limit; evaluated over 60 s, every 5 s.",
        }),
    },
    Alert {
        name: "HighErrorRate",
        about: Subject::Services,
        paths: &[Path::Fast, Path::Slow],
        severities: &[Severity::Critical],
        meaning: "more than 5 % of a service's requests fail",
        provoked_by: &[FaultKind::ErrorRate],
        shown: Some(Shown {
            short: "Errors, %",
            unit: Unit::Share,
            explanation: "Share of requests that failed; evaluated over 60 s, every 5 s.",
        }),
    },
    Alert {
        name: "TrafficDrop",
        about: Subject::Services,
        paths: &[Path::Fast],
        severities: &[Severity::Warning],
        meaning: "a service gets less than half of its usual requests",
        provoked_by: &[FaultKind::Silence],
        shown: Some(Shown {
            short: "Traffic, /min",
            unit: Unit::PerMinute,
            explanation: "Requests in 60 s, compared with the usual number over the last 10 minutes.",
        }),
    },
    Alert {
        name: "ClockSkew",
        about: Subject::Services,
        paths: &[Path::Fast],
        severities: &[Severity::Warning],
        meaning: "a service's events carry the wrong time, so nothing else about it can be trusted",
        provoked_by: &[FaultKind::Skew],
        shown: Some(Shown {
            short: "Clock, %",
            unit: Unit::Share,
            explanation: "Share of events whose own time is far from the moment they arrived.",
        }),
    },
    Alert {
        name: "ErrorBudgetBurnPage",
        about: Subject::Objectives,
        paths: &[Path::Slow],
        severities: &[Severity::Critical],
        meaning: "a service is spending its error budget within days",
        provoked_by: &[FaultKind::Latency, FaultKind::ErrorRate],
        shown: None,
    },
    Alert {
        name: "ErrorBudgetBurnTicket",
        about: Subject::Objectives,
        paths: &[Path::Slow],
        severities: &[Severity::Warning],
        meaning: "a service is spending its error budget faster than allowed",
        provoked_by: &[FaultKind::Latency, FaultKind::ErrorRate],
        shown: None,
    },
    Alert {
        name: "SLOIndicatorAbsent",
        about: Subject::Objectives,
        paths: &[Path::Slow],
        severities: &[Severity::Warning],
        meaning: "an objective has no data, so it can't be evaluated",
        provoked_by: &[],
        shown: None,
    },
    Alert {
        name: "KafkaUnreachable",
        about: Subject::Stream,
        paths: &[Path::Slow],
        severities: &[Severity::Critical],
        meaning: "a service can't reach Kafka",
        provoked_by: &[],
        shown: None,
    },
    Alert {
        name: "KafkaConsumerLagHigh",
        about: Subject::Stream,
        paths: &[Path::Slow],
        severities: &[Severity::Warning],
        meaning: "a consumer is more than 1,000 records behind",
        provoked_by: &[],
        shown: None,
    },
    Alert {
        name: "DeadLettersGrowing",
        about: Subject::Stream,
        paths: &[Path::Slow],
        severities: &[Severity::Warning],
        meaning: "records arrive that can't be evaluated",
        provoked_by: &[FaultKind::Malformed],
        shown: Some(Shown {
            short: "Dead letters",
            unit: Unit::Number,
            explanation: "Records that can't be read keep coming; Prometheus evaluates this rule.",
        }),
    },
    Alert {
        name: "StreamProcessorNotJudging",
        about: Subject::Stream,
        paths: &[Path::Slow],
        severities: &[Severity::Critical],
        meaning: "the fast path is blind",
        provoked_by: &[],
        shown: None,
    },
    Alert {
        name: "MetricsBridgeOverflow",
        about: Subject::Stream,
        paths: &[Path::Slow],
        severities: &[Severity::Warning],
        meaning: "a service has more endpoints than its share of the metrics-bridge's series",
        provoked_by: &[],
        shown: None,
    },
    Alert {
        name: "AlertRelayNotDelivering",
        about: Subject::Stream,
        paths: &[Path::Slow],
        severities: &[Severity::Critical],
        meaning: "alerts of the fast path reach nobody",
        provoked_by: &[],
        shown: None,
    },
    Alert {
        name: "TargetDown",
        about: Subject::Platform,
        paths: &[Path::Slow],
        severities: &[Severity::Critical, Severity::Warning],
        meaning: "a part of Tidewatch can't be scraped",
        provoked_by: &[],
        shown: None,
    },
    Alert {
        name: "HighCpuUsage",
        about: Subject::Platform,
        paths: &[Path::Slow],
        severities: &[Severity::Warning],
        meaning: "a process uses nearly all its CPU",
        provoked_by: &[],
        shown: None,
    },
    Alert {
        name: "HighMemoryUsage",
        about: Subject::Platform,
        paths: &[Path::Slow],
        severities: &[Severity::Warning],
        meaning: "a process uses nearly all its memory",
        provoked_by: &[],
        shown: None,
    },
    Alert {
        name: "OpenFilesNearLimit",
        about: Subject::Platform,
        paths: &[Path::Slow],
        severities: &[Severity::Warning],
        meaning: "a process is close to its limit of open files",
        provoked_by: &[],
        shown: None,
    },
    Alert {
        name: "RuleEvaluationFailing",
        about: Subject::Platform,
        paths: &[Path::Slow],
        severities: &[Severity::Warning],
        meaning: "Prometheus can't evaluate a rule group",
        provoked_by: &[],
        shown: None,
    },
    Alert {
        name: "AlertmanagerNotDelivering",
        about: Subject::Platform,
        paths: &[Path::Slow],
        severities: &[Severity::Critical],
        meaning: "notifications, or alerts sent to Alertmanager, fail",
        provoked_by: &[],
        shown: None,
    },
    Alert {
        name: "Watchdog",
        about: Subject::Platform,
        paths: &[Path::Slow],
        severities: &[Severity::Info],
        meaning: "always fires; if it stops, no alert arrives",
        provoked_by: &[],
        shown: None,
    },
    Alert {
        name: "PodRestartingFrequently",
        about: Subject::Kubernetes,
        paths: &[Path::Slow],
        severities: &[Severity::Warning],
        meaning: "a container was restarted more than five times in 15 minutes",
        provoked_by: &[],
        shown: None,
    },
    Alert {
        name: "ContainerOutOfMemory",
        about: Subject::Kubernetes,
        paths: &[Path::Slow],
        severities: &[Severity::Warning],
        meaning: "a container was killed because it reached its memory limit",
        provoked_by: &[],
        shown: None,
    },
    Alert {
        name: "ContainerMemoryNearLimit",
        about: Subject::Kubernetes,
        paths: &[Path::Slow],
        severities: &[Severity::Warning],
        meaning: "a container uses nearly all the memory that it may use",
        provoked_by: &[],
        shown: None,
    },
    Alert {
        name: "ReplicasUnavailable",
        about: Subject::Kubernetes,
        paths: &[Path::Slow],
        severities: &[Severity::Warning],
        meaning: "a Deployment, StatefulSet or DaemonSet lacks pods for 15 minutes",
        provoked_by: &[],
        shown: None,
    },
    Alert {
        name: "JobFailed",
        about: Subject::Kubernetes,
        paths: &[Path::Slow],
        severities: &[Severity::Warning],
        meaning: "a Job was given up, such as the one that creates the topics",
        provoked_by: &[],
        shown: None,
    },
    Alert {
        name: "BackupTooOld",
        about: Subject::Kubernetes,
        paths: &[Path::Slow],
        severities: &[Severity::Warning],
        meaning: "no snapshots of volumes were taken when they should have been",
        provoked_by: &[],
        shown: None,
    },
    Alert {
        name: "VolumeFilling",
        about: Subject::Kubernetes,
        paths: &[Path::Slow],
        severities: &[Severity::Critical, Severity::Warning],
        meaning: "a volume has little space left",
        provoked_by: &[],
        shown: None,
    },
    Alert {
        name: "NodeNotReady",
        about: Subject::Kubernetes,
        paths: &[Path::Slow],
        severities: &[Severity::Critical],
        meaning: "a node can't run pods",
        provoked_by: &[],
        shown: None,
    },
    Alert {
        name: "NodeUnderPressure",
        about: Subject::Kubernetes,
        paths: &[Path::Slow],
        severities: &[Severity::Warning],
        meaning: "a node lacks disk, memory or process ids, and evicts pods",
        provoked_by: &[],
        shown: None,
    },
    Alert {
        name: "NodeCpuSaturated",
        about: Subject::Kubernetes,
        paths: &[Path::Slow],
        severities: &[Severity::Warning],
        meaning: "processes of a node wait for a processor",
        provoked_by: &[],
        shown: None,
    },
    Alert {
        name: "NodeMemoryShort",
        about: Subject::Kubernetes,
        paths: &[Path::Slow],
        severities: &[Severity::Warning],
        meaning: "a node has less than 10 % of its memory left",
        provoked_by: &[],
        shown: None,
    },
    Alert {
        name: "NodeDiskFilling",
        about: Subject::Kubernetes,
        paths: &[Path::Slow],
        severities: &[Severity::Warning],
        meaning: "a disk of a node is more than 80 % full",
        provoked_by: &[],
        shown: None,
    },
    Alert {
        name: "ThanosNotUploading",
        about: Subject::Kubernetes,
        paths: &[Path::Slow],
        severities: &[Severity::Warning],
        meaning: "what Prometheus measured doesn't reach the object storage",
        provoked_by: &[],
        shown: None,
    },
    Alert {
        name: "ThanosCompactorHalted",
        about: Subject::Kubernetes,
        paths: &[Path::Slow],
        severities: &[Severity::Warning],
        meaning: "nothing in the object storage is merged or deleted any more",
        provoked_by: &[],
        shown: None,
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provoked_by;

    #[test]
    fn no_two_alerts_share_a_name() {
        let mut names: Vec<_> = ALERTS.iter().map(|alert| alert.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALERTS.len());
    }

    #[test]
    fn alerts_are_grouped_by_subject() {
        assert!(ALERTS.is_sorted_by_key(|alert| alert.about));
    }

    #[test]
    fn every_fault_except_malformed_events_provokes_one_alert_of_the_fast_path() {
        for fault in FaultKind::ALL {
            let fast =
                ALERTS.iter().filter(|alert| alert.is_raised_by(Path::Fast) && alert.provoked_by.contains(&fault));
            assert_eq!(fast.count(), usize::from(fault != FaultKind::Malformed), "{fault:?}");
            assert_eq!(provoked_by(fault).is_some(), fault != FaultKind::Malformed);
        }
    }
}

//! Thresholds that panels share with the alerts for the same metric.

/// HighLatencyP99: seconds.
pub(crate) const LATENCY_P99: f64 = 0.5;
/// HighErrorRate: share of requests.
pub(crate) const ERROR_RATIO: f64 = 0.05;
/// KafkaConsumerLagHigh: records.
pub(crate) const CONSUMER_LAG: f64 = 1000.0;
/// HighCpuUsage: share of the cores available to a process.
pub(crate) const CPU: f64 = 0.9;
/// HighMemoryUsage: share of the bytes available to a process.
pub(crate) const MEMORY: f64 = 0.9;
/// OpenFilesNearLimit: share of the files that a process may open.
pub(crate) const OPEN_FILES: f64 = 0.8;
/// ErrorBudgetBurnPage over an hour: burn rate, where 1 spends the budget exactly over its window.
pub(crate) const BURN_1H: f64 = 14.4;
/// ErrorBudgetBurnPage over six hours.
pub(crate) const BURN_6H: f64 = 6.0;
/// ErrorBudgetBurnTicket over a day.
pub(crate) const BURN_1D: f64 = 3.0;
/// ErrorBudgetBurnTicket over three days.
pub(crate) const BURN_3D: f64 = 1.0;
/// PodRestartingFrequently: restarts in 15 minutes.
pub(crate) const RESTARTS: f64 = 5.0;
/// ContainerMemoryNearLimit: share of a container's memory limit.
pub(crate) const CONTAINER_MEMORY: f64 = 0.9;
/// VolumeFilling: share of a volume.
pub(crate) const VOLUME: f64 = 0.85;
/// NodeCpuSaturated: share of a node's processors.
pub(crate) const NODE_CPU: f64 = 0.9;
/// NodeMemoryShort: share of a node's memory.
pub(crate) const NODE_MEMORY: f64 = 0.9;
/// NodeDiskFilling: share of a node's disk.
pub(crate) const NODE_DISK: f64 = 0.8;
/// Share of the error budget below which it should be spent carefully. There is no alert for it.
pub(crate) const BUDGET_LOW: f64 = 0.25;

#[cfg(test)]
mod tests {
    use std::path::Path;

    /// Returns the rules of this alert, each from its name to that of the next alert.
    fn rules_of(alert: &str) -> Vec<String> {
        let folders = ["rules", "rules/kubernetes", "rules/thanos"].map(|folder| {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder);
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path())
        });
        let files = folders.into_iter().flatten();
        let texts = files.filter(|file| file.is_file()).map(|file| std::fs::read_to_string(file).unwrap());
        let rules = texts.flat_map(|text| text.split("- alert: ").map(str::to_owned).collect::<Vec<_>>());
        rules.filter(|rule| rule.lines().next() == Some(alert)).collect()
    }

    #[test]
    fn panels_and_alerts_use_the_same_limits() {
        let expected = [
            ("HighLatencyP99", super::LATENCY_P99),
            ("HighErrorRate", super::ERROR_RATIO),
            ("KafkaConsumerLagHigh", super::CONSUMER_LAG),
            ("HighCpuUsage", super::CPU),
            ("HighMemoryUsage", super::MEMORY),
            ("OpenFilesNearLimit", super::OPEN_FILES),
            ("ErrorBudgetBurnPage", super::BURN_1H),
            ("ErrorBudgetBurnPage", super::BURN_6H),
            ("ErrorBudgetBurnTicket", super::BURN_1D),
            ("ErrorBudgetBurnTicket", super::BURN_3D),
            ("PodRestartingFrequently", super::RESTARTS),
            ("ContainerMemoryNearLimit", super::CONTAINER_MEMORY),
            ("VolumeFilling", super::VOLUME),
            ("NodeCpuSaturated", super::NODE_CPU),
            ("NodeMemoryShort", super::NODE_MEMORY),
            ("NodeDiskFilling", super::NODE_DISK),
        ];
        for (alert, limit) in expected {
            let rules = rules_of(alert);
            let is_limit = |rest: &str| rest.split_whitespace().next().is_some_and(|word| word.parse() == Ok(limit));
            let compares = |rule: &String| rule.split("> ").skip(1).any(is_limit);
            assert!(rules.iter().any(compares), "{alert} does not fire above {limit}: {rules:?}");
        }
    }
}

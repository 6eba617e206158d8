//! Numbers that panels share with the alerts that watch the same thing.

/// HighLatencyP99: seconds.
pub(crate) const LATENCY_P99: f64 = 0.5;
/// HighErrorRate: share of the requests.
pub(crate) const ERROR_RATIO: f64 = 0.05;
/// KafkaConsumerLagHigh: records.
pub(crate) const CONSUMER_LAG: f64 = 1000.0;
/// HighCpuUsage: share of the cores that a process may use.
pub(crate) const CPU: f64 = 0.9;
/// HighMemoryUsage: share of the bytes that a process may use.
pub(crate) const MEMORY: f64 = 0.9;
/// OpenFilesNearLimit: share of the files that a process may open.
pub(crate) const OPEN_FILES: f64 = 0.8;
/// ErrorBudgetBurnPage over an hour: times as fast as lasts for the window.
pub(crate) const BURN_1H: f64 = 14.4;
/// ErrorBudgetBurnPage over six hours.
pub(crate) const BURN_6H: f64 = 6.0;
/// ErrorBudgetBurnTicket over a day.
pub(crate) const BURN_1D: f64 = 3.0;
/// ErrorBudgetBurnTicket over three days.
pub(crate) const BURN_3D: f64 = 1.0;
/// Share of the error budget below which it should be spent with care: no alert, a habit.
pub(crate) const BUDGET_LOW: f64 = 0.25;

//! The correlation id of the request that the current task works on: requests to other services carry it on.

use tidewatch_contract::http::correlation::CorrelationId;

tokio::task_local! {
    static CURRENT: CorrelationId;
}

/// Runs `work`, whose requests carry this id.
pub async fn correlated<T>(id: CorrelationId, work: impl Future<Output = T>) -> T {
    CURRENT.scope(id, work).await
}

/// Returns the id of the request that the current task works on.
pub(crate) fn current() -> Option<CorrelationId> {
    CURRENT.try_with(Clone::clone).ok()
}

//! A failure that a service can't repair itself, found outside of its `run`.
use std::{fmt::Display, sync::Arc};
use tokio::sync::SetOnce;

/// Ends a service with an error from wherever the reason is found, such as the thread of a client. All clones belong to
/// the same service.
#[derive(Clone, Debug, Default)]
pub struct Failure(Arc<SetOnce<String>>);

impl Failure {
    /// Reports why the service can't work any more. The first report counts.
    pub fn report(&self, why: impl Display) {
        let _ = self.0.set(why.to_string());
    }

    /// Waits for a report and returns it.
    pub async fn reported(&self) -> &str {
        self.0.wait().await
    }
}

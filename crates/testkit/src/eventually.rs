//! Waiting for a condition, with a deadline.

use std::time::Duration;

use tokio::time::{Instant, sleep};

const POLL: Duration = Duration::from_millis(100);

/// Calls `probe` repeatedly until it returns a value, for at most `limit`.
///
/// # Panics
/// When the limit has passed; the message says that `what` did not happen.
pub async fn eventually<T>(what: &str, limit: Duration, mut probe: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(found) = probe().await {
            return found;
        }
        assert!(Instant::now() < deadline, "not within {} s: {what}", limit.as_secs_f64());
        sleep(POLL).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_gives_what_the_probe_finds() {
        let mut tries = 0;
        let found = eventually("the third try", Duration::from_secs(10), async || {
            tries += 1;
            (tries == 3).then_some("found")
        });
        assert_eq!(found.await, "found");
    }

    #[tokio::test]
    #[should_panic(expected = "not within 0.01 s: a miracle")]
    async fn it_fails_the_test_after_the_limit() {
        eventually("a miracle", Duration::from_millis(10), async || None::<()>).await;
    }
}

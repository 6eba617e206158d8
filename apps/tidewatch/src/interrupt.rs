//! Ctrl-c and SIGTERM.

use std::time::{Duration, Instant};

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Signals within this time count as one: `timeout` and some supervisors signal the process and then its whole process
/// group.
const ONE: Duration = Duration::from_millis(100);

/// A listener for both signals, from its creation on.
pub(crate) struct Interrupt {
    interrupt: Signal,
    terminate: Signal,
    last: Option<Instant>,
}

impl Interrupt {
    /// Starts listening. From now on the signals no longer terminate the process by themselves.
    pub(crate) fn listen() -> std::io::Result<Self> {
        let (interrupt, terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        Ok(Self { interrupt, terminate, last: None })
    }

    /// Waits for the next signal.
    pub(crate) async fn received(&mut self) {
        loop {
            tokio::select! {
                _ = self.interrupt.recv() => {}
                _ = self.terminate.recv() => {}
            }
            let now = Instant::now();
            if is_another(self.last, now) {
                self.last = Some(now);
                return;
            }
        }
    }
}

fn is_another(last: Option<Instant>, now: Instant) -> bool {
    last.is_none_or(|last| now.duration_since(last) >= ONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn simultaneous_signals_count_as_one_and_a_later_one_as_another() {
        let first = Instant::now();
        assert!(is_another(None, first));
        assert!(!is_another(Some(first), first + Duration::from_millis(1)));
        assert!(is_another(Some(first), first + Duration::from_secs(1)));
    }
}

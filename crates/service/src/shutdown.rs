//! The signal that tells a service, and everything it started, to end.
use tokio_util::sync::CancellationToken;

/// Asks whoever holds a clone of it to drain and return; once triggered it stays so.
#[derive(Clone, Debug, Default)]
pub struct Shutdown(CancellationToken);

impl Shutdown {
    /// A signal that nobody has triggered yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Triggers this signal and all its children.
    pub fn trigger(&self) {
        self.0.cancel();
    }

    /// Whether it was triggered, here or at a parent.
    pub fn is_triggered(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Waits until it is triggered; returns at once if it was.
    pub async fn triggered(&self) {
        self.0.cancelled().await;
    }

    /// A signal that is triggered with this one, but can be triggered alone as well.
    pub fn child(&self) -> Shutdown {
        Self(self.0.child_token())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_follows_its_parent_but_not_the_other_way_round() {
        let parent = Shutdown::new();
        let (first, second) = (parent.child(), parent.child());
        first.trigger();
        assert!(first.is_triggered() && !second.is_triggered() && !parent.is_triggered());
        parent.trigger();
        assert!(second.is_triggered());
    }
}

//! The shutdown signal of a service and everything it started.
use tokio_util::sync::CancellationToken;

/// A shutdown signal: holders of a clone drain and return when it triggers. It stays triggered.
#[derive(Clone, Debug, Default)]
pub struct Shutdown(CancellationToken);

impl Shutdown {
    /// Creates a signal that has not been triggered.
    pub fn new() -> Self {
        Self::default()
    }

    /// Triggers this signal and all its children.
    pub fn trigger(&self) {
        self.0.cancel();
    }

    /// Returns whether it has been triggered, here or at a parent.
    pub fn is_triggered(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Waits until it is triggered; returns at once if it already was.
    pub async fn triggered(&self) {
        self.0.cancelled().await;
    }

    /// Returns a signal that triggers with this one, but can also be triggered alone.
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

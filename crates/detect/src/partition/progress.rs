//! How far a partition has been evaluated.

use std::collections::VecDeque;

use crate::units::{Offset, Window};
use crate::watermark::Steps;

#[derive(Debug, Clone, Default)]
pub(super) struct Progress {
    /// The last window evaluated.
    pub(super) judged: Option<Window>,
    /// The offset at which evaluation began. Records before it are not in any pane.
    pub(super) begun_at: Option<Offset>,
    pub(super) steps: Steps,
    /// (offset, window): a lost process had evaluated up to that window when it was at that offset.
    pub(super) ahead: VecDeque<(Offset, Window)>,
}

impl Progress {
    /// Returns the next window that a lost process had evaluated by the time it was at `offset`, each only once.
    pub(super) fn next_ahead(&mut self, offset: Offset) -> Option<Window> {
        let (_, window) = self.ahead.pop_front_if(|&mut (from, _)| from <= offset)?;
        Some(window)
    }
}

//! How far a partition has been judged.

use std::collections::VecDeque;

use crate::units::{Offset, Window};
use crate::watermark::Steps;

#[derive(Debug, Clone, Default)]
pub(super) struct Progress {
    /// The last window judged.
    pub(super) judged: Option<Window>,
    /// The offset at which judging began: records before it are in no pane.
    pub(super) begun_at: Option<Offset>,
    pub(super) steps: Steps,
    /// (offset, window): a lost process had judged until that window when it was at that offset.
    pub(super) ahead: VecDeque<(Offset, Window)>,
}

impl Progress {
    /// Returns the window that a lost process had judged when it was at `offset` at the latest, each only once.
    pub(super) fn next_ahead(&mut self, offset: Offset) -> Option<Window> {
        let (_, window) = self.ahead.pop_front_if(|&mut (from, _)| from <= offset)?;
        Some(window)
    }
}

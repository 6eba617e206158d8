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

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the windows that a lost process had evaluated by the time it was at `offset`.
    fn ahead(progress: &mut Progress, offset: i64) -> Vec<i64> {
        std::iter::from_fn(|| progress.next_ahead(Offset(offset))).map(|window| window.0).collect()
    }

    #[test]
    fn a_takeover_catches_up_with_each_window_once_and_at_the_offset_of_the_lost_process() {
        let windows = [(10, 100), (10, 101), (20, 103)].map(|(offset, window)| (Offset(offset), Window(window)));
        let mut progress = Progress { ahead: windows.into(), ..Progress::default() };
        assert_eq!(ahead(&mut progress, 9), [0; 0], "the lost process was not there yet");
        assert_eq!(ahead(&mut progress, 10), [100, 101]);
        assert_eq!(ahead(&mut progress, 10), [0; 0]);
        assert_eq!(ahead(&mut progress, 25), [103], "its offset may be a hole");
    }

    #[test]
    fn a_process_without_a_predecessor_has_nothing_to_catch_up_with() {
        assert_eq!(ahead(&mut Progress::default(), i64::MAX), [0; 0]);
    }
}

//! Where the state comes from: the stream, and the other services' HTTP answers.

pub(crate) mod peers;
pub(crate) mod stream;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::state::State;

/// The state, filled by the sources and read by the server.
#[derive(Clone, Default)]
pub(crate) struct Shared(Arc<Mutex<State>>);

impl Shared {
    pub(crate) fn new(state: State) -> Self {
        Self(Arc::new(Mutex::new(state)))
    }

    // A panic while the lock is held leaves at worst one record uncounted, so a poisoned lock is as good as any.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

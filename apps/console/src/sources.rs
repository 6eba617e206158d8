//! The sources of the state: the stream, and the other services' HTTP answers.

pub(crate) mod peers;
pub(crate) mod stream;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::state::State;

/// The state, written by the sources and read by the server.
#[derive(Clone, Default)]
pub(crate) struct Shared(Arc<Mutex<State>>);

impl Shared {
    pub(crate) fn new(state: State) -> Self {
        Self(Arc::new(Mutex::new(state)))
    }

    // A panic while the lock is held loses at most one record's count, so a poisoned lock is safe to use.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! One rendering per second, shared by all open pages; none while no page is open.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::{Stream, stream};
use jiff::Timestamp;
use serde_json::json;
use tidewatch_service::Shutdown;
use tokio::sync::{Semaphore, broadcast};
use tokio::time::{Instant, MissedTickBehavior};

use crate::metrics::Metrics;
use crate::sources::Shared;
use crate::view::{self, Frame};

/// Maximum number of pages kept up to date at the same time.
pub(crate) const MAX_PAGES: usize = 32;
/// Number of frames that a page may be behind before it is dropped and connects again (Tokio rounds it up to 4).
const MAX_BEHIND: usize = 3;
const EVERY: Duration = Duration::from_secs(1);

/// A frame for all pages: as a whole, and as the changes since the previous frame.
struct Rendered {
    whole: Arc<str>,
    changes: Arc<str>,
}

pub(crate) struct Live {
    pub(crate) state: Shared,
    metrics: Metrics,
    latest: Mutex<Option<(Instant, Arc<Frame>)>>,
    frames: broadcast::Sender<Arc<Rendered>>,
    places: Arc<Semaphore>,
    shutdown: Shutdown,
}

impl Live {
    pub(crate) fn new(state: Shared, metrics: Metrics) -> Self {
        Self {
            state,
            metrics,
            latest: Mutex::default(),
            frames: broadcast::Sender::new(MAX_BEHIND),
            places: Arc::new(Semaphore::new(MAX_PAGES)),
            shutdown: Shutdown::new(),
        }
    }

    /// Returns the latest frame, or a new one if that is at least one second old.
    pub(crate) fn current(&self) -> Arc<Frame> {
        let latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match latest {
            Some((at, frame)) if at.elapsed() < EVERY => frame,
            _ => self.render(),
        }
    }

    fn render(&self) -> Arc<Frame> {
        let frame = Arc::new(view::frame(&self.state.lock(), Timestamp::now()));
        self.metrics.frames.inc();
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), Arc::clone(&frame)));
        frame
    }

    /// Renders once per second while a page is open, until shutdown; then ends every page's stream.
    pub(crate) async fn run(&self, shutdown: &Shutdown) {
        let mut tick = tokio::time::interval(EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut last: Option<Arc<Frame>> = None;
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                () = shutdown.triggered() => break,
            }
            if self.frames.receiver_count() == 0 {
                last = None;
                continue;
            }
            let frame = self.render();
            let rendered = Rendered { whole: message(&frame, None), changes: message(&frame, last.as_deref()) };
            // Sending fails only without receivers, and then nobody misses the frame.
            let _ = self.frames.send(Arc::new(rendered));
            last = Some(frame);
        }
        self.shutdown.trigger();
    }

    /// Returns the messages for one page, or `None` if too many pages are open. They end when the page falls behind.
    pub(crate) fn follow(self: &Arc<Self>) -> Option<impl Stream<Item = Arc<str>> + use<>> {
        let place = Arc::clone(&self.places).try_acquire_owned().ok()?;
        let page = OpenPage::new(self.metrics.clone());
        let frames = self.frames.subscribe();
        let first = message(&self.current(), None);
        let shutdown = self.shutdown.clone();
        let start = (frames, Some(first), false, (place, page), shutdown);
        Some(stream::unfold(start, async |(mut frames, first, continues, open, shutdown)| {
            if let Some(first) = first {
                return Some((first, (frames, None, false, open, shutdown)));
            }
            let received = tokio::select! {
                received = frames.recv() => received,
                () = shutdown.triggered() => return None,
            };
            match received {
                // The second message is a whole frame: changes between the first message and this frame are not in its
                // `changes`.
                Ok(rendered) => {
                    let message = if continues { &rendered.changes } else { &rendered.whole };
                    Some((Arc::clone(message), (frames, None, true, open, shutdown)))
                }
                Err(broadcast::error::RecvError::Lagged(_)) => {
                    open.1.metrics.dropped.inc();
                    None
                }
                Err(broadcast::error::RecvError::Closed) => None,
            }
        }))
    }
}

/// Counts a page as open while its stream exists.
struct OpenPage {
    metrics: Metrics,
}

impl OpenPage {
    fn new(metrics: Metrics) -> Self {
        metrics.pages.inc();
        Self { metrics }
    }
}

impl Drop for OpenPage {
    fn drop(&mut self) {
        self.metrics.pages.dec();
    }
}

/// Encodes a frame for the page's script, without the fragments that are unchanged since `last`.
fn message(frame: &Frame, last: Option<&Frame>) -> Arc<str> {
    let fragments: serde_json::Map<String, serde_json::Value> = frame
        .fragments
        .iter()
        .filter(|fragment| last.is_none_or(|last| !last.fragments.contains(fragment)))
        .map(|(id, markup)| ((*id).to_owned(), (**markup).into()))
        .collect();
    json!({ "title": frame.title, "icon": frame.icon, "at": frame.at, "fragments": fragments }).to_string().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::StreamExt;

    fn live() -> Arc<Live> {
        let metrics = Metrics::new(&prometheus::Registry::new()).unwrap();
        Arc::new(Live::new(Shared::default(), metrics))
    }

    fn ids(message: &str) -> usize {
        let message: serde_json::Value = serde_json::from_str(message).unwrap();
        message["fragments"].as_object().unwrap().len()
    }

    #[tokio::test(start_paused = true)]
    async fn a_page_gets_everything_first_and_then_only_changes() {
        let live = live();
        let shutdown = Shutdown::new();
        let mut messages = std::pin::pin!(live.follow().unwrap());
        let follow = async {
            let all = ids(&messages.next().await.unwrap());
            assert!(all >= 8);
            assert_eq!(ids(&messages.next().await.unwrap()), all);
            let changed = ids(&messages.next().await.unwrap());
            assert!(changed < all, "{changed} of {all}");
            shutdown.trigger();
            assert!(messages.next().await.is_none(), "shutdown ends the stream");
        };
        tokio::join!(live.run(&shutdown), follow);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_rendered_while_no_page_is_open() {
        let live = live();
        let shutdown = Shutdown::new();
        let end = async {
            tokio::time::sleep(Duration::from_secs(60)).await;
            assert_eq!(live.metrics.frames.get(), 0);
            shutdown.trigger();
        };
        tokio::join!(live.run(&shutdown), end);
    }

    #[tokio::test(start_paused = true)]
    async fn many_pages_share_one_rendering_per_second() {
        let live = live();
        let shutdown = Shutdown::new();
        let pages: Vec<_> = (0..MAX_PAGES).map(|_| live.follow().unwrap()).collect();
        assert!(live.follow().is_none(), "beyond {MAX_PAGES} pages are refused");
        let follow = async {
            futures::future::join_all(pages.into_iter().map(|page| page.take(10).count())).await;
            shutdown.trigger();
        };
        tokio::join!(live.run(&shutdown), follow);
        assert!(live.metrics.frames.get() <= 11, "{} frames", live.metrics.frames.get());
        assert_eq!(live.metrics.pages.get(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_page_that_does_not_keep_up_is_dropped_not_queued() {
        let live = live();
        let shutdown = Shutdown::new();
        let slow = live.follow().unwrap();
        let follow = async {
            tokio::time::sleep(Duration::from_secs(20)).await;
            assert_eq!(slow.count().await, 1, "the first message, then the end");
            shutdown.trigger();
        };
        tokio::join!(live.run(&shutdown), follow);
        assert_eq!(live.metrics.dropped.get(), 1);
        assert!(live.follow().is_some(), "its place is free again");
    }
}

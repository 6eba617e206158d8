//! The notifications to one receiver about one [alertname, service]: in order, one request at a time.
use super::{Kind, Now, RESEND, RESOLVED_RETENTION, SPACING, STALE_AFTER, Transition, backoff::Backoff};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};
use tidewatch_contract::{AlertEvent, AlertState};

/// Most alerts in one request. Receivers refuse bodies that are too large, and a service with many groups could cause
/// them.
const MOST: usize = 256;

/// The alerts of a group, and whether a request about them is in flight.
#[derive(Debug)]
pub(crate) struct Lane {
    alerts: BTreeMap<String, Alert>,
    in_flight: bool,
    failures: u32,
    /// The earliest time of the next request.
    resume_at: Duration,
    /// Most alerts in one request. Halved when the receiver refuses a request as too large.
    at_most: usize,
}

impl Default for Lane {
    fn default() -> Self {
        Self { alerts: BTreeMap::new(), in_flight: false, failures: 0, resume_at: Duration::ZERO, at_most: MOST }
    }
}

#[derive(Debug, Default)]
struct Alert {
    /// Transitions that were not accepted yet, oldest first.
    pending: VecDeque<Transition>,
    /// The transition that was accepted last.
    notified: Option<Notified>,
}

#[derive(Debug)]
struct Notified {
    event: Arc<AlertEvent>,
    /// When it was accepted; `None` if an earlier run sent it.
    at: Option<Duration>,
    resend_at: Duration,
    resend_until: Duration,
}

impl Notified {
    fn new(event: Arc<AlertEvent>, at: Option<Duration>, resend_at: Duration, resolved_until: Duration) -> Self {
        let resend_until = if event.state == AlertState::Firing { Duration::MAX } else { resolved_until };
        Self { event, at, resend_at, resend_until }
    }

    fn fires(&self) -> bool {
        self.event.state == AlertState::Firing
    }

    fn is_repeated(&self, now: Now) -> bool {
        now.elapsed < self.resend_until
    }
}

impl Lane {
    /// Records a transition that an earlier run delivered. It is the current state, and is sent to Alertmanager again
    /// at once.
    pub(crate) fn recall(&mut self, event: Arc<AlertEvent>, now: Now) {
        // Counted from the transition, so that a restart doesn't resend a resolved alert for another 15 minutes.
        let age = Duration::try_from(now.wall.duration_since(event.fired_at)).unwrap_or_default();
        let resolved_until = now.elapsed + RESOLVED_RETENTION.saturating_sub(age);
        let alert = self.alerts.entry(event.fingerprint.clone()).or_default();
        alert.notified = Some(Notified::new(event, None, now.elapsed, resolved_until));
    }

    /// Queues a transition for delivery.
    pub(crate) fn push(&mut self, transition: Transition) {
        self.alerts.entry(transition.event.fingerprint.clone()).or_default().pending.push_back(transition);
    }

    /// Removes alerts that ended too long ago to be sent. If the receiver was notified of the start, the end is always
    /// sent.
    pub(crate) fn take_stale(&mut self, now: Now) -> Vec<Transition> {
        if self.in_flight {
            return Vec::new();
        }
        self.alerts.values_mut().flat_map(|alert| alert.take_stale(now)).collect()
    }

    /// Returns the events to send now, if any. The lane then waits for [`Lane::finish`].
    pub(crate) fn next(&mut self, kind: Kind, now: Now) -> Option<Vec<Arc<AlertEvent>>> {
        if self.in_flight || now.elapsed < self.resume_at {
            return None;
        }
        let due = self.alerts.values().any(|alert| {
            let repeated = alert.repeated(kind, now);
            alert.ready(kind, now).is_some() || repeated.is_some_and(|notified| notified.resend_at <= now.elapsed)
        });
        if !due {
            return None;
        }
        let (ready, others): (Vec<_>, Vec<_>) =
            self.alerts.values().partition(|alert| alert.ready(kind, now).is_some());
        let ready = ready.into_iter().filter_map(|alert| Some(&alert.ready(kind, now)?.event));
        // When one repetition is due, the others of its group are sent along, so that they stay in one request if they
        // fit.
        let mut repeated: Vec<_> = others.into_iter().filter_map(|alert| alert.repeated(kind, now)).collect();
        repeated.sort_by_key(|notified| notified.resend_at);
        let events = ready.chain(repeated.into_iter().map(|notified| &notified.event));
        let events = events.take(self.at_most).map(Arc::clone).collect();
        self.in_flight = true;
        Some(events)
    }

    /// Halves the request size after the receiver refused a request with this many alerts as too large; one is the
    /// minimum.
    pub(crate) fn send_fewer_than(&mut self, alerts: usize) {
        self.at_most = (alerts / 2).max(1);
    }

    /// Ends the request that contained `sent`. Returns the transitions that are now completed.
    pub(crate) fn finish(
        &mut self,
        sent: &[Arc<AlertEvent>],
        accepted: bool,
        now: Now,
        backoff: &mut Backoff,
    ) -> Vec<Transition> {
        self.in_flight = false;
        if !accepted {
            self.failures = self.failures.saturating_add(1);
            self.resume_at = now.elapsed + backoff.pause(self.failures);
            return Vec::new();
        }
        self.failures = 0;
        let mut done = Vec::new();
        for event in sent {
            let Some(alert) = self.alerts.get_mut(&event.fingerprint) else { continue };
            let resend_at = now.elapsed + RESEND;
            if let Some(accepted) = alert.pending.pop_front_if(|head| head.event.id == event.id) {
                let resolved_until = now.elapsed + RESOLVED_RETENTION;
                alert.notified = Some(Notified::new(Arc::clone(event), Some(now.elapsed), resend_at, resolved_until));
                done.push(accepted);
            } else if let Some(notified) = &mut alert.notified {
                notified.resend_at = resend_at;
            }
        }
        done
    }

    /// Drops alerts that are resolved and no longer resent.
    pub(crate) fn forget(&mut self, now: Now) {
        if !self.in_flight {
            self.alerts.retain(|_, alert| {
                let notified = alert.notified.as_ref();
                !alert.pending.is_empty() || notified.is_some_and(|notified| notified.is_repeated(now))
            });
        }
    }

    /// Returns whether nothing is left to send, now or later.
    pub(crate) fn is_empty(&self) -> bool {
        self.alerts.is_empty()
    }
}

impl Alert {
    /// Returns the oldest transition that was not accepted, if it may be sent now.
    fn ready(&self, kind: Kind, now: Now) -> Option<&Transition> {
        let notified_at = self.notified.as_ref().and_then(|notified| notified.at);
        let spaced = notified_at.is_none_or(|at| at + SPACING <= now.elapsed);
        self.pending.front().filter(|_| kind == Kind::Webhook || spaced)
    }

    /// Returns the transition that was accepted last, if the receiver needs it repeated.
    fn repeated(&self, kind: Kind, now: Now) -> Option<&Notified> {
        self.notified.as_ref().filter(|notified| kind == Kind::Alertmanager && notified.is_repeated(now))
    }

    fn take_stale(&mut self, now: Now) -> Vec<Transition> {
        let mut stale = Vec::new();
        let is_old_end = |transition: &Transition| {
            // Adding the limit to a record's time instead could overflow the timestamp.
            let age = now.wall.duration_since(transition.event.fired_at);
            transition.event.state == AlertState::Resolved && age > STALE_AFTER
        };
        loop {
            let fires = self.notified.as_ref().is_some_and(Notified::fires);
            match (self.pending.front(), self.pending.get(1)) {
                (Some(end), _) if !fires && is_old_end(end) => stale.extend(self.pending.pop_front()),
                (Some(start), Some(end)) if start.event.state == AlertState::Firing && is_old_end(end) => {
                    stale.extend(self.pending.drain(..2));
                }
                _ => return stale,
            }
        }
    }
}

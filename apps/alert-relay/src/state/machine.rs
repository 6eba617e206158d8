//! The state of all receivers and their lanes: takes records and returns deliveries.
use super::{
    Kind, Now, Transition,
    backoff::Backoff,
    lane::Lane,
    ledger::{Label, Ledger, Verdict},
    positions::Positions,
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};
use tidewatch_contract::AlertEvent;

/// How often resolved alerts are checked for removal.
const FORGET_EVERY: Duration = Duration::from_secs(60);

/// The key by which alerts are grouped: [alertname, service], as in Alertmanager's route for the fast path.
pub(crate) type Group = (String, String);

/// One request: these alerts to this receiver.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    /// The index of the receiver.
    pub(crate) receiver: usize,
    pub(crate) group: Group,
    pub(crate) events: Vec<Arc<AlertEvent>>,
}

/// The complete state of the relay.
#[derive(Debug)]
pub(crate) struct Machine {
    receivers: Vec<Receiver>,
    ledger: Ledger,
    positions: Positions,
    backoff: Backoff,
    forget_at: Duration,
}

#[derive(Debug)]
struct Receiver {
    kind: Kind,
    lanes: HashMap<Group, Lane>,
}

impl Machine {
    /// Creates an empty state. `committed` is where an earlier run stopped, `seed` is the seed of the back-off's
    /// jitter.
    pub(crate) fn new(receivers: &[Kind], committed: &BTreeMap<i32, i64>, seed: u64) -> Self {
        let mut positions = Positions::default();
        positions.restore(committed);
        Self {
            receivers: receivers.iter().map(|kind| Receiver { kind: *kind, lanes: HashMap::new() }).collect(),
            ledger: Ledger::default(),
            positions,
            backoff: Backoff::new(seed),
            forget_at: Duration::ZERO,
        }
    }

    /// Takes a record of `alerts.fired`. Records of a partition must come in order, starting with the oldest.
    pub(crate) fn observe(&mut self, transition: Transition, now: Now) -> Verdict {
        let Transition { partition, offset, .. } = transition;
        let verdict = self.ledger.judge(&transition.event, partition);
        if verdict != Verdict::Taken {
            self.skip(partition, offset);
            return verdict;
        }
        let notified = self.positions.is_committed(partition, offset);
        self.positions.read(partition, offset, if notified { 0 } else { self.receivers.len() });
        for receiver in &mut self.receivers {
            let lane = receiver.lanes.entry(group_of(&transition.event)).or_default();
            if notified {
                lane.recall(Arc::clone(&transition.event), now);
            } else {
                lane.push(transition.clone());
            }
        }
        verdict
    }

    /// Marks a record that has nothing to send as read.
    pub(crate) fn skip(&mut self, partition: i32, offset: i64) {
        self.positions.read(partition, offset, 0);
    }

    /// Removes alerts that ended too long ago to be sent. Each comes with the index of the receiver that won't get it.
    pub(crate) fn take_stale(&mut self, now: Now) -> Vec<(usize, Arc<AlertEvent>)> {
        let mut stale = Vec::new();
        for (index, receiver) in self.receivers.iter_mut().enumerate() {
            for transition in receiver.lanes.values_mut().flat_map(|lane| lane.take_stale(now)) {
                self.positions.done(transition.partition, transition.offset);
                stale.push((index, transition.event));
            }
        }
        stale
    }

    /// Returns the requests that are due. Each must be completed with [`Machine::finish`].
    pub(crate) fn due(&mut self, now: Now) -> Vec<Delivery> {
        if self.forget_at <= now.elapsed {
            self.forget_at = now.elapsed + FORGET_EVERY;
            self.forget(now);
        }
        let mut due = Vec::new();
        for (index, receiver) in self.receivers.iter_mut().enumerate() {
            for (group, lane) in &mut receiver.lanes {
                let events = lane.next(receiver.kind, now);
                due.extend(events.map(|events| Delivery { receiver: index, group: group.clone(), events }));
            }
        }
        due
    }

    /// Records that the receiver refused this request as too large. Must be called before [`Machine::finish`].
    pub(crate) fn was_too_large(&mut self, delivery: &Delivery) {
        if let Some(lane) = self.receivers[delivery.receiver].lanes.get_mut(&delivery.group) {
            lane.send_fewer_than(delivery.events.len());
        }
    }

    /// Completes a request. Returns the transitions that the receiver accepted with it for the first time.
    pub(crate) fn finish(&mut self, delivery: &Delivery, accepted: bool, now: Now) -> Vec<Arc<AlertEvent>> {
        let Some(lane) = self.receivers[delivery.receiver].lanes.get_mut(&delivery.group) else { return Vec::new() };
        let done = lane.finish(&delivery.events, accepted, now, &mut self.backoff);
        for transition in &done {
            self.positions.done(transition.partition, transition.offset);
        }
        done.into_iter().map(|transition| transition.event).collect()
    }

    /// Returns the offsets to commit: the next offset per partition of `alerts.fired`.
    pub(crate) fn committable(&self) -> BTreeMap<i32, i64> {
        self.positions.committable()
    }

    /// Records that the broker has committed these offsets.
    pub(crate) fn committed(&mut self, offsets: &BTreeMap<i32, i64>) {
        self.positions.committed(offsets);
    }

    /// Returns the next offset to read per partition.
    pub(crate) fn next_offsets(&self) -> BTreeMap<i32, i64> {
        self.positions.next()
    }

    /// Returns how many alerts are firing, per known label set.
    pub(crate) fn firing(&self) -> BTreeMap<&Label, usize> {
        self.ledger.firing()
    }

    /// Returns how many transitions are still waiting for a receiver.
    pub(crate) fn pending(&self) -> usize {
        self.positions.open()
    }

    fn forget(&mut self, now: Now) {
        self.ledger.forget(now);
        for receiver in &mut self.receivers {
            receiver.lanes.retain(|_, lane| {
                lane.forget(now);
                !lane.is_empty()
            });
        }
    }
}

fn group_of(event: &AlertEvent) -> Group {
    (event.rule.clone(), event.group.get("service").cloned().unwrap_or_default())
}

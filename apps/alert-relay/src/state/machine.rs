//! All receivers and their lanes, fed with records and asked for deliveries.
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

/// How often what is over is forgotten.
const FORGET_EVERY: Duration = Duration::from_secs(60);

/// Alertmanager's default for the fast path: [alertname, service].
pub(crate) type Group = (String, String);

/// One request: these alerts to that receiver.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    /// Index of the receiver.
    pub(crate) receiver: usize,
    pub(crate) group: Group,
    pub(crate) events: Vec<Arc<AlertEvent>>,
}

/// The relay's whole state.
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
    /// Nothing known yet. `committed` is where an earlier run ended, `seed` that of the back-off's jitter.
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

    /// A record of `alerts.fired`: in the order of its partition, from its oldest on.
    pub(crate) fn observe(&mut self, transition: Transition, now: Now) -> Verdict {
        let Transition { partition, offset, .. } = transition;
        let verdict = self.ledger.judge(&transition.event, partition);
        if verdict != Verdict::Taken {
            self.skip(partition, offset);
            return verdict;
        }
        let told = self.positions.is_committed(partition, offset);
        self.positions.read(partition, offset, if told { 0 } else { self.receivers.len() });
        for receiver in &mut self.receivers {
            let lane = receiver.lanes.entry(group_of(&transition.event)).or_default();
            if told {
                lane.recall(Arc::clone(&transition.event), now);
            } else {
                lane.push(transition.clone());
            }
        }
        verdict
    }

    /// A record that says nothing.
    pub(crate) fn skip(&mut self, partition: i32, offset: i64) {
        self.positions.read(partition, offset, 0);
    }

    /// Takes out what is over and too old to be told, with the index of the receiver that it would have been told.
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

    /// The requests that are due. Each of them is to be answered by [`Machine::finish`].
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

    /// The receiver refused this request because of its size. To be said before [`Machine::finish`].
    pub(crate) fn was_too_large(&mut self, delivery: &Delivery) {
        if let Some(lane) = self.receivers[delivery.receiver].lanes.get_mut(&delivery.group) {
            lane.send_fewer_than(delivery.events.len());
        }
    }

    /// A request ended. Returns the transitions that its receiver has accepted with it for the first time.
    pub(crate) fn finish(&mut self, delivery: &Delivery, accepted: bool, now: Now) -> Vec<Arc<AlertEvent>> {
        let Some(lane) = self.receivers[delivery.receiver].lanes.get_mut(&delivery.group) else { return Vec::new() };
        let done = lane.finish(&delivery.events, accepted, now, &mut self.backoff);
        for transition in &done {
            self.positions.done(transition.partition, transition.offset);
        }
        done.into_iter().map(|transition| transition.event).collect()
    }

    /// What may be committed: next offsets of `alerts.fired`.
    pub(crate) fn committable(&self) -> BTreeMap<i32, i64> {
        self.positions.committable()
    }

    /// The broker has these offsets.
    pub(crate) fn committed(&mut self, offsets: &BTreeMap<i32, i64>) {
        self.positions.committed(offsets);
    }

    /// Where to read on.
    pub(crate) fn next_offsets(&self) -> BTreeMap<i32, i64> {
        self.positions.next()
    }

    /// How many alerts are firing, of each that is known.
    pub(crate) fn firing(&self) -> BTreeMap<&Label, usize> {
        self.ledger.firing()
    }

    /// How many transitions wait for a receiver.
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

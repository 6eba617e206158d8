//! The groups of a partition, found by an event's labels without allocating, and the services that they belong to.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashTable};
use tidewatch_contract::RequestView;

use crate::group::Group;
use crate::pane::Ring;
use crate::rules::{Label, Rules};
use crate::state::GroupKind;
use crate::units::Pane;

/// Maximum length of a label value in bytes. An event with a longer one doesn't get a group of its own, because the
/// state per group must stay small.
const MAX_LABEL_BYTES: usize = 256;

/// A service that has groups in this partition or is expected in it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Service {
    pub(crate) name: Box<str>,
    groups: usize,
    /// Slots of the service's plain groups.
    pub(crate) members: Vec<usize>,
    /// Slot of the group of the whole service.
    pub(crate) total: Option<usize>,
    /// Malformed records, of which only the service is known.
    pub(crate) unattributed: Ring,
    /// Slot of the group of the expected service.
    pub(crate) expected: Option<usize>,
}

#[derive(Debug, Clone)]
pub(crate) struct Groups {
    rules: Arc<Rules>,
    slots: Vec<Option<Group>>,
    free: Vec<usize>,
    plain: HashTable<usize>,
    overflow: Option<usize>,
    /// Number of groups of a whole service.
    totals: usize,
    services: Vec<Service>,
    free_services: Vec<usize>,
    by_name: HashMap<Box<str>, usize>,
    hasher: DefaultHashBuilder,
}

impl Groups {
    pub(crate) fn new(rules: Arc<Rules>) -> Self {
        Self {
            rules,
            slots: Vec::new(),
            free: Vec::new(),
            plain: HashTable::new(),
            overflow: None,
            totals: 0,
            services: Vec::new(),
            free_services: Vec::new(),
            by_name: HashMap::new(),
            hasher: DefaultHashBuilder::default(),
        }
    }

    /// Returns the slot of the event's own group.
    pub(crate) fn find(&self, event: &RequestView<'_>) -> Option<usize> {
        let labels = &self.rules.group_by;
        let is_it = |slot: &usize| {
            let group = self.slots[*slot].as_ref();
            group
                .is_some_and(|group| labels.iter().zip(&group.values).all(|(label, value)| label.of(event) == &**value))
        };
        self.plain.find(hash(&self.hasher, labels.iter().map(|label| label.of(event))), is_it).copied()
    }

    /// Returns the labels that the event's group would have, in the order of `group_by`; `None` if one is too long.
    pub(crate) fn values_of(&self, event: &RequestView<'_>) -> Option<Vec<Box<str>>> {
        let values = self.rules.group_by.iter().map(|label| label.of(event));
        values.map(|value| (value.len() <= MAX_LABEL_BYTES).then(|| value.into())).collect()
    }

    pub(crate) fn insert(&mut self, mut group: Group) -> usize {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() - 1
        });
        let name = group.labels.get(Label::Service.name()).cloned().unwrap_or_default();
        if group.kind != GroupKind::Overflow {
            group.service = self.service_or_new(&name);
            self.services[group.service].groups += 1;
        }
        match group.kind {
            GroupKind::Plain => {
                let hash = hash_of(&self.hasher, &group);
                let (hasher, slots) = (&self.hasher, &self.slots);
                let rehash = |&other: &usize| slots[other].as_ref().map_or(0, |group| hash_of(hasher, group));
                self.plain.insert_unique(hash, slot, rehash);
                self.services[group.service].members.push(slot);
            }
            GroupKind::Overflow => self.overflow = Some(slot),
            GroupKind::Expected => self.services[group.service].expected = Some(slot),
            GroupKind::Service => {
                self.services[group.service].total = Some(slot);
                self.totals += 1;
            }
        }
        self.slots[slot] = Some(group);
        slot
    }

    pub(crate) fn remove(&mut self, slot: usize) -> Option<Group> {
        let group = self.slots.get_mut(slot)?.take()?;
        self.free.push(slot);
        if group.kind == GroupKind::Plain {
            let hash = hash_of(&self.hasher, &group);
            if let Ok(entry) = self.plain.find_entry(hash, |&other| other == slot) {
                entry.remove();
            }
        }
        if group.kind == GroupKind::Overflow {
            self.overflow = None;
            return Some(group);
        }
        let service = &mut self.services[group.service];
        service.groups -= 1;
        match group.kind {
            GroupKind::Plain => service.members.retain(|&member| member != slot),
            GroupKind::Expected => service.expected = None,
            GroupKind::Service => {
                service.total = None;
                self.totals -= 1;
            }
            GroupKind::Overflow => {}
        }
        if service.groups == 0 {
            let service = std::mem::take(service);
            self.by_name.remove(&service.name);
            self.free_services.push(group.service);
        }
        Some(group)
    }

    fn service_or_new(&mut self, name: &str) -> usize {
        if let Some(&service) = self.by_name.get(name) {
            return service;
        }
        let service = Service { name: name.into(), ..Service::default() };
        let slot = match self.free_services.pop() {
            Some(slot) => {
                self.services[slot] = service;
                slot
            }
            None => {
                self.services.push(service);
                self.services.len() - 1
            }
        };
        self.by_name.insert(name.into(), slot);
        slot
    }

    pub(crate) fn service(&mut self, name: &str) -> Option<&mut Service> {
        let slot = *self.by_name.get(name)?;
        self.services.get_mut(slot)
    }

    /// Returns the services that have groups in this partition.
    pub(crate) fn services(&self) -> impl Iterator<Item = &Service> {
        self.services.iter().filter(|service| service.groups > 0)
    }

    pub(crate) fn service_of(&self, group: &Group) -> Option<&Service> {
        self.services.get(group.service)
    }

    /// Returns the slot of the group that expects the service of the group at `slot`.
    pub(crate) fn expected_beside(&self, slot: usize) -> Option<usize> {
        let service = self.slots[slot].as_ref()?.service;
        self.services.get(service)?.expected
    }

    pub(crate) fn get(&self, slot: usize) -> Option<&Group> {
        self.slots.get(slot)?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, slot: usize) -> Option<&mut Group> {
        self.slots.get_mut(slot)?.as_mut()
    }

    pub(crate) fn overflow(&self) -> Option<usize> {
        self.overflow
    }

    /// Returns the number of plain groups, to which the limit applies.
    pub(crate) fn plain_count(&self) -> usize {
        self.plain.len()
    }

    /// Returns the number of groups, not counting those of a whole service.
    pub(crate) fn count(&self) -> usize {
        self.slots.len() - self.free.len() - self.totals
    }

    pub(crate) fn slots(&self) -> std::ops::Range<usize> {
        0..self.slots.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Group> {
        self.slots.iter().flatten()
    }

    /// Returns a group and the malformed records of its service.
    pub(crate) fn with_unattributed(&mut self, slot: usize) -> Option<(&mut Group, &Ring)> {
        const NONE: &Ring = &Ring::EMPTY;
        let group = self.slots.get_mut(slot)?.as_mut()?;
        let unattributed = self.services.get(group.service).map_or(NONE, |service| &service.unattributed);
        Some((group, unattributed))
    }

    pub(crate) fn unattributed_of(&self, group: &Group) -> &Ring {
        const NONE: &Ring = &Ring::EMPTY;
        self.services.get(group.service).map_or(NONE, |service| &service.unattributed)
    }

    pub(crate) fn forget_unattributed_before(&mut self, pane: Pane) {
        for service in &mut self.services {
            service.unattributed.forget_before(pane);
        }
    }
}

fn hash_of(hasher: &DefaultHashBuilder, group: &Group) -> u64 {
    hash(hasher, group.values.iter().map(|value| &**value))
}

fn hash<'a>(hasher: &DefaultHashBuilder, values: impl Iterator<Item = &'a str>) -> u64 {
    let mut hasher = hasher.build_hasher();
    for value in values {
        hasher.write(value.as_bytes());
        hasher.write_u8(0xff);
    }
    hasher.finish()
}

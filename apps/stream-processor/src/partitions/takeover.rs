//! The takeover of partitions, with the state of the earlier owner, from the oldest offset that the next window needs.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use tidewatch_contract::{AlertEvent, Event};
use tidewatch_detect::{Limits, Partition};
use tidewatch_kafka::topics::{ALERTS_FIRED, METRICS_RAW, PROCESSOR_STATE};
use tidewatch_kafka::{Committed, KafkaError, partition_of};

use super::offsets::skip_lost;
use super::{Partitions, Tools};
use crate::owned::Owned;
use crate::state::{Loaded, StateRecord};

impl Partitions {
    /// Takes over partitions with the state of the earlier owner, and returns the offset at which to begin reading each
    /// one.
    pub(super) fn take_over(&mut self, partitions: &[Committed]) -> Result<Vec<(i32, i64)>, KafkaError> {
        let Tools { runtime, reader, .. } = &self.tools;
        let ids: Vec<i32> = partitions.iter().map(|committed| committed.partition).collect();
        let (state, input, ends, alerts) = runtime.block_on(async {
            let state = reader.read_partitions_to_end(&PROCESSOR_STATE, &ids).await?;
            let input = reader.partitions(&METRICS_RAW).await?.len();
            // Only of these partitions: another member's partition without a leader must not block the takeover.
            let ends = reader.ends_of(&METRICS_RAW, &ids).await?;
            Ok::<_, KafkaError>((state, input, ends, reader.read_to_end(&ALERTS_FIRED).await?))
        })?;
        let alerts: Vec<AlertEvent> =
            alerts.iter().filter_map(|record| AlertEvent::parse(&record.payload).ok()).collect();
        let mut starts = Vec::new();
        for committed in partitions {
            let id = committed.partition;
            let loaded = Loaded::from_records(state.iter().filter(|record| record.partition == id));
            let mut owned = self.restore(committed, loaded, (input, &ends), &alerts);
            if let Some((low, _)) = ends.get(&id).filter(|(low, _)| owned.position() < *low) {
                skip_lost(&self.tools.metrics, &mut owned, *low);
            }
            starts.push((id, owned.position()));
            self.owned.insert(id, owned);
        }
        self.claim(&ids)?;
        Ok(starts)
    }

    fn restore(
        &self,
        committed: &Committed,
        mut loaded: Loaded,
        (input, ends): (usize, &BTreeMap<i32, (i64, i64)>),
        alerts: &[AlertEvent],
    ) -> Owned {
        let id = committed.partition;
        let (low, high) = ends.get(&id).copied().unwrap_or((0, i64::MAX));
        let rules = Arc::clone(&self.tools.rules);
        // Each partition has its own share, so that the groups that fit don't depend on which partitions a member
        // happens to own.
        let max_groups = self.tools.limits.max_groups.div_ceil(input.max(1));
        let limits = Limits { max_groups, ..self.tools.limits };
        let next = committed.commit.as_ref().map(|commit| commit.next_offset);
        let read_up_to = loaded.partition.as_ref().map(|state| state.next_offset).max(next);
        let mut unsaved = BTreeMap::new();
        if let Some(read_up_to) = read_up_to.filter(|read_up_to| *read_up_to > high) {
            tracing::error!(
                partition = id,
                read_up_to,
                high,
                "the input ends before the stored position: its topic was recreated and is read from the beginning"
            );
            loaded.begin_anew_at(low);
            let groups = loaded.groups.iter();
            unsaved = groups.map(|(key, group)| (key.clone(), StateRecord::group(key.clone(), Some(group)))).collect();
        }
        let next = next.filter(|next| *next <= high);
        let mut detector = match loaded.partition {
            Some(state) => Partition::restore(id, rules, limits, state, loaded.groups),
            None => Partition::new(id, next.unwrap_or(low), rules, limits),
        };
        for service in self.tools.rules.expect() {
            if partition_of(service.as_bytes(), input) == id {
                detector.expect(service);
            }
        }
        if let Some(next) = next.filter(|next| *next > detector.state().next_offset) {
            tracing::error!(
                partition = id,
                committed = next,
                "the state is older than the commit: some records are evaluated again"
            );
        }
        let judged_until = detector.judged_until();
        let alerts = alerts.iter().filter(|alert| alert.partition == id);
        // Even if the state was deleted and the alerts were not, readers must trust the newer alerts.
        let generation = alerts.clone().map(|alert| alert.generation).fold(loaded.generation, i64::max);
        let already_written: HashSet<String> = alerts
            .filter(|alert| judged_until.is_none_or(|until| alert.window_end > until))
            .map(|alert| alert.id.clone())
            .collect();
        // Windows whose alerts the earlier owner has already written must be evaluated exactly as before.
        if already_written.is_empty() {
            detector.resume_unwatched(high);
        }
        Owned::new(detector, generation.saturating_add(1), unsaved, already_written)
    }

    /// Writes the new generation before anything else, so that later writes by the earlier owner are ignored.
    fn claim(&mut self, ids: &[i32]) -> Result<(), KafkaError> {
        for id in ids {
            let Some(owned) = self.owned.get(id) else { continue };
            let state = owned.detector().state();
            owned.write_state(&state, |message| self.tools.runtime.block_on(self.tools.producer.send(message)))?;
        }
        Ok(())
    }
}

//! The ends of the owned partitions, watched by a thread.

use std::sync::Weak;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};

use super::member::{Member, lock};
use super::{Ends, Ownership};
use crate::client::Quiet;
use crate::ends;

const INTERVAL: Duration = Duration::from_secs(1);

/// Asks for the ends of all owned partitions once per second, until the consumer is dropped. `uncommitted` is asked for
/// the next offset to be written, the consumer for the next one it could read.
pub(super) fn watch<O: Ownership>(consumer: &Weak<BaseConsumer<Member<O>>>, uncommitted: &BaseConsumer<Quiet>) {
    while let Some(consumer) = consumer.upgrade() {
        let member: &Member<O> = consumer.context();
        let owned = lock(&member.owned).clone();
        let asked = Instant::now();
        // Partitions without a leader are asked for again in the next round: the others must not wait for them.
        let limits = ends::Limits { answer: INTERVAL, leaders: Duration::ZERO };
        let answers = ends::ask(&*consumer, member.topic, &owned, limits).and_then(|stable| {
            // Asked last, so that records written in between can't make an open transaction look closed.
            Ok((stable, ends::ask_high(uncommitted, member.topic, &owned, limits)?))
        });
        match answers {
            Ok((stable, high)) if !owned.is_empty() => {
                member.pulse.beat();
                let unknown: Vec<&i32> = owned.iter().filter(|id| !high.contains_key(id)).collect();
                if !unknown.is_empty() {
                    tracing::debug!(partitions = ?unknown, "no broker reported where these partitions end");
                }
                // The member may have lost the partition in the meantime.
                let still_owned = lock(&member.owned).clone();
                let mut ends = lock(&member.ends);
                for (partition, (low, stable)) in stable {
                    if let Some(high) = high.get(&partition).filter(|_| still_owned.contains(&partition)) {
                        ends.insert(partition, Ends { low, stable, high: *high, asked });
                    }
                }
            }
            Ok(_) => {}
            Err(error) => tracing::debug!(%error, "no answer to the query for the partitions' ends"),
        }
        if member.closing.load(Ordering::Relaxed) {
            return;
        }
        drop(consumer);
        thread::sleep(INTERVAL);
    }
}

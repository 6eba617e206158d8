//! The events of the workload-simulator, as they reach a partition.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tidewatch_workload::{FaultBook, Generator, Workload};

use crate::scenario::{Payload, Sent, at};

/// The longest time from a request to its record, in seconds.
const DELAY: f64 = 0.5;

/// Returns the records of the default workload for `seconds`, in the order in which they arrive.
pub(crate) fn simulated(seed: u64, seconds: f64, faults: &FaultBook) -> Vec<Sent> {
    let workload = Workload::default();
    let services: Vec<_> = workload.services.iter().map(|service| service.name.to_owned()).collect();
    let mut rng = StdRng::seed_from_u64(seed);
    let emissions = Generator::new(workload, seed, at(0.0)).until(at(seconds), faults, usize::MAX);
    let sent = emissions.into_iter().map(|emission| {
        let appended = crate::scenario::seconds(emission.due) + rng.random_range(0.0..DELAY);
        match emission.payload {
            tidewatch_workload::Payload::Event(event) => Sent::new(appended, event),
            tidewatch_workload::Payload::Malformed(..) => {
                Sent { appended, payload: Payload::Malformed(Some(services[emission.service].clone())) }
            }
        }
    });
    let mut sent: Vec<_> = sent.collect();
    sent.sort_by(|a, b| a.appended.total_cmp(&b.appended));
    sent
}

//! The simulator's default workload is healthy, so no alert fires.
#![allow(clippy::unwrap_used, missing_docs)]

mod scenario;
mod workload;

use scenario::Scenario;
use tidewatch_workload::FaultBook;

#[test]
fn fifteen_minutes_of_the_default_workload_raise_no_alert_with_any_of_20_seeds() {
    for seed in 0..20 {
        let stream = workload::simulated(seed, 900.0, &FaultBook::new());
        assert_eq!(stream.len(), 4 * 20 * 900, "four services with 20 requests per second");
        let mut scenario = Scenario::new();
        scenario.play(&stream);
        assert_eq!(scenario.story(), [""; 0], "seed {seed}");
        assert_eq!(scenario.partition.totals().late, 0, "seed {seed}");
        assert_eq!(scenario.partition.group_count(), 12);
    }
}

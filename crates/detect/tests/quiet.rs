//! The default workload is healthy, so no alert fires.
#![allow(clippy::unwrap_used, missing_docs)]

mod scenario;
mod workload;

use scenario::Scenario;
use workload::Workload;

#[test]
fn fifteen_minutes_of_the_default_workload_raise_nothing_whatever_the_seed() {
    for seed in 0..20 {
        let stream = Workload::new(seed).run(900.0);
        assert!((70_000..74_000).contains(&stream.len()), "80 a second: {}", stream.len());
        let mut scenario = Scenario::new();
        scenario.play(&stream);
        assert_eq!(scenario.story(), [""; 0], "seed {seed}");
        assert_eq!(scenario.partition.totals().late, 0, "seed {seed}");
        assert_eq!(scenario.partition.group_count(), 12);
    }
}

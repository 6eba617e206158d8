//! How often the rules fire for patterns of traffic that were reported of other systems.
// The table is shown with --nocapture.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

mod patterns;
mod scenario;

use patterns::{ALL, fired, named, tally, watch};

const HOUR: i64 = 3_600;

#[test]
fn prints_how_often_each_rule_fires_in_an_hour() {
    for (name, pattern) in ALL {
        let told = watch(pattern, HOUR, 7);
        println!("| {name} | {} |", tally(&told));
        for transition in told.iter().filter(|told| told.rule == "TrafficDrop") {
            println!("    {} {}", scenario::line(transition), transition.summary);
        }
    }
}

//! No fault is active: it would be mistaken for one of this check's faults, and healed with them.

use std::sync::Arc;

use tidewatch_contract::http::simulator::FAULTS;

use super::super::outcome::{Failure, Note, Verdict};
use super::super::stack::Stack;
use super::{lacks, until};
use crate::simulator::{Faults, described};

/// Asks the simulator once; the request is only repeated while it fails.
pub(in super::super) async fn check(stack: Arc<Stack>, note: Note) -> Verdict {
    let Some(simulator) = &stack.simulator else { return lacks("simulator") };
    let expected = "no fault active";
    let mut wrong = None;
    let passed = until(&note, async || match simulator.faults().await {
        Ok(faults) => {
            wrong = judge(&faults).map(|seen| Failure::new(expected, seen, stack.heal_command()));
            Ok(String::new())
        }
        Err(error) => Err(Failure::new(expected, format!("{error:#}"), stack.curl("simulator", FAULTS))),
    })
    .await;
    wrong.map_or(passed, Verdict::Failed)
}

fn judge(faults: &Faults) -> Option<String> {
    let active: Vec<String> =
        faults.active.iter().map(|fault| format!("{} since {:.0}", described(fault), fault.injected_at)).collect();
    (!active.is_empty()).then(|| format!("{}: heal it first", active.join("; ")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_fault_in_force_is_named_with_its_beginning() {
        assert_eq!(judge(&Faults::default()), None);
        let faults: Faults = serde_json::from_value(json!({
            "active": [{
                "service": "pay", "region": "eu", "kind": "error_rate", "injected_at": "2026-11-21T10:00:00.5Z",
            }],
            "history": [],
        }))
        .unwrap();
        assert_eq!(judge(&faults).unwrap(), "pay: error rate in eu since 2026-11-21T10:00:00Z: heal it first");
    }
}

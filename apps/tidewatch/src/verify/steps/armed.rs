//! Every rule of every simulated service is armed and reports that all is well: traffic rules need two minutes of
//! traffic.

use std::sync::Arc;

use tidewatch_contract::http::processor::STATUS;

use super::super::outcome::{Failure, Note, Verdict};
use super::super::stack::Stack;
use super::{lacks, some, until};
use crate::{processor, promises};

/// Repeats until they are.
pub(in super::super) async fn check(stack: Arc<Stack>, note: Note) -> Verdict {
    let Some(simulator) = &stack.simulator else { return lacks("simulator") };
    let rules = promises::rules();
    until(&note, async || {
        let asked = async { anyhow::Ok((simulator.services().await?, stack.processor.status().await?)) };
        let expected = format!("{} are armed and quiet in every region of every service", rules.join(", "));
        let wrong = |seen| Failure::new(expected, seen, stack.curl("processor", STATUS));
        match asked.await {
            Ok((services, status)) => match processor::not_quiet(&status, &services, &rules) {
                waiting if waiting.is_empty() => Ok(format!("{} groups", status.groups.len())),
                waiting => Err(wrong(some(&waiting))),
            },
            Err(error) => Err(wrong(format!("{error:#}"))),
        }
    })
    .await
}

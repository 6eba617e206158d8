//! Runs the steps: those of a stage concurrently, a stage only if nothing before it failed, and all within one time
//! limit.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, timeout_at};

use super::checklist::Checklist;
use super::outcome::{Failure, Note, Outcome, Verdict};
use super::stack::Stack;

/// The work of a step. All steps wait most of the time, so they share one thread.
pub(super) type Work = fn(Arc<Stack>, Note) -> Pin<Box<dyn Future<Output = Verdict>>>;

/// A single check.
#[derive(Clone, Copy)]
pub(super) struct Step {
    /// Identifier for machines; it is stable.
    pub(super) id: &'static str,
    /// Title for people.
    pub(super) title: &'static str,
    /// Time limit; when it is reached, the step fails with its last note.
    pub(super) limit: Duration,
    pub(super) work: Work,
}

/// The condition for running a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// If nothing failed before; each of its steps runs to its end.
    AllWell,
    /// If nothing failed before; the first step that fails stops the others, which only wait.
    AllWellAndStaysSo,
    /// If the stage before was run, whether it passed or not.
    After,
}

/// Steps that run concurrently.
pub(super) struct Stage {
    pub(super) when: When,
    pub(super) steps: Vec<Step>,
}

/// A step and its outcome.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Record {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) outcome: Outcome,
}

/// A run of all stages, with its progress.
pub(super) struct Run {
    stages: Vec<Stage>,
    checklist: Checklist,
    outcomes: HashMap<&'static str, Outcome>,
    tasks: JoinSet<Outcome>,
    running: HashMap<Id, (Step, Note)>,
}

impl Run {
    /// Returns a run that has not started.
    pub(super) fn new(stages: Vec<Stage>, live: bool) -> Self {
        let titles = stages.iter().flat_map(|stage| &stage.steps).map(|step| (step.id, step.title));
        Self {
            checklist: Checklist::new(titles, live),
            stages,
            outcomes: HashMap::new(),
            tasks: JoinSet::new(),
            running: HashMap::new(),
        }
    }

    /// Runs one stage after another; steps that would run beyond `deadline` are cut off there. Must be called within a
    /// `LocalSet`.
    pub(super) async fn work(&mut self, stack: &Arc<Stack>, deadline: Instant) {
        let mut ran = false;
        for index in 0..self.stages.len() {
            let steps = self.stages[index].steps.clone();
            let when = self.stages[index].when;
            let failed = self.failed();
            let reason = match when {
                _ if Instant::now() >= deadline => Some("the time for all steps had run out".to_owned()),
                When::After if ran => None,
                When::AllWell | When::AllWellAndStaysSo if failed.is_empty() => None,
                _ => Some(format!("because of: {}", failed.join(", "))),
            };
            ran = reason.is_none();
            match reason {
                Some(why) => steps.iter().for_each(|step| self.end(*step, Outcome::not_run(why.clone()))),
                None => self.stage(stack, &steps, when, deadline).await,
            }
            for (service, error) in stack.heal_all().await {
                tracing::warn!(service, error = format!("{error:#}"), "a fault could not be healed");
            }
        }
    }

    /// Aborts the steps that are still running, and waits until they have ended.
    pub(super) async fn stop(&mut self) {
        self.tasks.shutdown().await;
        self.running.clear();
    }

    /// Returns the outcome of every step, in order; those that were not run are `not run` for the reason `why`.
    pub(super) fn finish(mut self, why: &str) -> Vec<Record> {
        let steps: Vec<Step> = self.stages.iter().flat_map(|stage| stage.steps.clone()).collect();
        for step in &steps {
            if !self.outcomes.contains_key(step.id) {
                self.end(*step, Outcome::not_run(why));
            }
        }
        let mut outcomes = self.outcomes;
        let record = |step: Step| Some(Record { id: step.id, title: step.title, outcome: outcomes.remove(step.id)? });
        steps.into_iter().filter_map(record).collect()
    }

    async fn stage(&mut self, stack: &Arc<Stack>, steps: &[Step], when: When, deadline: Instant) {
        for step in steps {
            let note = Note::new(self.checklist.begin(step.id));
            let work = (step.work)(Arc::clone(stack), note.clone());
            let until = deadline.min(Instant::now() + step.limit);
            let task = self.tasks.spawn_local(watched(work, note.clone(), until));
            self.running.insert(task.id(), (*step, note));
        }
        while let Some(ended) = self.tasks.join_next_with_id().await {
            let (id, outcome) = match ended {
                Ok((id, outcome)) => (id, outcome),
                Err(error) => (error.id(), self.aborted(&error)),
            };
            let Some((step, _)) = self.running.remove(&id) else { continue };
            let failed = matches!(outcome.verdict, Verdict::Failed(_));
            self.end(step, outcome);
            if failed && when == When::AllWellAndStaysSo {
                self.tasks.shutdown().await;
                for (_, (other, _)) in std::mem::take(&mut self.running) {
                    self.end(other, Outcome::not_run(format!("stopped because of: {}", step.title)));
                }
            }
        }
    }

    fn aborted(&self, error: &JoinError) -> Outcome {
        let timings = self.running.get(&error.id()).map(|(_, note)| note.timings()).unwrap_or_default();
        let failure = Failure::new("the step ends", error.to_string(), "RUST_BACKTRACE=1 and the same command again");
        Outcome { verdict: Verdict::Failed(failure), seconds: 0.0, timings }
    }

    fn end(&mut self, step: Step, outcome: Outcome) {
        self.checklist.end(step.id, &outcome);
        self.outcomes.insert(step.id, outcome);
    }

    /// Returns the titles of the steps that failed so far.
    fn failed(&self) -> Vec<&'static str> {
        let failed = |step: &&Step| {
            self.outcomes.get(step.id).is_some_and(|outcome| matches!(outcome.verdict, Verdict::Failed(_)))
        };
        self.stages.iter().flat_map(|stage| &stage.steps).filter(failed).map(|step| step.title).collect()
    }
}

/// Runs the work until its time limit, and measures how long it takes.
async fn watched(work: Pin<Box<dyn Future<Output = Verdict>>>, note: Note, until: Instant) -> Outcome {
    let begun = Instant::now();
    let verdict = timeout_at(until, work).await.unwrap_or_else(|_| {
        let nothing = || Failure::new("an answer", "none in time", "the same command again");
        Verdict::Failed(note.missing().unwrap_or_else(nothing))
    });
    Outcome { verdict, seconds: begun.elapsed().as_secs_f64(), timings: note.timings() }
}

#[cfg(test)]
mod tests {
    use tokio::task::LocalSet;

    use super::*;
    use crate::state::Endpoints;

    fn stack() -> Arc<Stack> {
        let mut endpoints = Endpoints::default();
        endpoints.insert("processor", "http://127.0.0.1:1");
        Arc::new(Stack::new(endpoints, None, None).unwrap())
    }

    fn step(id: &'static str, work: Work) -> Step {
        Step { id, title: id, limit: Duration::from_millis(50), work }
    }

    const PASSES: Work = |_, _| Box::pin(async { Verdict::Passed(String::new()) });
    const FAILS: Work = |_, _| Box::pin(async { Verdict::Failed(Failure::new("a", "b", "c")) });
    const PANICS: Work = |_, _| Box::pin(async { panic!("of all things") });
    const WAITS: Work = |_, note| {
        Box::pin(async move {
            note.took("something", 1.5, None);
            note.not_yet(Failure::new("an end", "none", "look"));
            std::future::pending().await
        })
    };
    const IDLE: Work = |_, _| Box::pin(std::future::pending());

    async fn run(stages: Vec<Stage>, limit: Duration) -> Vec<Record> {
        let mut run = Run::new(stages, false);
        LocalSet::new().run_until(run.work(&stack(), Instant::now() + limit)).await;
        run.finish("never reached")
    }

    fn verdicts(records: &[Record]) -> Vec<&'static str> {
        let word = |record: &Record| match record.outcome.verdict {
            Verdict::Passed(_) => "passed",
            Verdict::Failed(_) => "failed",
            Verdict::Skipped(_) => "skipped",
            Verdict::NotRun(_) => "not run",
        };
        records.iter().map(word).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_stage_after_a_failure_is_not_run_and_says_why() {
        let stages = vec![
            Stage { when: When::AllWell, steps: vec![step("one", PASSES), step("two", FAILS), step("three", WAITS)] },
            Stage { when: When::AllWell, steps: vec![step("four", PASSES)] },
            Stage { when: When::After, steps: vec![step("five", PASSES)] },
        ];
        let records = run(stages, Duration::from_secs(60)).await;
        assert_eq!(verdicts(&records), ["passed", "failed", "failed", "not run", "not run"]);
        assert_eq!(records[3].outcome.verdict, Verdict::NotRun("because of: two, three".to_owned()));
        let Outcome { verdict, timings, .. } = &records[2].outcome;
        assert_eq!(*verdict, Verdict::Failed(Failure::new("an end", "none", "look")), "what it noted last");
        assert_eq!(timings[0].seconds, 1.5);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stage_that_only_waits_ends_with_its_first_failure() {
        let idle = Step { limit: Duration::from_secs(60), ..step("one", IDLE) };
        let stages = vec![Stage { when: When::AllWellAndStaysSo, steps: vec![idle, step("two", FAILS)] }];
        let records = run(stages, Duration::from_secs(60)).await;
        assert_eq!(records[0].outcome.verdict, Verdict::NotRun("stopped because of: two".to_owned()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_last_look_is_taken_although_something_failed() {
        let stages = vec![
            Stage { when: When::AllWell, steps: vec![step("one", FAILS)] },
            Stage { when: When::After, steps: vec![step("two", PASSES)] },
        ];
        assert_eq!(verdicts(&run(stages, Duration::from_secs(60)).await), ["failed", "passed"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_panic_fails_its_step_alone() {
        let stages = vec![Stage { when: When::AllWell, steps: vec![step("one", PANICS), step("two", PASSES)] }];
        assert_eq!(verdicts(&run(stages, Duration::from_secs(60)).await), ["failed", "passed"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_step_beyond_the_time_for_all_steps_is_reported_as_not_reached() {
        let stages = vec![
            Stage { when: When::AllWell, steps: vec![Step { limit: Duration::from_secs(60), ..step("one", WAITS) }] },
            Stage { when: When::After, steps: vec![step("two", PASSES)] },
        ];
        let records = run(stages, Duration::from_millis(20)).await;
        assert_eq!(verdicts(&records), ["failed", "not run"]);
        assert_eq!(records[1].outcome.verdict, Verdict::NotRun("the time for all steps had run out".to_owned()));
    }
}

//! `tidewatch verify`: checks end to end that a running Tidewatch detects faults and sends notifications.

mod checklist;
mod junit;
mod outcome;
mod plan;
mod report;
mod run;
mod stack;
mod steps;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, anyhow};
use tidewatch_platform::STREAM_PROCESSOR;
use tokio::task::LocalSet;
use tokio::time::Instant;

use crate::exit::usage;
use crate::interrupt::Interrupt;
use crate::say::say;
use crate::state::StateArgs;
use crate::target::{self, TargetArgs};
use crate::{flags, http};
use outcome::Verdict;
use report::Report;
use run::Run;
use stack::Stack;

/// Check end to end that Tidewatch detects faults and sends notifications, in about five minutes
///
/// Checks that events flow, everything is scraped, every rule is loaded and evaluated, Alertmanager's route leads to
/// the webhook, every dashboard has data, and nothing fires for 60 s. Then breaks four simulated services at once, each
/// in its own way, and measures the time to detection, notification, healing and the notification that the alert is
/// resolved. Finally checks that nothing was lost. Heals every fault that it injected, however it ends. The exit code
/// is 1 if a check failed.
#[derive(clap::Args, Debug)]
#[command(after_help = help())]
pub(crate) struct Args {
    /// Write the result as JSON to this file
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Write the result as JUnit XML, which CI systems display, to this file
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// librdkafka property (TLS, SASL, ...) for kafka, repeatable; in the environment one per line, or comma-separated
    #[arg(long, env = "TIDEWATCH_KAFKA_CONFIG", value_name = "KEY=VALUE", hide_env_values = true)]
    kafka_config: Vec<tidewatch_kafka::Properties>,
    #[command(flatten)]
    state: StateArgs,
}

fn help() -> String {
    format!(
        "Examples:\n  \
        tidewatch verify --report verify.json --junit verify.xml\n  \
        tidewatch verify --target k8s:kind-tidewatch\n  \
        tidewatch verify --target processor=http://10.0.0.5:9464,kafka=10.0.0.5:9092\n\n\
        {} Steps that would need others are skipped.",
        target::help()
    )
}

/// Runs all checks and reports the results.
pub(crate) async fn run(args: Args, target: &TargetArgs) -> anyhow::Result<()> {
    let mut interrupt = Interrupt::listen().context("can't listen for ctrl-c")?;
    let running = target.find(&args.state).await?;
    let endpoints = running.endpoints;
    if endpoints.get(STREAM_PROCESSOR.name).is_none() {
        return Err(usage("--target: processor=URL is missing, the stream-processor's admin listener"));
    }
    let kafka = match endpoints.get("kafka") {
        Some(brokers) => Some(flags::kafka(brokers, &args.kafka_config)?),
        None => None,
    };
    // It is better to learn that a report can't be written before the five minutes than after them.
    for (flag, file) in [("--report", &args.report), ("--junit", &args.junit)] {
        if let Some(file) = file {
            write(flag, file, "")?;
        }
    }
    let addresses = endpoints.places().iter().map(|(name, place)| (name.clone(), http::shown(place))).collect();
    let stack = Arc::new(Stack::new(endpoints, kafka, running.flags)?.in_cluster(running.cluster));

    let begun = Instant::now();
    let live = std::io::stdout().is_terminal();
    let mut run = Run::new(plan::stages(), live);
    let tasks = LocalSet::new();
    let interrupted = tokio::select! {
        () = tasks.run_until(run.work(&stack, begun + plan::TOTAL)) => false,
        () = interrupt.received() => true,
    };
    // In this order: a step that is still running could break something after it was healed.
    tasks.run_until(run.stop()).await;
    let unhealed = tokio::select! {
        unhealed = stack.heal_all() => unhealed,
        () = interrupt.received() => {
            let heal = stack.heal_command();
            return Err(anyhow!(
                "second shutdown signal received before every fault was healed; heal them with: {heal}"
            ));
        }
    };
    let records = run.finish("interrupted");
    let report = Report::new(&records, addresses, stack.began, begun.elapsed().as_secs_f64());
    if let Some(file) = &args.report {
        write("--report", file, &report.to_json()?)?;
    }
    if let Some(file) = &args.junit {
        write("--junit", file, &junit::render(&report)?)?;
    }
    if live {
        // Ends the last line of the checklist.
        say!("\n");
        let failed = records.iter().filter(|record| matches!(record.outcome.verdict, Verdict::Failed(_)));
        failed.for_each(|record| say!("{}\n", checklist::lines(record.title, &record.outcome).join("\n")));
    }
    say!("{}", report.summary());
    for (service, error) in &unhealed {
        say!(
            "{service} is still broken ({error:#}); it heals by itself within 2 min, or with: {}",
            stack.heal_command()
        );
    }
    conclude(interrupted, report.passed, unhealed.is_empty())
}

/// Returns the outcome that determines the exit code, with the reason.
fn conclude(interrupted: bool, passed: bool, healed: bool) -> anyhow::Result<()> {
    match (interrupted, healed, passed) {
        (true, true, _) => Err(anyhow!("interrupted; every injected fault is healed")),
        (true, false, _) => Err(anyhow!("interrupted, and not every injected fault is healed")),
        (false, true, true) => Ok(()),
        (false, false, true) => Err(anyhow!("not every injected fault is healed")),
        (false, _, false) => Err(anyhow!("some checks failed")),
    }
}

fn write(flag: &str, file: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(file, text).map_err(|error| usage(format!("{flag}: can't write {}: {error}", file.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remaining_fault_is_never_reported_as_healed_and_never_passes() {
        let said =
            |interrupted, passed, healed| conclude(interrupted, passed, healed).map_err(|error| error.to_string());
        assert_eq!(said(false, true, true), Ok(()));
        assert!(said(false, true, false).unwrap_err().contains("not every injected fault is healed"));
        assert!(said(true, true, false).unwrap_err().contains("not every injected fault is healed"));
        assert_eq!(said(true, false, true).unwrap_err(), "interrupted; every injected fault is healed");
        assert_eq!(said(false, false, true).unwrap_err(), "some checks failed");
    }
}

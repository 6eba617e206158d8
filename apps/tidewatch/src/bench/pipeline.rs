//! `tidewatch bench pipeline`: measures how many events per second the stream-processor and the metrics-bridge read
//! from a backlog, and how much CPU time that takes.

mod backlog;
mod broker;
mod program;
mod report;

use std::path::PathBuf;

use anyhow::{Context, anyhow};
use jiff::Timestamp;
use tempfile::TempDir;

use crate::exit::usage;
use crate::interrupt::Interrupt;
use crate::say::say;
use backlog::{Backlog, PARTITIONS};
use broker::Broker;
use program::{Program, Service};
use report::Row;

/// Measure how fast a backlog is read, and at what CPU cost
///
/// Writes the same events to `metrics.raw` with 1, 3 and 12 partitions of a real Kafka. The stream-processor and then
/// the metrics-bridge read them, each as a separate process without any state. Time and CPU are measured from the
/// moment the process has its partitions until it has read everything. The broker's CPU is not included, but the broker
/// shares this machine. The first round warms up the broker and isn't counted. Takes a few minutes. Use --programs to
/// compare builds in one run: each round measures the builds in turn.
#[derive(clap::Args, Debug)]
#[command(after_help = "Example:\n  cargo build --release -p tidewatch -p stream-processor -p metrics-bridge\n  \
    target/release/tidewatch bench pipeline")]
pub(crate) struct Args {
    /// Events in the backlog
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(10_000..=100_000_000))]
    events: u64,
    /// Number of measurements per service and number of partitions
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    runs: u32,
    /// Numbers of partitions, comma-separated; each a divisor of 12, so that all partitions hold the same number of
    /// events
    #[arg(long, value_delimiter = ',', default_value = "1,3,12", value_parser = divisor)]
    partitions: Vec<i32>,
    /// Directory of the programs stream-processor and metrics-bridge, repeatable [default: that of tidewatch]
    #[arg(long, value_name = "DIR")]
    programs: Vec<PathBuf>,
    /// Kafka brokers to use instead of starting one; they must not have any of Tidewatch's topics, which are deleted at
    /// the end
    #[arg(long, value_name = "HOST:PORT")]
    brokers: Option<String>,
    /// librdkafka property for the programs (and TLS, SASL, ...), repeatable
    #[arg(long, value_name = "KEY=VALUE")]
    kafka_config: Vec<tidewatch_kafka::Properties>,
}

fn divisor(text: &str) -> Result<i32, String> {
    match text.parse() {
        Ok(count @ 1..) if PARTITIONS % count == 0 => Ok(count),
        _ => Err(format!("expected a divisor of {PARTITIONS}")),
    }
}

/// Runs the benchmark, prints the results, and cleans up.
pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let mut interrupt = Interrupt::listen().context("can't listen for ctrl-c")?;
    let _telemetry = tidewatch_service::init_quiet("tidewatch").map_err(usage)?;
    let builds = builds(&args.programs)?;
    let dir = TempDir::with_prefix("tidewatch-bench-").context("can't create a temporary directory")?;
    let mut broker = tokio::select! {
        broker = Broker::start(args.brokers.as_deref(), &args.kafka_config, dir.path()) => broker?,
        () = interrupt.received() => return Err(anyhow!("stopped before anything was measured")),
    };
    let outcome = tokio::select! {
        outcome = measure(&args, &builds, &mut broker, &dir) => outcome,
        () = interrupt.received() => Err(anyhow!("stopped before everything was measured")),
    };
    broker.clean_up().await?;
    outcome
}

/// Returns the two programs of each build.
fn builds(dirs: &[PathBuf]) -> anyhow::Result<Vec<[Program; 2]>> {
    let own = std::env::current_exe().context("can't find the path of this program")?;
    let own = own.parent().map(PathBuf::from).into_iter().collect();
    let dirs = if dirs.is_empty() { own } else { dirs.to_vec() };
    dirs.iter()
        .map(|dir| Ok([Program::find(Service::Processor, dir)?, Program::find(Service::Bridge, dir)?]))
        .collect::<anyhow::Result<_>>()
        .map_err(usage)
}

async fn measure(args: &Args, builds: &[[Program; 2]], broker: &mut Broker, dir: &TempDir) -> anyhow::Result<()> {
    let backlog = Backlog::new(args.events, Timestamp::now());
    say!("{}, {} CPUs", broker.what(), std::thread::available_parallelism().map_or(1, usize::from));
    let mut rows = Vec::new();
    for partitions in &args.partitions {
        broker.create_input(*partitions).await?;
        say!("writing {} events to {partitions} partitions", report::grouped(args.events));
        backlog.write(broker.args()).await?;
        let of_these = rows.len();
        for (number, programs) in builds.iter().enumerate() {
            let build = (builds.len() > 1).then_some(number);
            rows.extend(programs.iter().map(|program| Row::new(build, program.service(), *partitions)));
        }
        for run in 0..=args.runs {
            for (program, row) in builds.iter().flatten().zip(&mut rows[of_these..]) {
                broker.create_state(*partitions).await?;
                let measured = program.measure(broker, args.events, dir.path()).await?;
                if run > 0 {
                    say!("{run}  {row}  {measured}");
                    row.add(measured);
                }
            }
        }
        broker.clean_topics().await?;
    }
    say!("\n{}", report::render(&rows).trim_end());
    for (number, programs) in builds.iter().enumerate().filter(|_| builds.len() > 1) {
        say!("{}: {}", report::letter(number), programs[0].dir().display());
    }
    say!("medians of {} runs; CPU seconds per million events, of the service alone", args.runs);
    Ok(())
}

//! `tidewatch replay`: sends the requests of a log as events to `metrics.raw`.

mod arrival;
mod input;
mod line;
mod liveness;
mod log_clock;
mod notes;
mod reorder;
mod schedule;
mod sender;
mod status;
mod stream;
mod summary;
mod tally;

use std::path::{Path, PathBuf};

use anyhow::Context;
use jiff::SignedDuration;
use tidewatch_accesslog::{Format, Hints, Parser, Unit};
use tokio::time::Instant;

use crate::destination::{Destination, check_reachable};
use crate::exit::usage;
use crate::flags;
use crate::http;
use crate::interrupt::Interrupt;
use crate::progress::Progress;
use crate::say::say;
use crate::target::TargetArgs;
use arrival::Arrival;
use input::Input;
use line::{LineReader, Origin};
use liveness::Liveness;
use schedule::Schedule;
use sender::Sender;
use stream::{End, Pace, Stream};
use summary::Summary;

/// Send the requests of an access log through Tidewatch, as if they happened now
///
/// Reads the access logs of nginx, Apache, Caddy, Traefik, Envoy, HAProxy, IIS, AWS and others, as text or JSON, and
/// RequestEvents as JSON lines; recognises gzip and UTF-16. The format is detected line by line: docs/replay.md lists
/// them all. A latency is only used where the line states it unambiguously. Lines within 60 s of log time are sorted
/// first. Ids in paths become :id. Lines that can't be read are counted and shown.
///
/// Without --speed, lines from stdin or a FIFO are live if they are about now: within 60 s of the clock, and then until
/// ten lines in a row are more than 120 s from it. Live events get the current time, and every rule evaluates them.
/// Everything else is a replay: its events are marked, and TrafficDrop and ClockSkew ignore them.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  tidewatch replay access.log --speed 600      # ten minutes of log per second\n  \
                        tail -F access.log | tidewatch replay -      # as it happens\n  tidewatch replay \
                        access.log.2.gz --service shop --speed 60\n  tidewatch replay access.log --latency-unit us     \
                        # %D at the end of a line\n  tidewatch replay access.log --format '%h %l %u %t \"%r\" %>s %b \
                        %D'")]
pub(crate) struct Args {
    /// Log to read; `-` is stdin
    file: PathBuf,
    /// Seconds of log to send per second [default: 1; stdin and --keep-timestamps: as fast as lines arrive]
    #[arg(long, value_name = "FACTOR", value_parser = flags::positive, allow_hyphen_values = true)]
    speed: Option<f64>,
    /// Cut longer pauses of the log to this, in log time, such as 5s [default: pauses are kept, up to a day]
    #[arg(long, value_name = "DURATION", value_parser = flags::positive_duration, allow_hyphen_values = true)]
    max_gap: Option<SignedDuration>,
    /// Treat every line of stdin as happening now, even if the log's clock or time zone says otherwise
    #[arg(long, conflicts_with = "speed")]
    live: bool,
    /// Keep the log's own times; a processor counts events behind its windows as late, and doesn't evaluate them
    #[arg(long)]
    keep_timestamps: bool,
    /// Service that the requests belong to [default: the file's name without extension; stdin: `replay`]
    #[arg(long, value_parser = clap::builder::NonEmptyStringValueParser::new())]
    service: Option<String>,
    /// Region that the requests were served in [default: local]
    #[arg(long, value_parser = clap::builder::NonEmptyStringValueParser::new())]
    region: Option<String>,
    /// The log's format: nginx's log_format or Apache's LogFormat, as the string or the whole directive
    #[arg(long, value_name = "FORMAT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    format: Option<String>,
    /// Field that holds a request's duration, such as `duration` or `response.time`; all others are then ignored
    #[arg(long, value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    latency_field: Option<String>,
    /// Unit of request durations that don't state their own
    #[arg(long, value_name = "UNIT")]
    latency_unit: Option<LatencyUnit>,
    #[command(flatten)]
    destination: Destination,
}

/// The values of `--latency-unit`.
#[derive(clap::ValueEnum, Debug, Clone, Copy)]
enum LatencyUnit {
    /// Seconds
    S,
    /// Milliseconds
    Ms,
    /// Microseconds
    Us,
    /// Nanoseconds
    Ns,
}

impl From<LatencyUnit> for Unit {
    fn from(unit: LatencyUnit) -> Self {
        match unit {
            LatencyUnit::S => Self::Seconds,
            LatencyUnit::Ms => Self::Milliseconds,
            LatencyUnit::Us => Self::Microseconds,
            LatencyUnit::Ns => Self::Nanoseconds,
        }
    }
}

impl Args {
    /// Returns the parser of the log's lines. Only in a log that may be live can a line do without a time.
    fn parser(&self, may_pause: bool) -> anyhow::Result<Parser> {
        let hints =
            Hints { latency_field: self.latency_field.clone(), latency_unit: self.latency_unit.map(Unit::from) };
        let Some(format) = &self.format else { return Ok(Parser::new(hints)) };
        let format = Format::compile(format, &hints, !may_pause);
        format.map(Parser::of_format).map_err(|error| usage(format!("--format: the format {error}")))
    }

    fn origin(&self) -> Origin {
        // The service of `access.log.gz` is `access`, as that of `access.log` is.
        let unpacked = match self.file.extension() {
            Some(extension) if extension == "gz" => self.file.with_extension(""),
            _ => self.file.clone(),
        };
        let stem = match unpacked.file_stem() {
            Some(stem) if !input::is_stdin(&self.file) => stem.to_string_lossy().into_owned(),
            _ => "replay".to_owned(),
        };
        Origin {
            service: self.service.clone().unwrap_or_else(|| stem.clone()),
            region: self.region.clone().unwrap_or_else(|| "local".to_owned()),
            log: stem,
            service_given: self.service.is_some(),
            region_given: self.region.is_some(),
        }
    }

    /// Returns how to send the log. `may_pause` says whether its lines may arrive slowly.
    fn pace(&self, may_pause: bool) -> anyhow::Result<Pace> {
        if self.live && !may_pause {
            let file = self.file.display();
            return Err(usage(format!(
                "--live: {file} is not followed; to follow it, use `tail -F {file} | tidewatch replay -`"
            )));
        }
        let at_once = may_pause || self.keep_timestamps;
        let speed = self.speed.or((!at_once).then_some(1.0));
        if speed.is_none() && self.max_gap.is_some() {
            return Err(usage("--max-gap: without --speed, lines are sent without pauses; add --speed"));
        }
        Ok(Pace {
            keep_timestamps: self.keep_timestamps,
            may_pause,
            schedule: speed.map(|speed| Schedule::new(speed, self.max_gap)),
            liveness: (may_pause && speed.is_none()).then(|| Liveness::new(self.live)),
        })
    }
}

/// Replays the log, and reports the outcome of every line.
pub(crate) async fn run(args: Args, target: &TargetArgs) -> anyhow::Result<()> {
    let input = Input::open(&args.file)?;
    let parser = args.parser(input.may_pause())?;
    let pace = args.pace(input.may_pause())?;
    let may_be_live = pace.liveness.is_some();
    let (kafka, running) = args.destination.find(target).await?;
    check_reachable(&kafka, "tidewatch-replay", target).await?;
    let processor = match &running {
        Some(running) => http::url(&running.endpoints, "processor")?,
        None => None,
    };
    let arrival = Arrival::watch(processor).await;

    let mut interrupt = Interrupt::listen().context("can't listen for ctrl-c")?;
    let began = Instant::now();
    let mut stream = Stream::new(
        LineReader::new(args.origin(), parser),
        pace,
        Progress::new("replay", input.size),
        Sender::new(&kafka)?,
    );
    let outcome = stream.run(input.lines(), &mut interrupt).await;
    let most_behind = stream.most_behind();
    let Stream { mut tally, progress, sender, .. } = stream;
    progress.waiting();
    let delivered = sender.finish(&mut interrupt).await;
    tally.acknowledged = delivered.acknowledged;
    progress.done();

    let interrupted = matches!(outcome, Ok(End::Interrupted));
    let summary = Summary {
        log: shown(&args.file),
        services: delivered.services,
        brokers: kafka.brokers.clone(),
        took: began.elapsed(),
        seen: tokio::select! {
            seen = arrival.of(&delivered.last_offsets) => seen,
            () = interrupt.received() => None,
        },
        may_be_live,
        most_behind,
        keep_timestamps: args.keep_timestamps,
        interrupted,
        console: running.and_then(|running| running.page("console")),
        tally,
    };
    say!("{summary}");
    outcome.with_context(|| format!("reading {} failed", shown(&args.file)))?;
    summary.verdict(delivered.error.as_ref())
}

fn shown(file: &Path) -> String {
    if input::is_stdin(file) { "stdin".to_owned() } else { file.display().to_string() }
}

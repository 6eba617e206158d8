//! `tidewatch replay`: the requests of a log, as events on `metrics.raw`.

mod arrival;
mod input;
mod line;
mod progress;
mod reorder;
mod schedule;
mod sender;
mod summary;
mod tally;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, anyhow};
use jiff::Timestamp;
use tidewatch_events::RequestEvent;
use tidewatch_kafka::topics::METRICS_RAW;
use tidewatch_kafka::{KafkaArgs, Reader};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use crate::flags;
use crate::interrupt::Interrupt;
use crate::say::say;
use crate::state::{Endpoints, StateArgs};
use arrival::Arrival;
use input::{Input, Line};
use line::Origin;
use progress::Progress;
use reorder::Reorder;
use schedule::Schedule;
use sender::Sender;
use summary::Summary;
use tally::Tally;

/// How long a line of a live input waits for others that belong before it.
const HOLD: Duration = Duration::from_millis(200);

/// Send the requests of an access log through Tidewatch, as if they happened now
///
/// Reads access logs in the common and combined formats, with or without nginx's $request_time as last field, JSON lines of
/// nginx, Caddy, Envoy, Traefik and others, and RequestEvents as JSON lines. The format is found out line by line. Lines
/// within 60 s of log time are sorted first. Ids in paths become :id. Lines that can't be read are counted and shown.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  \
    tidewatch replay access.log --speed 600      # ten minutes of log a second\n  \
    tail -f access.log | tidewatch replay -      # as it happens\n  \
    zcat access.log.2.gz | tidewatch replay - --service shop --speed 60")]
pub(crate) struct Args {
    /// Log to read; `-` is stdin
    file: PathBuf,
    /// Seconds of log to send in one second [default: 1; stdin and --keep-timestamps: as fast as lines come]
    #[arg(long, value_name = "FACTOR", value_parser = flags::positive, allow_hyphen_values = true)]
    speed: Option<f64>,
    /// Leave the log's own times; a processor counts those behind its windows as late, and doesn't judge them
    #[arg(long)]
    keep_timestamps: bool,
    /// Service that the requests belong to [default: the file's name without extension; stdin: `replay`]
    #[arg(long, value_parser = clap::builder::NonEmptyStringValueParser::new())]
    service: Option<String>,
    /// Region that they were answered in [default: local]
    #[arg(long, value_parser = clap::builder::NonEmptyStringValueParser::new())]
    region: Option<String>,
    /// Kafka brokers to send to [default: those of the running `tidewatch up`]
    #[arg(long, env = "BROKERS", value_name = "HOST:PORT")]
    brokers: Option<String>,
    /// Property of librdkafka (TLS, SASL, ...), repeatable; comma-separated in the environment
    #[arg(long, env = "KAFKA_CONFIG", value_name = "KEY=VALUE", value_delimiter = ',', hide_env_values = true)]
    kafka_config: Vec<String>,
    #[command(flatten)]
    state: StateArgs,
}

impl Args {
    fn origin(&self) -> Origin {
        let stem = match self.file.file_stem() {
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

    fn schedule(&self, live: bool) -> Schedule {
        let at_once = live || self.keep_timestamps;
        Schedule::new(self.speed.or((!at_once).then_some(1.0)))
    }

    /// The brokers to send to, and what else runs beside them.
    fn target(&self) -> anyhow::Result<(KafkaArgs, Endpoints)> {
        let running = self.state.endpoints();
        let (brokers, endpoints) = match &self.brokers {
            Some(brokers) => {
                let beside = running.ok().filter(|endpoints| endpoints.get("kafka") == Some(brokers));
                (brokers.clone(), beside.unwrap_or_default())
            }
            None => {
                let endpoints = running.map_err(|error| anyhow!("{error}, or name the broker with --brokers"))?;
                (endpoints.require("kafka")?.to_owned(), endpoints)
            }
        };
        Ok((flags::kafka(&brokers, &self.kafka_config)?, endpoints))
    }
}

/// Replays the log, and tells what became of each line.
pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let input = Input::open(&args.file)?;
    let (kafka, endpoints) = args.target()?;
    check_reachable(&kafka).await?;
    let arrival = Arrival::watch(endpoints.get("processor")).await;

    let mut interrupt = Interrupt::listen().context("can't listen for ctrl-c")?;
    let began = Instant::now();
    let mut replay = Replay {
        origin: args.origin(),
        keep_timestamps: args.keep_timestamps,
        live: input.is_live(),
        schedule: args.schedule(input.is_live()),
        reorder: Reorder::new(),
        tally: Tally::default(),
        progress: Progress::new(input.size),
        sender: Sender::new(&kafka)?,
    };
    let outcome = replay.stream(input.lines(), &mut interrupt).await;
    let Replay { mut tally, progress, sender, .. } = replay;
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
        keep_timestamps: args.keep_timestamps,
        interrupted,
        endpoints,
        tally,
    };
    say!("{summary}");
    outcome.with_context(|| format!("reading {} failed", shown(&args.file)))?;
    summary.verdict(delivered.error.as_ref())
}

fn shown(file: &Path) -> String {
    if input::is_stdin(file) { "stdin".to_owned() } else { file.display().to_string() }
}

/// Asks before anything is sent: without it, records would wait five minutes for a broker that isn't there.
async fn check_reachable(kafka: &KafkaArgs) -> anyhow::Result<()> {
    let reader = Reader::new(kafka, "tidewatch-replay")?;
    match reader.ends(&METRICS_RAW).await {
        Ok(ends) if !ends.is_empty() => Ok(()),
        Ok(_) => Err(anyhow!(
            "the broker at {} has no topic {}: start Tidewatch's services on it first",
            kafka.brokers,
            METRICS_RAW.name
        )),
        Err(error) => Err(anyhow!(
            "the broker at {} can't be reached ({error}): start one with `tidewatch up`, or name another with --brokers",
            kafka.brokers
        )),
    }
}

/// How the streaming came to its end.
enum End {
    Input,
    Interrupted,
}

struct Replay {
    origin: Origin,
    keep_timestamps: bool,
    live: bool,
    schedule: Schedule,
    reorder: Reorder<(RequestEvent, Instant)>,
    tally: Tally,
    progress: Progress,
    sender: Sender,
}

impl Replay {
    /// Sends every line when it is due, until the input ends.
    async fn stream(
        &mut self,
        mut lines: mpsc::Receiver<std::io::Result<Line>>,
        interrupt: &mut Interrupt,
    ) -> std::io::Result<End> {
        let mut ended = false;
        while !(ended && self.reorder.len() == 0) {
            let next = self.next_due(ended);
            let reading = !ended && !self.reorder.is_settled();
            tokio::select! {
                biased;
                () = interrupt.received() => return Ok(End::Interrupted),
                () = until(next) => {
                    // Held lines that became due are sent one by one: what comes meanwhile may belong before the next.
                    if self.next_due(ended).is_some_and(|due| due <= Instant::now())
                        && let Some((_, (event, _))) = self.reorder.pop()
                    {
                        let sending = self.send(event);
                        tokio::select! {
                            () = sending => {}
                            () = interrupt.received() => return Ok(End::Interrupted),
                        }
                    }
                }
                line = lines.recv(), if reading => match line {
                    Some(line) => self.take(&line?),
                    None => ended = true,
                },
            }
        }
        Ok(End::Input)
    }

    /// When to look at the earliest held line again: when it is due, or, of a live input, no longer waits for others.
    fn next_due(&mut self, ended: bool) -> Option<Instant> {
        let settled = ended || self.reorder.is_settled();
        let (logged_at, (_, read_at)) = self.reorder.first()?;
        let released = if settled {
            *read_at
        } else if self.live {
            *read_at + HOLD
        } else {
            return None;
        };
        if released > Instant::now() {
            return Some(released);
        }
        Some(self.schedule.due(logged_at, Instant::now()))
    }

    fn take(&mut self, line: &Line) {
        self.tally.lines += 1;
        match line::parse(&line.bytes, line.number, &self.origin) {
            Ok(Some(event)) => self.reorder.push(event.timestamp, (event, Instant::now())),
            Ok(None) => self.tally.blank += 1,
            Err(why) => self.tally.unreadable.add(line.number, &line.bytes, &why),
        }
        self.progress.read(line.end, &self.tally);
    }

    async fn send(&mut self, mut event: RequestEvent) {
        let logged_at = event.timestamp;
        if !self.keep_timestamps {
            event.timestamp = Timestamp::now();
        }
        self.sender.send(&event).await;
        self.tally.sent += 1;
        self.progress.sent(logged_at, &self.tally);
    }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}

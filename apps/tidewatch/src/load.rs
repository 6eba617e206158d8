//! `tidewatch load`: sends events, or HTTP requests, at a constant rate, however fast the broker or the service is.

mod answers;
mod driver;
mod http;
mod mix;
mod owed;
mod summary;

use std::time::Duration;

use anyhow::Context;
use jiff::{SignedDuration, Timestamp};
use tidewatch_client::HttpUrl;
use tidewatch_kafka::Producer;
use tidewatch_workload::{Generator, Workload};
use tokio::time::{Instant, sleep};

use crate::destination::{Destination, check_reachable};
use crate::exit::usage;
use crate::flags;
use crate::interrupt::Interrupt;
use crate::progress::Progress;
use crate::say::say;
use crate::target::TargetArgs;
use driver::Driver;
use summary::Summary;

const CLIENT_ID: &str = "tidewatch-load";
/// How long to wait for the first connection, and how often to look whether it is there.
const CONNECT: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(50);
/// The largest number of events in all: their numbers must be exact as floating-point numbers.
const MOST_EVENTS: f64 = 1e12;

/// Send events or HTTP requests at a constant rate, to see how much Tidewatch or a service handles
///
/// The events are those of the simulated workload, from services named load-1, load-2 and so on. The load is open
/// loop: each event has its time in a schedule, and carries this time. If the broker is slow, events are sent late
/// rather than left out, until 5 s after the end. They are marked as a replay, so TrafficDrop and ClockSkew ignore
/// them: the end of the load raises no alert.
///
/// The exit code is 1 if an event wasn't acknowledged, or if the acknowledgements were more than 1 s behind the
/// schedule at its end.
///
/// With --http, it sends requests for users to the api-gateway or a service with the same API instead, and prints their
/// latencies. They count from the time at which a request was due, so a service that stalls can't hide it by holding up
/// the load. The exit code is 1 if nothing was answered, or if a request was sent more than 1 s late.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  \
    tidewatch load --rate 1000\n  \
    tidewatch load --rate 50000 --services 100 --duration 10m\n  \
    tidewatch load --rate 200 --services 2 --error-rate 30% --duration 2m\n  \
    tidewatch load --http http://127.0.0.1:8000 --rate 100 --mix spike --duration 5m")]
pub(crate) struct Args {
    /// Events per second of all services together, or requests per second
    #[arg(long, value_name = "EVENTS", value_parser = rate, allow_hyphen_values = true)]
    rate: f64,
    /// Number of services; events of one service are read by one processor
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
    services: u16,
    /// Share of the requests that fail: 0.3 or 30%
    #[arg(long, value_name = "SHARE", default_value_t = Workload::ERROR_RATE, value_parser = flags::share_or_none,
          allow_hyphen_values = true)]
    error_rate: f64,
    /// How long to send, such as 90s or 10m
    #[arg(long, value_name = "DURATION", default_value = "1m", value_parser = flags::positive_duration,
          allow_hyphen_values = true)]
    duration: SignedDuration,
    /// Send HTTP requests to the service at this URL instead of events
    #[arg(long, value_name = "URL", conflicts_with_all = ["services", "error_rate"])]
    http: Option<HttpUrl>,
    /// Which requests to send
    #[arg(long, value_enum, default_value_t = mix::Mix::Mixed, requires = "http")]
    mix: mix::Mix,
    #[command(flatten)]
    destination: Destination,
}

/// Parses a number of events per second.
fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if (0.1..=1_000_000.0).contains(&rate) => Ok(rate),
        _ => Err("expected events per second, 0.1 to 1000000".to_owned()),
    }
}

impl Args {
    /// Returns the workload, and the names of its services.
    fn workload(&self) -> (Workload, Vec<String>) {
        let services = usize::from(self.services);
        let healthy = Workload::default();
        let workload = Workload {
            services: healthy.services.iter().cycle().take(services).copied().collect(),
            events_per_second: self.rate / services as f64,
            error_rate: self.error_rate,
            ..healthy
        };
        (workload, (1..=services).map(|number| format!("load-{number}")).collect())
    }
}

/// Sends the load and reports whether the rate was kept.
pub(crate) async fn run(args: Args, target: &TargetArgs) -> anyhow::Result<()> {
    if args.rate * args.duration.as_secs_f64() > MOST_EVENTS {
        return Err(usage(format!("--duration: at this rate it is more than {MOST_EVENTS} events in all")));
    }
    if let Some(url) = &args.http {
        target.refuse_beside("--http")?;
        return http::run(url.clone(), args.mix, args.rate, args.duration.unsigned_abs()).await;
    }
    let (kafka, running) = args.destination.find(target).await?;
    check_reachable(&kafka, CLIENT_ID, target).await?;
    let producer = Producer::new(&kafka, CLIENT_ID)?;
    connected(&producer).await;
    let mut interrupt = Interrupt::listen().context("can't listen for ctrl-c")?;
    let millis = u64::try_from(args.duration.as_millis()).unwrap_or(u64::MAX);
    let mut progress = Progress::new("load", Some(millis));
    let (workload, names) = args.workload();
    // The seed is the time of the start, so that no two loads send the same request ids.
    let start = Timestamp::now();
    let generator = Generator::new(workload, start.as_nanosecond() as u64, start);
    let began = Instant::now();
    let mut driver = Driver::new(generator, names, producer, start, args.duration);
    let sent = driver.send(&mut interrupt, &mut progress).await;
    progress.waiting();
    let delivered = driver.finish(&mut interrupt).await;
    progress.done();
    let summary = Summary {
        rate: args.rate,
        services: args.services,
        brokers: kafka.brokers.clone(),
        console: running.and_then(|running| running.page("console")),
        took: began.elapsed(),
        interrupted: sent?,
        delivered,
    };
    say!("{summary}");
    summary.verdict()
}

/// Waits for the first connection, so that the time that it takes doesn't count as delay. Without one, the load shows
/// that nothing is acknowledged.
async fn connected(producer: &Producer) {
    let deadline = Instant::now() + CONNECT;
    while !producer.reachable_within(CONNECT) && Instant::now() < deadline {
        sleep(POLL).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_out_of_range_are_refused() {
        for bad in ["0", "-5", "0.01", "1e9", "NaN", "inf", "fast", ""] {
            assert!(rate(bad).is_err(), "{bad}");
        }
        assert_eq!((rate("0.1"), rate("50000"), rate("1e6")), (Ok(0.1), Ok(50_000.0), Ok(1e6)));
    }
}

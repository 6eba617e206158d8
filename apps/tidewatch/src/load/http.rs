//! `tidewatch load --http`: sends HTTP requests at a constant rate, however slow the answers are.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use serde::de::IgnoredAny;
use tidewatch_client::{Client, Error, HttpUrl, Reason, Simulator, StatusCode};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{Instant, sleep_until};

use super::answers::{Answers, Outcome};
use super::mix::{Mix, Schedule};
use crate::interrupt::Interrupt;
use crate::progress::Progress;
use crate::say::say;
use crate::simulator::refused;

/// How long an answer may take.
const LIMIT: Duration = Duration::from_secs(10);
/// Requests at the same time, fewer than the connections that a listener of Tidewatch takes. Further ones wait, and the
/// wait counts as latency.
const AT_ONCE: usize = 200;

/// Sends the load and reports the latencies.
pub(super) async fn run(url: HttpUrl, mix: Mix, rate: f64, lasts: Duration) -> anyhow::Result<()> {
    let mut interrupt = Interrupt::listen().context("can't listen for ctrl-c")?;
    let fault = Broken::begin(&url, mix, lasts).await?;
    let client = Client::new("the service", url.clone(), LIMIT)?;
    let mut progress = Progress::new("load", u64::try_from(lasts.as_millis()).ok());
    let began = Instant::now();
    let (answers, interrupted) = send(client, Schedule::new(mix, rate, lasts), &mut interrupt, &mut progress).await;
    let took = began.elapsed().as_secs_f64();
    progress.done();
    if let Some(fault) = fault {
        fault.end().await?;
    }
    let how = if interrupted { "interrupted after" } else { "of" };
    say!("load {how} {took:.1} s to {url}, {:.0} requests/s\n{answers}", answers.total() as f64 / took.max(0.001));
    answers.verdict()
}

/// Sends each request when it is due, and returns whether a shutdown signal ended the load.
async fn send(
    client: Client,
    schedule: Schedule,
    interrupt: &mut Interrupt,
    progress: &mut Progress,
) -> (Answers, bool) {
    let (client, places) = (Arc::new(client), Arc::new(Semaphore::new(AT_ONCE)));
    let (report, mut outcomes) = mpsc::unbounded_channel();
    let (mut answers, mut interrupted, start) = (Answers::new(), false, Instant::now());
    for (after, path) in schedule {
        let due = start + after;
        tokio::select! {
            biased;
            () = interrupt.received() => {
                interrupted = true;
                break;
            }
            () = until(due) => {}
        }
        while let Ok(outcome) = outcomes.try_recv() {
            answers.add(&outcome);
        }
        if Instant::now() >= progress.due() {
            progress.show(u64::try_from(after.as_millis()).unwrap_or_default(), &Answered(answers.total()));
        }
        let (client, places, report) = (Arc::clone(&client), Arc::clone(&places), report.clone());
        tokio::spawn(async move {
            let Ok(_place) = places.acquire().await else { return };
            let late = due.elapsed();
            let status = status(&client, &path).await;
            // Nobody listens once the load is over.
            let _ = report.send(Outcome { late, took: due.elapsed(), status });
        });
    }
    drop(report);
    loop {
        tokio::select! {
            outcome = outcomes.recv() => match outcome {
                Some(outcome) => answers.add(&outcome),
                None => return (answers, interrupted),
            },
            () = interrupt.received() => return (answers, true),
        }
    }
}

/// Waits until then; not at all if it is over, since a timer would round up to a millisecond.
async fn until(due: Instant) {
    if Instant::now() < due {
        sleep_until(due).await;
    }
}

/// Returns the status of the answer, once all of it is there.
async fn status(client: &Client, path: &str) -> Option<StatusCode> {
    match client.get::<IgnoredAny>(path).await.map_err(Error::into_reason) {
        Ok(_) | Err(Reason::Unreadable(_)) => Some(StatusCode::OK),
        Err(Reason::Status { status, .. } | Reason::Redirect { status, .. }) => Some(status),
        Err(_) => None,
    }
}

struct Answered(u64);

impl fmt::Display for Answered {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} answered", self.0)
    }
}

/// A service that is broken for the time of the load.
struct Broken {
    place: Simulator,
    service: String,
}

impl Broken {
    /// Breaks the service as the mix says. The fault ends by itself if this process is killed.
    async fn begin(url: &HttpUrl, mix: Mix, lasts: Duration) -> anyhow::Result<Option<Self>> {
        let Some(fault) = mix.fault() else { return Ok(None) };
        let place = Simulator::new(url.clone(), LIMIT)?;
        let services = place.services().await.map_err(|error| match error.reason() {
            Reason::Status { status: StatusCode::NOT_FOUND, .. } => crate::exit::usage(
                "--mix: the service at --http has no API of faults; flaky and slow need one, such as api-gateway's",
            ),
            _ => error.into(),
        })?;
        let service = services.first().map(|service| service.service.clone()).context("it can't be broken")?;
        place.inject(&service, None, &fault.lasting(lasts.as_secs_f64())).await.map_err(refused)?;
        Ok(Some(Self { place, service }))
    }

    async fn end(self) -> anyhow::Result<()> {
        self.place.heal(Some(&self.service)).await.map(drop).map_err(refused)
    }
}

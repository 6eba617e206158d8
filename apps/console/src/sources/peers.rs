//! Periodic HTTP requests to the other services.

use std::time::Duration;

use anyhow::Context;
use jiff::Timestamp;
use prometheus::{Registry, TextEncoder};
use tidewatch_client::{Admin, Error, HttpUrl, MockSlack, Processor, Simulator};
use tidewatch_platform::{CONSOLE, STREAM_PROCESSOR};
use tidewatch_service::Shutdown;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::Shared;
use crate::alerts::NOTIFICATIONS;
use crate::peers::Peer;
use crate::processes::{Process, Reading};
use crate::service::Config;
use crate::state::State;

const LIMIT: Duration = Duration::from_secs(2);
/// Interval between requests to a peer.
const ANSWERS: Duration = Duration::from_secs(1);
/// Interval between readings of processes.
const PROCESSES: Duration = Duration::from_secs(5);

/// Clients of the peers whose addresses are known.
pub(crate) struct Peers {
    processor: Option<Processor>,
    processor_admin: Option<Admin>,
    simulator: Option<Simulator>,
    mock_slack: Option<MockSlack>,
}

impl Peers {
    /// Returns clients of the peers that the flags name. An error names the flag.
    pub(crate) fn new(config: &Config) -> anyhow::Result<Self> {
        let admin = |url: HttpUrl| Admin::new(STREAM_PROCESSOR.name, url, LIMIT);
        Ok(Self {
            processor: config
                .processor
                .clone()
                .map(|url| Processor::new(url, LIMIT))
                .transpose()
                .context("--processor")?,
            processor_admin: config.processor.clone().map(admin).transpose().context("--processor")?,
            simulator: config
                .simulator
                .clone()
                .map(|url| Simulator::new(url, LIMIT))
                .transpose()
                .context("--simulator")?,
            mock_slack: config
                .mock_slack
                .clone()
                .map(|url| MockSlack::new(url, LIMIT))
                .transpose()
                .context("--mock-slack")?,
        })
    }

    /// Keeps the peers' answers and the figures of the processes up to date until shutdown.
    pub(crate) async fn run(&self, state: &Shared, own: &Registry, shutdown: &Shutdown) {
        let processor = async {
            let Some(client) = &self.processor else { return };
            follow(move || client.status(), state, |state| &mut state.processor, shutdown).await;
        };
        let simulator = async {
            let Some(client) = &self.simulator else { return };
            follow(move || client.faults(), state, |state| &mut state.simulator, shutdown).await;
        };
        let mock_slack = async {
            let Some(client) = &self.mock_slack else { return };
            follow(move || client.newest(NOTIFICATIONS), state, |state| &mut state.slack, shutdown).await;
        };
        let processes = measure(own, self.processor_admin.as_ref(), state, shutdown);
        tokio::join!(processor, simulator, mock_slack, processes);
    }
}

/// Keeps a peer's answer up to date until shutdown.
async fn follow<T, Asked: Future<Output = Result<T, Error>>>(
    ask: impl Fn() -> Asked,
    state: &Shared,
    peer: fn(&mut State) -> &mut Option<Peer<T>>,
    shutdown: &Shutdown,
) {
    let mut tick = interval(ANSWERS);
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            () = shutdown.triggered() => return,
        }
        let answer = tokio::select! {
            answer = ask() => answer.map_err(|error| error.into_reason().to_string()),
            () = shutdown.triggered() => return,
        };
        let mut state = state.lock();
        if let Some(peer) = peer(&mut state) {
            match (&answer, &peer.failing) {
                (Err(why), None) => tracing::warn!(url = peer.url, why, "a service doesn't answer; trying again"),
                (Ok(_), Some(_)) => tracing::info!(url = peer.url, "the service answers"),
                _ => {}
            }
            peer.take(Timestamp::now(), answer);
        }
    }
}

/// Keeps the process figures of the console and the stream-processor up to date until shutdown.
async fn measure(own: &Registry, processor: Option<&Admin>, state: &Shared, shutdown: &Shutdown) {
    let mut tick = interval(PROCESSES);
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut last = Instant::now();
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            () = shutdown.triggered() => return,
        }
        let processor = match processor {
            Some(admin) => tokio::select! {
                metrics = admin.metrics() => metrics.ok(),
                () = shutdown.triggered() => return,
            },
            None => None,
        };
        let processor = processor.and_then(|text| Reading::parse(&text));
        let own = TextEncoder::new().encode_to_string(&own.gather()).ok().and_then(|text| Reading::parse(&text));
        let elapsed = last.elapsed();
        last = Instant::now();
        let mut state = state.lock();
        update(&mut state.own_process, CONSOLE.name, own, elapsed);
        update(&mut state.processor_process, STREAM_PROCESSOR.name, processor, elapsed);
    }
}

fn update(process: &mut Option<Process>, service: &'static str, reading: Option<Reading>, elapsed: Duration) {
    match (process.as_mut(), reading) {
        (Some(process), Some(reading)) => process.update(reading, elapsed),
        (None, Some(reading)) => *process = Some(Process::new(service, reading)),
        (_, None) => *process = None,
    }
}

#[cfg(test)]
mod tests {
    use tidewatch_kafka::KafkaArgs;

    use super::*;

    #[tokio::test]
    async fn a_peer_that_never_answers_does_not_delay_the_end() {
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let config = Config {
            processor: Some(silent.local_addr().unwrap().into()),
            simulator: None,
            mock_slack: None,
            kafka: KafkaArgs::new("127.0.0.1:1"),
        };
        let peers = Peers::new(&config).unwrap();
        let (state, registry, shutdown) = (Shared::new(State::default()), Registry::new(), Shutdown::new());
        let asked = async {
            let held = (silent.accept().await.unwrap(), silent.accept().await.unwrap());
            shutdown.trigger();
            (held, Instant::now())
        };
        let ((_held, triggered), ()) = tokio::join!(asked, peers.run(&state, &registry, &shutdown));
        assert!(triggered.elapsed() < LIMIT / 2, "{:?}", triggered.elapsed());
    }
}

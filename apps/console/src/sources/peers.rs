//! Periodic HTTP requests to the other services.

use std::time::Duration;

use anyhow::Context;
use jiff::Timestamp;
use prometheus::{Registry, TextEncoder};
use reqwest::{Client, Url};
use serde::de::DeserializeOwned;
use tidewatch_service::{Shutdown, http_client};
use tokio::time::{Instant, MissedTickBehavior};

use super::Shared;
use crate::peers::Peer;
use crate::processes::{Process, Reading};
use crate::state::State;

const LIMIT: Duration = Duration::from_secs(2);
/// Maximum size of an answer in bytes; a longer one is refused.
const MAX_ANSWER: usize = 8 * 1024 * 1024;
/// Interval between requests to a peer.
const ANSWERS: Duration = Duration::from_secs(1);
/// Interval between readings of processes.
const PROCESSES: Duration = Duration::from_secs(5);

/// Creates a client for these peers. CA certificates are loaded only if a peer uses https: the console's image has
/// none.
pub(crate) fn client<'a>(peers: impl IntoIterator<Item = &'a Url>) -> anyhow::Result<Client> {
    let client = http_client(LIMIT);
    let tls = peers.into_iter().any(|peer| peer.scheme() == "https");
    let client = if tls { client } else { client.tls_certs_only([]) };
    client.build().context("https needs certificates of authorities; SSL_CERT_FILE names a file of them")
}

/// Keeps a peer's answer up to date until shutdown. Does nothing without the peer's URL.
pub(crate) async fn follow<T: DeserializeOwned>(
    client: &Client,
    base: &Option<Url>,
    path: &str,
    state: &Shared,
    peer: fn(&mut State) -> &mut Option<Peer<T>>,
    shutdown: &Shutdown,
) {
    let Some(base) = base else { return };
    let (url, shown) = (endpoint(base, path), base.origin().ascii_serialization());
    let mut tick = tokio::time::interval(ANSWERS);
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            () = shutdown.triggered() => return,
        }
        let asked = tokio::select! {
            asked = ask(client, &url) => asked,
            () = shutdown.triggered() => return,
        };
        let answer = asked.and_then(|body| {
            serde_json::from_slice(&body).map_err(|error| format!("its answer can't be read: {error}"))
        });
        let mut state = state.lock();
        if let Some(peer) = peer(&mut state) {
            match (&answer, &peer.failing) {
                (Err(why), None) => tracing::warn!(url = shown, why, "a service doesn't answer; trying on"),
                (Ok(_), Some(_)) => tracing::info!(url = shown, "the service answers"),
                _ => {}
            }
            peer.take(Timestamp::now(), answer);
        }
    }
}

/// Keeps the process figures of the console and the stream-processor up to date until shutdown.
pub(crate) async fn measure(
    client: &Client,
    own: &Registry,
    processor: &Option<Url>,
    state: &Shared,
    shutdown: &Shutdown,
) {
    let processor = processor.as_ref().map(|base| endpoint(base, "metrics"));
    let mut tick = tokio::time::interval(PROCESSES);
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut last = Instant::now();
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            () = shutdown.triggered() => return,
        }
        let processor = match &processor {
            Some(url) => tokio::select! {
                asked = ask(client, url) => asked.ok(),
                () = shutdown.triggered() => return,
            },
            None => None,
        };
        let processor = processor.and_then(|body| Reading::parse(&String::from_utf8_lossy(&body)));
        let own = TextEncoder::new().encode_to_string(&own.gather()).ok().and_then(|text| Reading::parse(&text));
        let elapsed = last.elapsed();
        last = Instant::now();
        let mut state = state.lock();
        update(&mut state.own_process, "console", own, elapsed);
        update(&mut state.processor_process, "stream-processor", processor, elapsed);
    }
}

fn update(process: &mut Option<Process>, service: &'static str, reading: Option<Reading>, elapsed: Duration) {
    match (process.as_mut(), reading) {
        (Some(process), Some(reading)) => process.update(reading, elapsed),
        (None, Some(reading)) => *process = Some(Process::new(service, reading)),
        (_, None) => *process = None,
    }
}

async fn ask(client: &Client, url: &str) -> Result<Vec<u8>, String> {
    let mut response = client.get(url).send().await.map_err(|error| sentence(&error))?;
    if !response.status().is_success() {
        return Err(format!("it answered {}", response.status().as_u16()));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| sentence(&error))? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_ANSWER {
            return Err("its answer is longer than 8 MiB".to_owned());
        }
    }
    Ok(body)
}

/// Describes the error without the URL, which is shown next to it.
fn sentence(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        "no answer within 2 s".to_owned()
    } else if error.is_connect() {
        "it can't be connected to".to_owned()
    } else {
        "the connection broke".to_owned()
    }
}

fn endpoint(base: &Url, path: &str) -> String {
    format!("{}/{path}", base.as_str().trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_added_to_the_base_url_with_or_without_its_slash() {
        for base in ["http://host:8083/under/", "http://host:8083/under"] {
            assert_eq!(endpoint(&Url::parse(base).unwrap(), "faults"), "http://host:8083/under/faults");
        }
    }

    #[tokio::test]
    async fn a_peer_that_never_answers_does_not_delay_the_end() {
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = Some(Url::parse(&format!("http://{}", silent.local_addr().unwrap())).unwrap());
        let (client, registry) = (client(&base).unwrap(), Registry::new());
        let (state, shutdown) = (Shared::new(State::default()), Shutdown::new());
        let asked = async {
            let held = (silent.accept().await.unwrap(), silent.accept().await.unwrap());
            shutdown.trigger();
            (held, Instant::now())
        };
        let ((_held, triggered), (), ()) = tokio::join!(
            asked,
            follow(&client, &base, "status", &state, |state| &mut state.processor, &shutdown),
            measure(&client, &registry, &base, &state, &shutdown),
        );
        assert!(triggered.elapsed() < LIMIT / 2, "{:?}", triggered.elapsed());
    }
}

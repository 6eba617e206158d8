//! Sends alerts to a receiver and reports whether it accepted them.
use crate::{
    HttpUrl,
    metrics::Metrics,
    payload,
    state::{Delivery, Kind},
};
use anyhow::Context;
use jiff::Timestamp;
use reqwest::{Client, Response, StatusCode, Url, header::LOCATION};
use serde::Serialize;
use std::{sync::Arc, time::Duration};
use tidewatch_service::http_client;
use tokio::{sync::Semaphore, task::JoinSet};

/// How long a receiver may take to answer.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Concurrent requests per receiver. The limit is per receiver so that one that hangs can't use up the permits of
/// others.
const CONCURRENCY: usize = 32;

/// A receiver of alerts: one webhook, or a set of equivalent Alertmanagers.
#[derive(Clone, Debug)]
pub(crate) struct Receiver {
    pub(crate) kind: Kind,
    endpoints: Vec<Endpoint>,
    permits: Arc<Semaphore>,
    client: Client,
    metrics: Metrics,
}

#[derive(Clone, Debug)]
struct Endpoint {
    /// Host and port.
    name: String,
    url: Url,
}

/// The result of a delivery.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) delivery: Delivery,
    /// The name of the endpoint that accepted it, or why none did.
    pub(crate) accepted_by: Result<String, Refusal>,
}

/// Why a receiver did not accept a request.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// The value of the label `outcome` in the requests metric.
    outcome: &'static str,
    /// One sentence.
    pub(crate) reason: String,
    /// Whether fewer alerts in one request may help.
    pub(crate) too_large: bool,
}

/// Creates one receiver for all Alertmanagers together, and one per webhook.
pub(crate) fn receivers(
    alertmanagers: &[HttpUrl],
    webhooks: &[HttpUrl],
    metrics: &Metrics,
) -> anyhow::Result<Vec<Receiver>> {
    let client = http_client(TIMEOUT).build().context("can't set up the HTTP client")?;
    let receiver = |kind, endpoints| Receiver {
        kind,
        endpoints,
        permits: Arc::new(Semaphore::new(CONCURRENCY)),
        client: client.clone(),
        metrics: metrics.clone(),
    };
    let cluster: Vec<_> =
        alertmanagers.iter().map(|base| Endpoint { name: base.to_string(), url: base.join("api/v2/alerts") }).collect();
    let mut receivers = Vec::new();
    if !cluster.is_empty() {
        receivers.push(receiver(Kind::Alertmanager, cluster));
    }
    for webhook in webhooks {
        receivers.push(receiver(Kind::Webhook, vec![Endpoint { name: webhook.to_string(), url: webhook.url() }]));
    }
    for endpoint in receivers.iter().flat_map(|receiver| &receiver.endpoints) {
        metrics.expect(&endpoint.name);
    }
    Ok(receivers)
}

impl Receiver {
    /// Returns the names of all its endpoints, separated by commas.
    pub(crate) fn name(&self) -> String {
        self.endpoints.iter().map(|endpoint| endpoint.name.as_str()).collect::<Vec<_>>().join(",")
    }

    /// Sends to all endpoints. The receiver has accepted the delivery if at least one of them answers 2xx.
    #[tracing::instrument(skip_all, fields(receiver = self.name(), alertname = delivery.group.0, service = delivery.group.1))]
    pub(crate) async fn deliver(self, delivery: Delivery) -> Outcome {
        // The semaphore is never closed; if it were, the request would only exceed the limit.
        let _permit = self.permits.acquire().await;
        let mut requests = JoinSet::new();
        for endpoint in self.endpoints.clone() {
            let (receiver, delivery) = (self.clone(), delivery.clone());
            requests.spawn(async move { receiver.tell(endpoint, &delivery).await });
        }
        let answers = requests.join_all().await;
        let (mut accepted, mut refused) = (Vec::new(), Vec::new());
        for answer in answers {
            match answer {
                Ok(name) => accepted.push(name),
                Err(reason) => refused.push(reason),
            }
        }
        let accepted_by = accepted.into_iter().next().ok_or_else(|| Refusal::of_all(refused));
        Outcome { delivery, accepted_by }
    }

    async fn tell(&self, endpoint: Endpoint, delivery: &Delivery) -> Result<String, Refusal> {
        let answer = match self.kind {
            Kind::Alertmanager => {
                self.post(&endpoint, &payload::alertmanager(&delivery.events, Timestamp::now())).await
            }
            Kind::Webhook => self.post(&endpoint, &payload::webhook(&delivery.events)).await,
        };
        let outcome = answer.as_ref().map_or_else(|refusal| refusal.outcome, |()| "accepted");
        self.metrics.requests.with_label_values(&[endpoint.name.as_str(), outcome]).inc();
        match answer {
            Ok(()) => Ok(endpoint.name),
            Err(refusal) => Err(Refusal { reason: format!("{} {}", endpoint.name, refusal.reason), ..refusal }),
        }
    }

    async fn post(&self, endpoint: &Endpoint, body: &impl Serialize) -> Result<(), Refusal> {
        let refusal = |outcome, reason| Refusal { outcome, reason, too_large: false };
        let answer = self.client.post(endpoint.url.clone()).json(body).send().await.map_err(|error| {
            // The URL may be a secret, and the client's errors include it.
            let error = error.without_url();
            if error.is_timeout() {
                refusal("timeout", format!("did not answer within {} s", TIMEOUT.as_secs()))
            } else {
                refusal("unreachable", format!("can't be reached: {:#}", anyhow::Error::new(error)))
            }
        })?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let too_large = status == StatusCode::PAYLOAD_TOO_LARGE;
        let said = if status.is_redirection() { redirect(&endpoint.url, &answer) } else { beginning(answer).await };
        Err(Refusal { too_large, ..refusal("refused", format!("answered {status}: {said}")) })
    }
}

impl Refusal {
    /// Merges the refusals of all endpoints.
    fn of_all(refusals: Vec<Self>) -> Self {
        Self {
            outcome: "refused",
            too_large: refusals.iter().any(|refusal| refusal.too_large),
            reason: refusals.into_iter().map(|refusal| refusal.reason).collect::<Vec<_>>().join("; "),
        }
    }
}

/// Describes where a redirect leads. Following it would lose the alert: most clients turn a redirected POST into a GET,
/// and a login page answers that with 200. The sentence names only the host, since the rest of the address is often a
/// secret.
fn redirect(asked: &Url, answer: &Response) -> String {
    let place = answer.headers().get(LOCATION).and_then(|place| asked.join(place.to_str().ok()?).ok());
    match place.map(|place| place.origin()) {
        Some(origin) if origin == asked.origin() => {
            "it redirects to another path there: set the receiver to that address".to_owned()
        }
        Some(origin) if origin.is_tuple() => {
            format!("it redirects to {}: set the receiver to that address", origin.ascii_serialization())
        }
        _ => "it redirects, and doesn't say to which web address".to_owned(),
    }
}

/// Returns the beginning of the receiver's answer, at most 200 characters.
async fn beginning(mut answer: Response) -> String {
    let said = answer.chunk().await.ok().flatten().unwrap_or_default();
    String::from_utf8_lossy(&said).trim().chars().take(200).collect()
}

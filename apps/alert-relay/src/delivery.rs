//! Sends alerts to a receiver and reports whether it accepted them.
use crate::{
    metrics::Metrics,
    payload,
    state::{Delivery, Kind},
};
use anyhow::Context;
use jiff::Timestamp;
use std::{sync::Arc, time::Duration};
use tidewatch_client::{Alertmanager, HttpUrl, Reason, StatusCode, Webhook};
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
    metrics: Metrics,
}

#[derive(Clone, Debug)]
struct Endpoint {
    /// Host and port.
    name: String,
    client: Client,
}

#[derive(Clone, Debug)]
enum Client {
    Alertmanager(Alertmanager),
    Webhook(Webhook),
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

/// Creates one receiver for all Alertmanagers together, and one per webhook. An error names the flag.
pub(crate) fn receivers(
    alertmanagers: &[HttpUrl],
    webhooks: &[HttpUrl],
    metrics: &Metrics,
) -> anyhow::Result<Vec<Receiver>> {
    let receiver = |kind, endpoints| Receiver {
        kind,
        endpoints,
        permits: Arc::new(Semaphore::new(CONCURRENCY)),
        metrics: metrics.clone(),
    };
    let endpoint = |url: &HttpUrl, client| Endpoint { name: url.host_and_port(), client };
    let mut cluster = Vec::new();
    for url in alertmanagers {
        let client = Alertmanager::new(url.clone(), TIMEOUT).context("--alertmanager")?;
        cluster.push(endpoint(url, Client::Alertmanager(client)));
    }
    let mut receivers = Vec::new();
    if !cluster.is_empty() {
        receivers.push(receiver(Kind::Alertmanager, cluster));
    }
    for url in webhooks {
        let client = Webhook::new(url.clone(), TIMEOUT).context("--webhook")?;
        receivers.push(receiver(Kind::Webhook, vec![endpoint(url, Client::Webhook(client))]));
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
    #[tracing::instrument(
        skip_all,
        fields(receiver = self.name(), alertname = delivery.group.0, service = delivery.group.1)
    )]
    pub(crate) async fn deliver(self, delivery: Delivery) -> Outcome {
        // The semaphore is never closed; if it were, the request would only exceed the limit.
        let _permit = self.permits.acquire().await;
        let mut requests = JoinSet::new();
        for endpoint in self.endpoints.clone() {
            let (receiver, delivery) = (self.clone(), delivery.clone());
            requests.spawn(async move { receiver.send(endpoint, &delivery).await });
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

    async fn send(&self, endpoint: Endpoint, delivery: &Delivery) -> Result<String, Refusal> {
        let answer = match &endpoint.client {
            Client::Alertmanager(client) => {
                client.post(&payload::alertmanager(&delivery.events, Timestamp::now())).await
            }
            Client::Webhook(client) => client.post(&payload::webhook(&delivery.events)).await,
        };
        let answer = answer.map_err(|error| Refusal::of(&endpoint.name, &error.into_reason()));
        let outcome = answer.as_ref().map_or_else(|refusal| refusal.outcome, |()| "accepted");
        self.metrics.requests.with_label_values(&[endpoint.name.as_str(), outcome]).inc();
        answer.map(|()| endpoint.name)
    }
}

impl Refusal {
    fn of(endpoint: &str, reason: &Reason) -> Self {
        let outcome = match reason {
            Reason::Timeout(_) => "timeout",
            Reason::Connect(_) | Reason::Broken(_) => "unreachable",
            _ => "refused",
        };
        let too_large = matches!(reason, Reason::Status { status: StatusCode::PAYLOAD_TOO_LARGE, .. });
        Self { outcome, reason: format!("{endpoint}: {reason}"), too_large }
    }

    /// Merges the refusals of all endpoints.
    fn of_all(refusals: Vec<Self>) -> Self {
        Self {
            outcome: "refused",
            too_large: refusals.iter().any(|refusal| refusal.too_large),
            reason: refusals.into_iter().map(|refusal| refusal.reason).collect::<Vec<_>>().join("; "),
        }
    }
}

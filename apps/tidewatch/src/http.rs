//! Requests to the services of a running Tidewatch.

use std::time::Duration;

use anyhow::{Context, anyhow};
use reqwest::{Client, RequestBuilder, Response};
use serde::de::DeserializeOwned;
use tidewatch_telemetry::http_client;

const LIMIT: Duration = Duration::from_secs(5);

/// A client that gives up after 5 s, and goes where it is told to only.
pub(crate) fn client() -> anyhow::Result<Client> {
    http_client(LIMIT).build().context("can't set up an HTTP client")
}

/// Sends a request to `service`; an error says that it doesn't answer and what to look at.
pub(crate) async fn send(service: &str, request: RequestBuilder) -> anyhow::Result<Response> {
    request.send().await.map_err(|error| {
        let url = error.url().map_or_else(String::new, |url| format!(" at {url}"));
        let reason = if error.is_timeout() { "no answer within 5 s" } else { "can't connect" };
        anyhow!("the {service}{url} does not answer ({reason}): does `tidewatch up` still run?")
    })
}

/// Asks `service` for JSON.
pub(crate) async fn get<T: DeserializeOwned>(client: &Client, service: &str, url: &str) -> anyhow::Result<T> {
    let response = send(service, client.get(url)).await?;
    let status = response.status();
    if !status.is_success() {
        return Err(anyhow!("the {service} at {url} answers {status}"));
    }
    response.json().await.with_context(|| format!("the {service} at {url} answers something unexpected"))
}

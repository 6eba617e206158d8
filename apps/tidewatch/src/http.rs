//! Requests to the services of a running Tidewatch.

use std::time::Duration;

use anyhow::{Context, anyhow};
use reqwest::{Client, RequestBuilder, Response, Url};
use serde::de::DeserializeOwned;
use tidewatch_service::http_client;

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

/// A URL as a person may see it, without the name and the password that may be in it.
pub(crate) fn shown(url: &str) -> String {
    match Url::parse(url) {
        Ok(mut parsed) if !parsed.username().is_empty() || parsed.password().is_some() => {
            // What can't have them has none.
            let _ = parsed.set_username("").and_then(|()| parsed.set_password(None));
            parsed.as_str().trim_end_matches('/').to_owned()
        }
        _ => url.to_owned(),
    }
}

/// Asks `service` for JSON.
pub(crate) async fn get<T: DeserializeOwned>(client: &Client, service: &str, url: &str) -> anyhow::Result<T> {
    let response = send(service, client.get(url)).await?;
    let (status, url) = (response.status(), shown(url));
    if !status.is_success() {
        return Err(anyhow!("the {service} at {url} answers {status}"));
    }
    response.json().await.with_context(|| format!("the {service} at {url} answers something unexpected"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_shown_without_name_and_password() {
        assert_eq!(shown("http://me:secret@h:9090/under?a=b"), "http://h:9090/under?a=b");
        assert_eq!(shown("http://token@h:9090"), "http://h:9090");
        for plain in ["http://h:9090", "kafka-1:9092", ""] {
            assert_eq!(shown(plain), plain);
        }
    }
}

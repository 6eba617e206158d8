//! Requests to the services of a running Tidewatch.

use std::time::Duration;

use anyhow::{Context, anyhow};
use reqwest::{Client, RequestBuilder, Response, Url};
use serde::de::DeserializeOwned;
use tidewatch_service::http_client;

const LIMIT: Duration = Duration::from_secs(5);

/// Returns a client that gives up after 5 s, follows no redirects and uses no proxy.
pub(crate) fn client() -> anyhow::Result<Client> {
    http_client(LIMIT).build().context("can't set up an HTTP client")
}

/// Sends a request to `service`; an error says that it doesn't respond, and what to check.
pub(crate) async fn send(service: &str, request: RequestBuilder) -> anyhow::Result<Response> {
    request.send().await.map_err(|error| {
        let url = error.url().map_or_else(String::new, |url| format!(" at {url}"));
        let reason = if error.is_timeout() { "no answer within 5 s" } else { "can't connect" };
        anyhow!("the {service}{url} does not answer ({reason}): does `tidewatch up` still run?")
    })
}

/// Returns a URL that is safe to show, without the user name and password that it may contain.
pub(crate) fn shown(url: &str) -> String {
    match Url::parse(url) {
        Ok(mut parsed) if !parsed.username().is_empty() || parsed.password().is_some() => {
            // A URL that can't have them doesn't have any.
            let _ = parsed.set_username("").and_then(|()| parsed.set_password(None));
            parsed.as_str().trim_end_matches('/').to_owned()
        }
        _ => url.to_owned(),
    }
}

/// Sends a GET request to `service`, and parses the response as JSON.
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

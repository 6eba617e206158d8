//! A peer's answer, read within the limit of its size.

use reqwest::header::LOCATION;
use reqwest::{Response, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::{Client, Error, Reason};

/// The longest answer that is read, in bytes.
pub const LONGEST_ANSWER: usize = 16 * 1024 * 1024;
/// How many bytes of a refusal are read, or a few more.
const REFUSAL: usize = 4 * 1024;
/// How many characters of its explanation are shown.
const SHOWN: usize = 300;

/// An answer whose status is known and whose body has not been read yet.
pub(crate) struct Answer<'a> {
    pub(crate) client: &'a Client,
    pub(crate) response: Response,
}

impl Answer<'_> {
    /// Returns the answer if its status is 2xx, otherwise the peer's explanation as an error.
    pub(crate) async fn accepted(self) -> Result<Self, Error> {
        let status = self.response.status();
        if status.is_success() {
            return Ok(self);
        }
        let client = self.client;
        Err(client.error(if status.is_redirection() {
            Reason::Redirect { status, target: target(&self.response) }
        } else {
            Reason::Status { status, said: said(&self.beginning().await) }
        }))
    }

    /// Returns the status.
    pub(crate) fn status(&self) -> StatusCode {
        self.response.status()
    }

    /// Reads the body as JSON.
    pub(crate) async fn json<T: DeserializeOwned>(self) -> Result<T, Error> {
        let client = self.client;
        let body = self.bytes().await?;
        serde_json::from_slice(&body).map_err(|error| client.error(Reason::Unreadable(error.to_string())))
    }

    /// Reads the body as text.
    pub(crate) async fn text(self) -> Result<String, Error> {
        Ok(String::from_utf8_lossy(&self.bytes().await?).into_owned())
    }

    /// Reads the beginning of a refusal. One that breaks off has been given nevertheless.
    async fn beginning(mut self) -> Vec<u8> {
        let mut body = Vec::new();
        while body.len() < REFUSAL
            && let Ok(Some(chunk)) = self.response.chunk().await
        {
            body.extend_from_slice(&chunk);
        }
        body
    }

    async fn bytes(mut self) -> Result<Vec<u8>, Error> {
        let client = self.client;
        let mut body = Vec::new();
        while let Some(chunk) = self.response.chunk().await.map_err(|error| client.failure(&error))? {
            if body.len() + chunk.len() > LONGEST_ANSWER {
                return Err(client.error(Reason::TooLong));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

/// Describes where a redirect leads. Only scheme, host and port are named, since the rest of the address is often a
/// secret.
fn target(response: &Response) -> String {
    let asked = response.url();
    let place = response.headers().get(LOCATION).and_then(|place| asked.join(place.to_str().ok()?).ok());
    match place.map(|place| place.origin()) {
        Some(origin) if origin == asked.origin() => "another path there; use that address".to_owned(),
        Some(origin) if origin.is_tuple() => format!("{}; use that address", origin.ascii_serialization()),
        _ => "an unknown address".to_owned(),
    }
}

/// Returns the explanation in the body of a refusal: the field `error`, as our services and Prometheus write it, the
/// `detail` of RFC 9457, or the beginning of the text.
fn said(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Refusal {
        #[serde(alias = "detail")]
        error: String,
    }
    let explanation = match serde_json::from_slice(body) {
        Ok(Refusal { error }) => error,
        Err(_) => String::from_utf8_lossy(body).into_owned(),
    };
    explanation.trim().chars().take(SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_explained_by_its_error_or_by_its_beginning() {
        assert_eq!(said(br#"{"error": "no service is called x"}"#), "no service is called x");
        assert_eq!(said(br#"{"status": "error", "errorType": "bad_data", "error": "parse error"}"#), "parse error");
        assert_eq!(said(br#"{"type": "about:blank", "status": 404, "detail": "no such user"}"#), "no such user");
        assert_eq!(said(b" not found\n"), "not found");
        let long = "é".repeat(1_000);
        for body in [long.clone(), format!(r#"{{"error": " {long}"}}"#)] {
            assert_eq!(said(body.as_bytes()), "é".repeat(SHOWN));
        }
    }
}

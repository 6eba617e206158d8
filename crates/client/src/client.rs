//! The client of one peer.

use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Method, RequestBuilder};
use serde::de::DeserializeOwned;
use tracing::Instrument;

use crate::answer::Answer;
use crate::{Error, HttpUrl, Reason, trace};

/// How long a connection is kept for the next request. Our services end one after 10 s without a request, and a request
/// that is sent just then fails; through a forwarded port, the end arrives late.
const KEPT: Duration = Duration::from_secs(5);

/// A client of one peer.
#[derive(Debug, Clone)]
pub struct Client {
    peer: String,
    base: HttpUrl,
    limit: Duration,
    http: reqwest::Client,
}

impl Client {
    /// Returns a client of the peer at `base`, called `peer` in errors. It waits for each answer for at most `limit`.
    ///
    /// # Errors
    /// If `base` is an https URL and there are no CA certificates on this machine, or if the HTTP library can't be set
    /// up for another reason.
    pub fn new(peer: impl Into<String>, base: HttpUrl, limit: Duration) -> Result<Self, Error> {
        let peer = peer.into();
        let http =
            reqwest::Client::builder().timeout(limit).redirect(Policy::none()).no_proxy().pool_idle_timeout(KEPT);
        // The image of a service that needs no https has no certificates, and then loading them fails.
        let http = if base.is_https() { http } else { http.tls_certs_only([]) };
        match http.build() {
            Ok(http) => Ok(Self { peer, base, limit, http }),
            Err(error) => Err(Error::new(&peer, &base, Reason::of_no_client(&error, &base))),
        }
    }

    /// Returns the peer's address.
    pub fn base(&self) -> &HttpUrl {
        &self.base
    }

    /// Returns the JSON at this path of the peer.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        self.query(path, &[]).await
    }

    /// Requests this path of the peer; succeeds if the status is 2xx.
    pub async fn probe(&self, path: &str) -> Result<(), Error> {
        self.send(Method::GET, &self.base.join(path), |request| request).await?.accepted().await.map(drop)
    }

    /// Returns the JSON at this path with this query.
    pub(crate) async fn query<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<T, Error> {
        let answer = self.send(Method::GET, &self.base.join(path), |request| request.query(query)).await?;
        answer.accepted().await?.json().await
    }

    /// Sends a request to `url`, which is below the base; `fill` adds a query or a body.
    pub(crate) async fn send(
        &self,
        method: Method,
        url: &HttpUrl,
        fill: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Result<Answer<'_>, Error> {
        let span = trace::span(&method, &self.base);
        let request = fill(self.http.request(method, url.as_url().clone())).build();
        let mut request = request.map_err(|error| self.failure(&error))?;
        trace::propagate(&span, &mut request);
        let answer = self.http.execute(request).instrument(span.clone()).await;
        let answer = answer.map_err(|error| self.failure(&error));
        trace::answered(&span, answer.as_ref().map(|answer| answer.status().as_u16()).map_err(Error::reason));
        Ok(Answer { client: self, response: answer? })
    }

    pub(crate) fn error(&self, reason: Reason) -> Error {
        Error::new(&self.peer, &self.base, reason)
    }

    pub(crate) fn failure(&self, error: &reqwest::Error) -> Error {
        self.error(Reason::of(error, self.limit))
    }
}

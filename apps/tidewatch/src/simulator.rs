//! The workload-simulator's HTTP API: its services, and the faults in them.

use std::fmt::{self, Display};

use anyhow::Context;
use jiff::Timestamp;
use reqwest::{Client, Response, StatusCode, Url};
use serde::Deserialize;
use serde_json::Value;

use crate::exit::usage;
use crate::http;

const NAME: &str = "workload-simulator";

/// A client of it.
#[derive(Debug, Clone)]
pub(crate) struct Simulator {
    client: Client,
    url: String,
}

/// One simulated service.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Simulated {
    /// Its name.
    pub(crate) service: String,
    /// Where it runs.
    pub(crate) regions: Vec<String>,
    /// Events handed to the producer since the simulator's start.
    pub(crate) produced: u64,
    /// Those that the broker has acknowledged.
    pub(crate) acknowledged: u64,
    /// Those that were given up.
    pub(crate) dropped: u64,
}

/// Faults in force, and those that were healed.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Faults {
    /// In force.
    pub(crate) active: Vec<Fault>,
    /// Healed, newest first; a bounded number of them.
    pub(crate) history: Vec<Fault>,
}

/// One fault.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Fault {
    /// The service that it befalls.
    pub(crate) service: String,
    /// Its only region that it befalls; none means all of them.
    pub(crate) region: Option<String>,
    /// `latency`, `error_rate`, `silence`, `skew` or `malformed`.
    pub(crate) kind: String,
    /// When it began.
    pub(crate) injected_at: Timestamp,
    /// When it ended.
    pub(crate) healed_at: Option<Timestamp>,
}

impl Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.service, self.kind.replace('_', " "))?;
        match &self.region {
            Some(region) => write!(out, " in {region}"),
            None => Ok(()),
        }
    }
}

impl Simulator {
    /// The one at this URL.
    pub(crate) fn new(client: Client, url: impl Into<String>) -> Self {
        Self { client, url: url.into() }
    }

    /// What it simulates.
    pub(crate) async fn services(&self) -> anyhow::Result<Vec<Simulated>> {
        #[derive(Deserialize)]
        struct Services {
            services: Vec<Simulated>,
        }
        let Services { services } = http::get(&self.client, NAME, &format!("{}/services", self.url)).await?;
        Ok(services)
    }

    /// What is and was broken.
    pub(crate) async fn faults(&self) -> anyhow::Result<Faults> {
        http::get(&self.client, NAME, self.faults_url(None)?.as_str()).await
    }

    /// Breaks a service, or one region of it, as `body` says.
    pub(crate) async fn inject(&self, service: &str, region: Option<&str>, body: &Value) -> anyhow::Result<Fault> {
        let mut url = self.faults_url(Some(service))?;
        if let Some(region) = region {
            url.query_pairs_mut().append_pair("region", region);
        }
        let response = accepted(http::send(NAME, self.client.put(url).json(body)).await?).await?;
        response.json().await.context("the simulator answers something unexpected")
    }

    /// Ends all faults of a service, or every fault there is; gives what was healed.
    pub(crate) async fn heal(&self, service: Option<&str>) -> anyhow::Result<Vec<Fault>> {
        #[derive(Deserialize)]
        struct Healed {
            healed: Vec<Fault>,
        }
        let response = accepted(http::send(NAME, self.client.delete(self.faults_url(service)?)).await?).await?;
        let Healed { healed } = response.json().await.context("the simulator answers something unexpected")?;
        Ok(healed)
    }

    fn faults_url(&self, service: Option<&str>) -> anyhow::Result<Url> {
        let mut url =
            Url::parse(&self.url).with_context(|| format!("the simulator's address {} is no URL", self.url))?;
        if let Ok(mut path) = url.path_segments_mut() {
            // As segments, so that a name with a slash in it stays a name.
            path.pop_if_empty().push("faults").extend(service);
        }
        Ok(url)
    }
}

/// The simulator says in one sentence what is wrong with a request, and which services or regions it knows.
async fn accepted(response: Response) -> anyhow::Result<Response> {
    #[derive(Deserialize)]
    struct Refusal {
        error: String,
    }
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let why =
        response.json().await.map_or_else(|_| format!("the simulator answers {status}"), |why: Refusal| why.error);
    match status {
        StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND => Err(usage(why)),
        _ => Err(anyhow::anyhow!(why)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_services_name_stays_one_segment() {
        let url =
            |base: &str, service| Simulator::new(Client::new(), base).faults_url(service).unwrap().as_str().to_owned();
        assert_eq!(url("http://h:1", Some("a/b?c")), "http://h:1/faults/a%2Fb%3Fc");
        assert_eq!(url("http://h:1/", None), "http://h:1/faults");
    }
}

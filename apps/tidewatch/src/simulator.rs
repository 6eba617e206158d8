//! The workload-simulator's HTTP API: its services and their faults.

use anyhow::Context;
use reqwest::{Client, Response, StatusCode, Url};
use tidewatch_contract::http::simulator::{FAULTS, FaultRequest, Healed, Refusal, SERVICES, Services};
pub(crate) use tidewatch_contract::http::simulator::{Fault, Faults, Service as Simulated};

use crate::exit::usage;
use crate::http;

const NAME: &str = "workload-simulator";

/// A client of the workload-simulator.
#[derive(Debug, Clone)]
pub(crate) struct Simulator {
    client: Client,
    url: String,
}

/// Describes the fault in a few words.
pub(crate) fn described(fault: &Fault) -> String {
    let place = fault.region.as_ref().map_or_else(String::new, |region| format!(" in {region}"));
    format!("{}: {}{place}", fault.service, fault.kind.as_str().replace('_', " "))
}

impl Simulator {
    /// Returns a client of the simulator at this URL.
    pub(crate) fn new(client: Client, url: impl Into<String>) -> Self {
        Self { client, url: url.into() }
    }

    /// Returns the simulated services.
    pub(crate) async fn services(&self) -> anyhow::Result<Vec<Simulated>> {
        let Services { services } = http::get(&self.client, NAME, &format!("{}{SERVICES}", self.url)).await?;
        Ok(services)
    }

    /// Returns the active faults and those of the past.
    pub(crate) async fn faults(&self) -> anyhow::Result<Faults> {
        http::get(&self.client, NAME, self.faults_url(None)?.as_str()).await
    }

    /// Breaks a service, or one region of it.
    pub(crate) async fn inject(
        &self,
        service: &str,
        region: Option<&str>,
        request: &FaultRequest,
    ) -> anyhow::Result<Fault> {
        let mut url = self.faults_url(Some(service))?;
        if let Some(region) = region {
            url.query_pairs_mut().append_pair("region", region);
        }
        let response = accepted(http::send(NAME, self.client.put(url).json(request)).await?).await?;
        response.json().await.context("the simulator answers something unexpected")
    }

    /// Heals all faults of a service, or every fault, and returns the healed ones.
    pub(crate) async fn heal(&self, service: Option<&str>) -> anyhow::Result<Vec<Fault>> {
        let response = accepted(http::send(NAME, self.client.delete(self.faults_url(service)?)).await?).await?;
        let Healed { healed } = response.json().await.context("the simulator answers something unexpected")?;
        Ok(healed)
    }

    fn faults_url(&self, service: Option<&str>) -> anyhow::Result<Url> {
        let mut url = Url::parse(&self.url)
            .with_context(|| format!("the simulator's address {} is not a valid URL", self.url))?;
        if let Ok(mut path) = url.path_segments_mut() {
            // As segments, so that a name that contains a slash remains one name.
            path.pop_if_empty().push(FAULTS.trim_start_matches('/')).extend(service);
        }
        Ok(url)
    }
}

/// Turns an error response into an error with the simulator's explanation: a sentence that says what is wrong with the
/// request, and which services or regions exist.
async fn accepted(response: Response) -> anyhow::Result<Response> {
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

//! The API of faults: of the workload-simulator, and of each sample service.

use std::time::Duration;

use reqwest::Method;
use tidewatch_contract::http::simulator::{FAULTS, Fault, FaultRequest, Faults, Healed, SERVICES, Service, Services};
use tidewatch_platform as platform;

use crate::{Client, Error, HttpUrl};

/// A client of the workload-simulator, or of another service with the API of faults.
#[derive(Debug, Clone)]
pub struct Simulator(Client);

impl Simulator {
    /// Returns a client of the simulator at this address, see [`Client::new`].
    pub fn new(base: HttpUrl, limit: Duration) -> Result<Self, Error> {
        Self::of(platform::WORKLOAD_SIMULATOR, base, limit)
    }

    /// Returns a client of the API of faults of this service.
    pub fn of(service: platform::Service, base: HttpUrl, limit: Duration) -> Result<Self, Error> {
        Client::new(service.name, base, limit).map(Self)
    }

    /// Returns the services in which it can inject faults.
    pub async fn services(&self) -> Result<Vec<Service>, Error> {
        let Services { services } = self.0.get(SERVICES).await?;
        Ok(services)
    }

    /// Returns the active faults and those of the past.
    pub async fn faults(&self) -> Result<Faults, Error> {
        self.0.get(FAULTS).await
    }

    /// Breaks a service, or one region of it.
    pub async fn inject(&self, service: &str, region: Option<&str>, request: &FaultRequest) -> Result<Fault, Error> {
        let url = self.faults_url().segment(service);
        let region: Vec<_> = region.map(|region| ("region", region)).into_iter().collect();
        let answer = self.0.send(Method::PUT, &url, |put| put.query(&region).json(request)).await?;
        answer.accepted().await?.json().await
    }

    /// Heals all faults of a service, or every fault, and returns the healed ones.
    pub async fn heal(&self, service: Option<&str>) -> Result<Vec<Fault>, Error> {
        let url = service.map_or_else(|| self.faults_url(), |service| self.faults_url().segment(service));
        let answer = self.0.send(Method::DELETE, &url, |delete| delete).await?;
        let Healed { healed } = answer.accepted().await?.json().await?;
        Ok(healed)
    }

    fn faults_url(&self) -> HttpUrl {
        self.0.base().join(FAULTS)
    }
}

//! The places where faults are injected: the simulator, and each sample service.

use tidewatch_client::Simulator;
use tidewatch_contract::http::simulator::{FaultKind, Service};
use tidewatch_platform::{SERVICES, WORKLOAD_SIMULATOR};

use crate::exit::usage;
use crate::http;
use crate::state::Endpoints;

/// The places of a running Tidewatch that answer, each with the services that it can break.
pub(crate) struct Places(Vec<(Simulator, Vec<Service>)>);

impl Places {
    /// Asks each place. Those that don't answer are left out, unless none answers.
    pub(crate) async fn find(endpoints: &Endpoints) -> anyhow::Result<Self> {
        let mut places = Vec::new();
        let mut silent = None;
        for entry in SERVICES.iter().filter(|entry| entry.faults) {
            let Some(url) = http::url(endpoints, entry.endpoint)? else { continue };
            let place = Simulator::of(*entry, url, http::LIMIT)?;
            match place.services().await {
                Ok(services) => places.push((place, services)),
                Err(error) => silent = silent.or(Some(error)),
            }
        }
        match silent {
            _ if !places.is_empty() => Ok(Self(places)),
            Some(error) => Err(error.into()),
            None => {
                // It isn't there, or it would have been asked.
                endpoints.require(WORKLOAD_SIMULATOR.endpoint)?;
                Ok(Self(places))
            }
        }
    }

    /// Returns all places.
    pub(crate) fn all(&self) -> Vec<&Simulator> {
        self.0.iter().map(|(place, _)| place).collect()
    }

    /// Returns the places that run this service, in this region, if there is one, and can break it in this way. It is
    /// a usage error if there are none.
    pub(crate) fn that(
        &self,
        service: &str,
        region: Option<&str>,
        kind: Option<FaultKind>,
    ) -> anyhow::Result<Vec<&Simulator>> {
        let all: Vec<_> =
            self.0.iter().flat_map(|(place, services)| services.iter().map(move |of| (place, of))).collect();
        let names = all.iter().map(|(_, of)| of.service.as_str());
        let named: Vec<_> = all.iter().filter(|(_, of)| of.service == service).collect();
        if named.is_empty() {
            return Err(unknown("service", service, names));
        }
        let regions = named.iter().flat_map(|(_, of)| &of.regions).map(String::as_str);
        let placed: Vec<_> = named
            .iter()
            .filter(|(_, of)| region.is_none_or(|region| of.regions.iter().any(|own| own == region)))
            .collect();
        if placed.is_empty() {
            return Err(unknown("region", region.unwrap_or_default(), regions));
        }
        let able = placed.iter().filter(|(_, of)| kind.is_none_or(|kind| of.kinds.contains(&kind)));
        let able: Vec<&Simulator> = able.map(|(place, _)| *place).collect();
        match kind {
            Some(kind) if able.is_empty() => Err(usage(format!("{service} can't be broken by {}", kind.as_str()))),
            _ => Ok(able),
        }
    }
}

fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str>) -> anyhow::Error {
    let mut known: Vec<&str> = known.collect();
    known.sort_unstable();
    known.dedup();
    usage(format!("no {what} is named {name:?}; the known ones are {}", known.join(", ")))
}

#[cfg(test)]
mod tests {
    use tidewatch_client::HttpUrl;

    use super::*;

    fn service(name: &str, regions: &[&str], kinds: &[FaultKind]) -> Service {
        Service {
            acknowledged: 0,
            dropped: 0,
            events_per_second: 0.0,
            kinds: kinds.to_vec(),
            produced: 0,
            regions: regions.iter().map(|region| (*region).to_owned()).collect(),
            service: name.to_owned(),
        }
    }

    fn places() -> Places {
        let place = |url: &str| Simulator::new(url.parse::<HttpUrl>().unwrap(), http::LIMIT).unwrap();
        let simulated = [service("auth", &["eu", "us"], &FaultKind::ALL), service("user", &["eu"], &FaultKind::ALL)];
        let real = [service("user", &["local"], &[FaultKind::Latency])];
        Places(vec![(place("http://simulator"), simulated.into()), (place("http://user"), real.into())])
    }

    fn found(service: &str, region: Option<&str>, kind: FaultKind) -> Result<usize, String> {
        places().that(service, region, Some(kind)).map(|found| found.len()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_fault_is_injected_wherever_the_service_runs_and_can_have_it() {
        assert_eq!(found("auth", None, FaultKind::Latency), Ok(1));
        assert_eq!(found("user", None, FaultKind::Latency), Ok(2));
        assert_eq!(found("user", None, FaultKind::Skew), Ok(1));
        assert_eq!(found("user", Some("local"), FaultKind::Latency), Ok(1));
    }

    #[test]
    fn what_does_not_exist_is_named_with_what_does() {
        let latency = FaultKind::Latency;
        assert!(found("shop", None, latency).unwrap_err().ends_with("the known ones are auth, user"));
        assert!(found("user", Some("us"), latency).unwrap_err().ends_with("the known ones are eu, local"));
        let error = found("user", Some("local"), FaultKind::Skew).unwrap_err();
        assert_eq!(error, "user can't be broken by skew");
    }
}

//! The life cycle of the services in one process: running, ready, failed, drained.

use std::net::SocketAddr;
use std::pin::Pin;

use anyhow::{Context, anyhow};
use tidewatch_platform::{self as platform, drain_order};
use tidewatch_service::{Bound, DRAIN, Service, Shutdown};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout_at};

use crate::exit::usage;
use crate::state::Endpoints;

type Work = Pin<Box<dyn Future<Output = anyhow::Result<()>> + Send>>;

/// One bound service.
pub(crate) struct Member {
    entry: platform::Service,
    page: Option<SocketAddr>,
    admin: SocketAddr,
    shutdown: Shutdown,
    /// `None` once it is running.
    work: Option<Work>,
    task: Option<AbortHandle>,
}

impl Member {
    /// Prepares a bound service for [`Fleet::run`].
    pub(crate) fn new<S: Service>(service: Bound<S>) -> Self {
        let (page, admin, shutdown) = (service.page_addr(), service.admin_addr(), Shutdown::new());
        let work: Work = Box::pin(service.run(shutdown.clone()));
        Self { entry: S::ENTRY, page, admin, shutdown, work: Some(work), task: None }
    }

    /// Returns the address of its page or, without one, that of its admin listener.
    fn address(&self) -> SocketAddr {
        self.page.unwrap_or(self.admin)
    }

    /// Returns whether it runs.
    fn runs(&self) -> bool {
        self.task.as_ref().is_some_and(|task| !task.is_finished())
    }
}

/// The way a service ended.
struct Ended {
    name: &'static str,
    outcome: anyhow::Result<()>,
}

/// Services that run together. When it is dropped, they are asked to stop.
pub struct Fleet {
    members: Vec<Member>,
    ended: mpsc::UnboundedReceiver<Ended>,
    end: mpsc::UnboundedSender<Ended>,
}

impl Fleet {
    /// Returns a fleet without services.
    pub(crate) fn new() -> Self {
        let (end, ended) = mpsc::unbounded_channel();
        Self { members: Vec::new(), ended, end }
    }

    /// Adds a bound service.
    pub(crate) fn add(&mut self, member: Member) {
        self.members.push(member);
        // The order of the registry, in which it numbers the admin ports.
        self.members.sort_by_key(|member| member.entry.admin);
    }

    /// Returns the URL of a service: that of its page or, without one, that of its admin listener.
    pub fn url(&self, entry: platform::Service) -> anyhow::Result<String> {
        self.find(entry).ok_or_else(|| usage(format!("--without: another service needs {}", entry.name)))
    }

    /// Returns the URL of a service if it is among these.
    pub(crate) fn find(&self, entry: platform::Service) -> Option<String> {
        self.members.iter().find(|member| member.entry == entry).map(|member| http(member.address()))
    }

    /// Starts all services.
    pub fn run(&mut self) {
        for member in &mut self.members {
            let Some(work) = member.work.take() else { continue };
            let (name, end) = (member.entry.name, self.end.clone());
            let work = tokio::spawn(work);
            member.task = Some(work.abort_handle());
            tokio::spawn(async move {
                let outcome = work.await.unwrap_or_else(|panic| Err(anyhow!("{panic}")));
                // Fails only when the fleet is gone, and then nobody needs the outcome.
                let _ = end.send(Ended { name, outcome });
            });
        }
    }

    /// Waits for the first service that ends without being asked to, and returns an error that names it and the reason.
    pub async fn failed(&mut self) -> anyhow::Error {
        match self.ended.recv().await {
            Some(Ended { name, outcome: Err(error) }) => error.context(format!("{name} failed")),
            Some(Ended { name, outcome: Ok(()) }) => anyhow!("{name} ended by itself"),
            None => anyhow!("there are no services"),
        }
    }

    /// Returns the name and the admin listener's address of each service.
    pub fn admins(&self) -> Vec<(&'static str, SocketAddr)> {
        self.members.iter().map(|member| (member.entry.name, member.admin)).collect()
    }

    /// Returns the name, the address and the admin address of each service, for a table.
    pub(crate) fn places(&self) -> Vec<Vec<String>> {
        let place = |member: &Member| {
            let page = member.page.map_or_else(|| "-".to_owned(), http);
            vec![member.entry.name.to_owned(), page, http(member.admin)]
        };
        self.members.iter().map(place).collect()
    }

    /// Adds the address of each service to `endpoints`: that of its page or, without one, that of its admin listener.
    pub(crate) fn note_in(&self, endpoints: &mut Endpoints) {
        for member in &self.members {
            endpoints.insert(member.entry.name, http(member.address()));
        }
    }

    /// Stops one service after another, in the registry's order, so that the later ones still handle what the earlier
    /// ones send. All of them together have the time that a single service has.
    pub async fn drain(mut self) -> anyhow::Result<()> {
        let deadline = Instant::now() + DRAIN;
        let mut outcome = Ok(());
        let mut gone: Vec<&'static str> = Vec::new();
        for member in drain_order(&self.members, |member| &member.entry) {
            member.shutdown.trigger();
            while !gone.contains(&member.entry.name) && member.runs() {
                let Ok(Some(ended)) = timeout_at(deadline, self.ended.recv()).await else { break };
                gone.push(ended.name);
                outcome = outcome.and(ended.outcome.with_context(|| format!("{} failed while draining", ended.name)));
            }
        }
        let stuck: Vec<&Member> = self.members.iter().filter(|member| member.runs()).collect();
        for member in &stuck {
            if let Some(task) = &member.task {
                task.abort();
            }
        }
        if !stuck.is_empty() {
            let names: Vec<&str> = stuck.iter().map(|member| member.entry.name).collect();
            return Err(anyhow!("not drained after {} s: {}", DRAIN.as_secs(), names.join(", ")));
        }
        outcome
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        self.members.iter().for_each(|member| member.shutdown.trigger());
    }
}

fn http(address: SocketAddr) -> String {
    format!("http://{address}")
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use anyhow::bail;
    use tidewatch_service::metrics::Family;
    use tidewatch_service::{ListenArgs, Parts};

    use super::*;

    type Order = Arc<Mutex<Vec<u8>>>;

    #[derive(clap::Args)]
    struct Config {
        #[arg(skip)]
        order: Order,
    }

    /// Ends when its shutdown is triggered, or at once if `ENDS` is [`FAILS`].
    struct Fake<const ENDS: u8>(Order);

    /// Fails at once.
    const FAILS: u8 = 100;

    impl<const ENDS: u8> Service for Fake<ENDS> {
        const ENTRY: platform::Service = match ENDS {
            FAILS => entry("failing", &[]),
            1 => entry("one", &["three"]),
            2 => entry("two", &[]),
            _ => entry("three", &["two"]),
        };
        const METRICS: &'static [Family] = &[];
        type Config = Config;

        fn build(config: Config, _: &mut Parts) -> anyhow::Result<Self> {
            Ok(Self(config.order))
        }

        async fn run(self, shutdown: Shutdown) -> anyhow::Result<()> {
            if ENDS == FAILS {
                bail!("the disk is full");
            }
            shutdown.triggered().await;
            self.0.lock().unwrap().push(ENDS);
            Ok(())
        }
    }

    async fn fake<const ENDS: u8>(order: &Order) -> Member {
        let (config, listen) = (Config { order: order.clone() }, ListenArgs::on_free_ports(Fake::<ENDS>::ENTRY));
        Member::new(Bound::<Fake<ENDS>>::new(config, &listen).await.unwrap())
    }

    const fn entry(name: &'static str, drain_after: &'static [&'static str]) -> platform::Service {
        platform::Service { name, drain_after, ..platform::CONSOLE }
    }

    #[tokio::test]
    async fn services_are_drained_one_after_the_other_in_the_order_of_the_registry() {
        let order = Order::default();
        let mut fleet = Fleet::new();
        fleet.add(fake::<1>(&order).await);
        fleet.add(fake::<2>(&order).await);
        fleet.add(fake::<3>(&order).await);
        fleet.run();
        fleet.drain().await.unwrap();
        assert_eq!(*order.lock().unwrap(), [2, 3, 1]);
    }

    #[tokio::test]
    async fn a_service_that_fails_is_named_with_its_reason_and_the_others_still_drain() {
        let order = Order::default();
        let mut fleet = Fleet::new();
        fleet.add(fake::<1>(&order).await);
        fleet.add(fake::<FAILS>(&order).await);
        fleet.add(fake::<2>(&order).await);
        fleet.run();
        let failed = fleet.failed().await;
        assert_eq!(format!("{failed:#}"), "failing failed: the disk is full");
        fleet.drain().await.unwrap();
        assert_eq!(*order.lock().unwrap(), [1, 2]);
    }

    #[tokio::test]
    async fn services_that_never_ran_are_drained_at_once() {
        let mut fleet = Fleet::new();
        fleet.add(fake::<1>(&Order::default()).await);
        fleet.drain().await.unwrap();
    }
}

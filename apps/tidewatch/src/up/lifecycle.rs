//! The life cycle of the services in one process: running, ready, failed, drained.

use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use anyhow::{Context, anyhow};
use tidewatch_platform::{self as platform, drain_order};
use tidewatch_service::{Service, Shutdown};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout_at};

use crate::state::Endpoints;

/// Time limit for draining all services together.
const DRAIN: Duration = Duration::from_secs(10);

type Work = Pin<Box<dyn Future<Output = anyhow::Result<()>> + Send>>;

/// One service.
struct Member {
    entry: platform::Service,
    page: Option<SocketAddr>,
    admin: SocketAddr,
    shutdown: Shutdown,
    /// `None` once it is running.
    work: Option<Work>,
    task: Option<AbortHandle>,
}

/// The way a service ended.
struct Ended {
    name: &'static str,
    outcome: anyhow::Result<()>,
}

/// All services.
pub(super) struct Fleet {
    members: Vec<Member>,
    ended: mpsc::UnboundedReceiver<Ended>,
    end: mpsc::UnboundedSender<Ended>,
}

impl Fleet {
    /// Returns a fleet without services.
    pub(super) fn new() -> Self {
        let (end, ended) = mpsc::unbounded_channel();
        Self { members: Vec::new(), ended, end }
    }

    /// Adds a bound service.
    pub(super) fn add<S: Service>(&mut self, service: S) {
        let (page, admin) = (service.page_addr(), service.admin_addr());
        let shutdown = Shutdown::new();
        let work: Work = Box::pin(service.run(shutdown.clone()));
        self.members.push(Member { entry: S::ENTRY, page, admin, shutdown, work: Some(work), task: None });
    }

    /// Starts all services.
    pub(super) fn run(&mut self) {
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
    pub(super) async fn failed(&mut self) -> anyhow::Error {
        match self.ended.recv().await {
            Some(Ended { name, outcome: Err(error) }) => error.context(format!("{name} failed")),
            Some(Ended { name, outcome: Ok(()) }) => anyhow!("{name} ended by itself"),
            None => anyhow!("there are no services"),
        }
    }

    /// Returns the name and the admin listener's address of each service.
    pub(super) fn admins(&self) -> Vec<(&'static str, SocketAddr)> {
        self.members.iter().map(|member| (member.entry.name, member.admin)).collect()
    }

    /// Returns the name, the address and the admin address of each service, for a table.
    pub(super) fn places(&self) -> Vec<Vec<String>> {
        let place = |member: &Member| {
            let page = member.page.map_or_else(|| "-".to_owned(), http);
            vec![member.entry.name.to_owned(), page, http(member.admin)]
        };
        self.members.iter().map(place).collect()
    }

    /// Adds the address of each service to `endpoints`: that of its page or, without one, that of its admin listener.
    pub(super) fn note_in(&self, endpoints: &mut Endpoints) {
        for member in &self.members {
            endpoints.insert(member.entry.name, http(member.page.unwrap_or(member.admin)));
        }
    }

    /// Stops one service after another, in the registry's order, so that the later ones still handle what the earlier
    /// ones send.
    pub(super) async fn drain(mut self) -> anyhow::Result<()> {
        let deadline = Instant::now() + DRAIN;
        let mut outcome = Ok(());
        let mut gone: Vec<&'static str> = Vec::new();
        let entries: Vec<platform::Service> = self.members.iter().map(|member| member.entry).collect();
        for entry in drain_order(&entries) {
            let Some(member) = self.members.iter().find(|member| member.entry == entry) else { continue };
            member.shutdown.trigger();
            while !gone.contains(&entry.name) && member.task.as_ref().is_some_and(|task| !task.is_finished()) {
                let Ok(Some(ended)) = timeout_at(deadline, self.ended.recv()).await else { break };
                gone.push(ended.name);
                outcome = outcome.and(ended.outcome.with_context(|| format!("{} failed while draining", ended.name)));
            }
        }
        let stuck: Vec<&Member> =
            self.members.iter().filter(|member| member.task.as_ref().is_some_and(|task| !task.is_finished())).collect();
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

fn http(address: SocketAddr) -> String {
    format!("http://{address}")
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use anyhow::bail;
    use tidewatch_service::{AdminArgs, Parts};

    use super::*;

    #[derive(clap::Args)]
    struct Config {
        #[command(flatten)]
        admin: AdminArgs,
    }

    /// Ends when its shutdown is triggered, or at once if `ENDS` is [`FAILS`].
    struct Fake<const ENDS: u8> {
        order: Arc<Mutex<Vec<u8>>>,
    }

    /// Fails at once.
    const FAILS: u8 = 100;

    impl<const ENDS: u8> Service for Fake<ENDS> {
        const ENTRY: platform::Service = match ENDS {
            FAILS => entry("failing", &[]),
            1 => entry("one", &["three"]),
            2 => entry("two", &[]),
            _ => entry("three", &["two"]),
        };
        const ABOUT: &'static str = "Is no service";
        type Config = Config;

        fn admin_args(config: &Config) -> &AdminArgs {
            &config.admin
        }

        async fn build(_: Config, _: Parts) -> anyhow::Result<Self> {
            bail!("it has no ports")
        }

        fn admin_addr(&self) -> SocketAddr {
            ([127, 0, 0, 1], 1).into()
        }

        async fn run(self, shutdown: Shutdown) -> anyhow::Result<()> {
            if ENDS == FAILS {
                bail!("the disk is full");
            }
            shutdown.triggered().await;
            self.order.lock().unwrap().push(ENDS);
            Ok(())
        }
    }

    const fn entry(name: &'static str, drain_after: &'static [&'static str]) -> platform::Service {
        platform::Service { name, drain_after, ..platform::CONSOLE }
    }

    #[tokio::test]
    async fn services_are_drained_one_after_the_other_in_the_order_of_the_registry() {
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut fleet = Fleet::new();
        fleet.add(Fake::<1> { order: Arc::clone(&order) });
        fleet.add(Fake::<2> { order: Arc::clone(&order) });
        fleet.add(Fake::<3> { order: Arc::clone(&order) });
        fleet.run();
        fleet.drain().await.unwrap();
        assert_eq!(*order.lock().unwrap(), [2, 3, 1]);
    }

    #[tokio::test]
    async fn a_service_that_fails_is_named_with_its_reason_and_the_others_still_drain() {
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut fleet = Fleet::new();
        fleet.add(Fake::<1> { order: Arc::clone(&order) });
        fleet.add(Fake::<FAILS> { order: Arc::clone(&order) });
        fleet.add(Fake::<2> { order: Arc::clone(&order) });
        fleet.run();
        let failed = fleet.failed().await;
        assert_eq!(format!("{failed:#}"), "failing failed: the disk is full");
        fleet.drain().await.unwrap();
        assert_eq!(*order.lock().unwrap(), [1, 2]);
    }

    #[tokio::test]
    async fn services_that_never_ran_are_drained_at_once() {
        let mut fleet = Fleet::new();
        fleet.add(Fake::<1> { order: Arc::default() });
        fleet.drain().await.unwrap();
    }
}

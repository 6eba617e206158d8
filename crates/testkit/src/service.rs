//! Services that run within a test, in the same way as in their own processes.

use std::net::SocketAddr;
use std::time::Duration;

use clap::{Args, Command, FromArgMatches};
use reqwest::redirect::Policy;
use tidewatch_contract::http::admin::{METRICS, READY};
use tidewatch_service::{Bound, DRAIN, ListenArgs, Service, Shutdown};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::eventually;

/// Time limit for what a service does by itself, long enough for a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
/// Time limit for an answer.
const ANSWER: Duration = Duration::from_secs(10);

/// A service on free ports of the loopback interface. When dropped, it is asked to stop.
pub struct RunningService {
    admin: SocketAddr,
    page: Option<SocketAddr>,
    client: reqwest::Client,
    shutdown: Shutdown,
    work: Option<JoinHandle<anyhow::Result<()>>>,
}

/// Returns the configuration of a service that is started with these flags. The flags of the listeners are not among
/// them.
pub fn configuration<S: Service>(flags: &[&str]) -> S::Config {
    let command = S::Config::augment_args(Command::new(S::NAME).no_binary_name(true));
    S::Config::from_arg_matches(&command.try_get_matches_from(flags).unwrap()).unwrap()
}

impl RunningService {
    /// Starts a service with this configuration.
    pub async fn start<S: Service>(config: S::Config) -> Self {
        let bound = Bound::<S>::new(config, &ListenArgs::on_free_ports(S::ENTRY)).await.unwrap();
        let (admin, page, shutdown) = (bound.admin_addr(), bound.page_addr(), Shutdown::new());
        let work = Some(tokio::spawn(bound.run(shutdown.clone())));
        let client = reqwest::Client::builder().no_proxy().redirect(Policy::none()).timeout(ANSWER).build().unwrap();
        Self { admin, page, client, shutdown, work }
    }

    /// Returns the address of its admin listener.
    pub fn admin_addr(&self) -> SocketAddr {
        self.admin
    }

    /// Returns the address of its page or API.
    ///
    /// # Panics
    /// If it has none.
    pub fn page_addr(&self) -> SocketAddr {
        self.page.expect("the registry gives the service a page")
    }

    /// Returns the URL of its page or API, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.page_addr())
    }

    /// Returns the answer to a GET of its page or API.
    pub async fn get(&self, path: &str) -> reqwest::Response {
        self.client.get(format!("{}{path}", self.url())).send().await.unwrap()
    }

    /// Returns status and body of the answer to a GET of its admin listener.
    pub async fn ask_admin(&self, path: &str) -> (u16, String) {
        let answer = self.client.get(format!("http://{}{path}", self.admin)).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// Returns its metrics as text.
    pub async fn metrics(&self) -> String {
        self.ask_admin(METRICS).await.1
    }

    /// Waits until a sample whose line begins with `series` is at least `least`.
    pub async fn has_counted(&self, series: &str, least: u64) {
        let value = |metrics: &str| {
            let line = metrics.lines().find(|line| line.starts_with(series))?;
            line.rsplit_once(' ')?.1.parse::<u64>().ok()
        };
        eventually(&format!("{series} reaches {least}"), PATIENCE, async || {
            value(&self.metrics().await).filter(|value| *value >= least)
        })
        .await;
    }

    /// Returns status and body of /readyz.
    pub async fn readiness(&self) -> (u16, String) {
        self.ask_admin(READY).await
    }

    /// Waits until it is ready.
    pub async fn is_ready(&self) {
        eventually("the service is ready", PATIENCE, async || (self.readiness().await.0 == 200).then_some(())).await;
    }

    /// Waits until it reports that it is not ready, with this reason.
    pub async fn is_unready(&self, because: &str) {
        eventually(&format!("the service is not ready because {because}"), PATIENCE, async || {
            let (status, body) = self.readiness().await;
            (status == 503 && body.contains(because)).then_some(())
        })
        .await;
    }

    /// Returns whether it has ended by itself.
    pub fn has_ended(&self) -> bool {
        self.work.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Waits until it has ended by itself with an error, for at most `limit`, and returns the error.
    pub async fn fails_within(mut self, limit: Duration) -> String {
        let work = self.work.take().expect("the service runs");
        let outcome = timeout(limit, work).await.expect("the service ends by itself").unwrap();
        format!("{:#}", outcome.unwrap_err())
    }

    /// Stops it as SIGTERM does: it drains.
    pub async fn stop(mut self) {
        self.shutdown.trigger();
        if let Some(work) = self.work.take() {
            timeout(DRAIN, work).await.expect("the service drains in time").unwrap().unwrap();
        }
    }

    /// Ends it as `kill -9` does: it abandons work in progress, and saves nothing.
    pub async fn kill(mut self) {
        if let Some(work) = self.work.take() {
            work.abort();
            assert!(work.await.unwrap_err().is_cancelled());
        }
    }
}

impl Drop for RunningService {
    fn drop(&mut self) {
        self.shutdown.trigger();
    }
}

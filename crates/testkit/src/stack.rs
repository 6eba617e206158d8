//! The whole of Tidewatch as a new user runs it: the `tidewatch` binary with `up`, on free ports and in a directory of
//! its own.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;
use tidewatch_client::{Client, HttpUrl, MockSlack, Prometheus};
use tidewatch_contract::http::mock_slack::{Notification, NotificationStatus};

/// Time limit for `up` to become ready; a real Kafka on a busy machine takes most of it.
const READY: Duration = Duration::from_secs(120);
/// `up` has 10 s to drain, and a real Kafka another 10 s to stop.
const DRAINED: Duration = Duration::from_secs(30);
/// Time limit for an answer over HTTP.
const ANSWER: Duration = Duration::from_secs(10);

/// Options for starting a stack.
#[derive(Debug, Clone)]
pub struct StackOptions {
    /// Path of the `tidewatch` binary: `env!("CARGO_BIN_EXE_tidewatch")` in a test of its package.
    pub binary: PathBuf,
    /// Further flags of `up`, such as `--broker in-process`.
    pub flags: Vec<String>,
}

impl StackOptions {
    /// Creates options for `up` of this binary with these flags.
    pub fn new(binary: impl Into<PathBuf>, flags: &[&str]) -> Self {
        Self { binary: binary.into(), flags: flags.iter().map(|flag| (*flag).to_owned()).collect() }
    }
}

/// A running `up`. When dropped, it is ended as with ctrl-c.
pub struct Stack {
    binary: PathBuf,
    up: Child,
    dir: TempDir,
    endpoints: Value,
}

impl Stack {
    /// Starts `up` and waits until everything is ready.
    ///
    /// # Panics
    /// When it ends or isn't ready in time; the message includes its output.
    pub async fn start(options: &StackOptions) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut up = spawn(options, dir.path());
        let deadline = Instant::now() + READY;
        let endpoints = loop {
            if let Ok(bytes) = fs::read(dir.path().join("endpoints.json")) {
                break serde_json::from_slice(&bytes).unwrap();
            }
            let ended = up.try_wait().unwrap();
            if ended.is_some() || Instant::now() > deadline {
                let _ = up.kill();
                panic!("`up` is not ready ({ended:?}); it printed:\n{}", said(dir.path()));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        Self { binary: options.binary.clone(), up, dir, endpoints }
    }

    /// Returns the state directory.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Returns the process id of `up`.
    pub fn pid(&self) -> u32 {
        self.up.id()
    }

    /// Returns the output of `up` so far, on stdout and stderr.
    pub fn said(&self) -> String {
        said(self.dir.path())
    }

    /// Returns the URL (or HOST:PORT) with this name in endpoints.json.
    pub fn endpoint(&self, name: &str) -> &str {
        self.endpoints[name].as_str().unwrap_or_else(|| panic!("no {name} in {}", self.endpoints))
    }

    fn url(&self, name: &str) -> HttpUrl {
        self.endpoint(name).parse().unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Runs another verb against this stack.
    pub async fn run(&self, arguments: &[&str]) -> Output {
        let mut command = command(&self.binary);
        command.args(arguments).env("TIDEWATCH_STATE_DIR", self.dir.path()).stdin(Stdio::null());
        tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap()
    }

    /// Returns whether endpoints.json has this name.
    pub fn has(&self, name: &str) -> bool {
        self.endpoints[name].is_string()
    }

    /// Returns the samples of an instant query to Prometheus: labels and value.
    pub async fn query(&self, promql: &str) -> Vec<(BTreeMap<String, String>, f64)> {
        let prometheus = Prometheus::new(self.url("prometheus"), ANSWER).unwrap();
        let samples = prometheus.samples(promql).await.unwrap_or_else(|error| panic!("{promql}: {error}"));
        samples.into_iter().map(|sample| (sample.labels, sample.value)).collect()
    }

    /// Sends GET to a path of a service and returns the JSON.
    pub async fn get(&self, name: &str, path: &str) -> Value {
        let client = Client::new(name, self.url(name), ANSWER).unwrap();
        client.get(path).await.unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Returns the notifications that mock-slack has received so far, oldest first.
    pub async fn notifications(&self) -> Vec<Notification> {
        let mock_slack = MockSlack::new(self.url("mock_slack"), ANSWER).unwrap();
        let mut notifications = mock_slack.notifications().await.unwrap();
        notifications.reverse();
        notifications
    }

    /// Waits until mock-slack has received a notification of this rule, service and status, and returns it.
    pub async fn notified(
        &self,
        rule: &str,
        service: &str,
        status: NotificationStatus,
        limit: Duration,
    ) -> Notification {
        let what = format!("notification of {rule} {} for {service}; `up` printed:\n{}", status.as_str(), self.said());
        crate::eventually(&what, limit, async || {
            let mut all = self.notifications().await.into_iter();
            all.find(|one| one.label("alertname") == rule && one.label("service") == service && one.status == status)
        })
        .await
    }

    /// Sends a signal to `up`.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.up), signal).unwrap();
    }

    /// Waits until `up` has ended. Returns its exit status and the directory that it leaves, with its output in
    /// `up.out`.
    pub fn ended(mut self) -> (ExitStatus, TempDir) {
        let status =
            wait(&mut self.up, DRAINED).unwrap_or_else(|| panic!("`up` does not end; it printed:\n{}", self.said()));
        fs::rename(output(self.dir()), self.dir().join("up.out")).unwrap();
        let unused = tempfile::tempdir().unwrap();
        (status, std::mem::replace(&mut self.dir, unused))
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        if matches!(self.up.try_wait(), Ok(None)) {
            let _ = kill_process(Pid::from_child(&self.up), Signal::INT);
            if wait(&mut self.up, DRAINED).is_none() {
                let _ = self.up.kill();
                let _ = self.up.wait();
            }
        }
        let _ = fs::remove_file(output(self.dir.path()));
    }
}

fn command(binary: &Path) -> Command {
    let mut command = Command::new(binary);
    // Variables that would affect a test.
    let names =
        std::env::vars_os().map(|(name, _)| name).filter(|name| name.to_string_lossy().starts_with("TIDEWATCH_"));
    for name in names.chain(["BROKERS", "KAFKA_CONFIG"].map(Into::into)) {
        command.env_remove(name);
    }
    command
}

fn spawn(options: &StackOptions, dir: &Path) -> Child {
    let output = File::create(output(dir)).unwrap();
    command(&options.binary)
        .args(["up", "--ports", "auto", "--state-dir"])
        .arg(dir)
        .args(&options.flags)
        .stdin(Stdio::null())
        .stdout(output.try_clone().unwrap())
        .stderr(output)
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}", options.binary.display()))
}

/// Returns the file for its output: beside the state directory, in which `up` expects nothing but its own files.
fn output(dir: &Path) -> PathBuf {
    dir.with_extension("out")
}

fn said(dir: &Path) -> String {
    fs::read_to_string(output(dir)).unwrap_or_default()
}

fn wait(child: &mut Child, limit: Duration) -> Option<ExitStatus> {
    let deadline = Instant::now() + limit;
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    None
}

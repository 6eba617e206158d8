//! The whole of Tidewatch as a new user runs it: the `tidewatch` binary with `up`, on free ports and in a directory of
//! its own.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

/// Time limit for `up` to become ready; a real Kafka on a busy machine takes most of it.
const READY: Duration = Duration::from_secs(120);
/// `up` has 10 s to drain, and a real Kafka another 10 s to stop.
const DRAINED: Duration = Duration::from_secs(30);

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

/// A notification that mock-slack received.
#[derive(Debug, Clone, PartialEq)]
pub struct Notification {
    /// The rule's name.
    pub rule: String,
    /// The service concerned; empty if the rule concerns none.
    pub service: String,
    /// The region, if the rule has one.
    pub region: Option<String>,
    /// All labels.
    pub labels: BTreeMap<String, String>,
    /// `firing` or `resolved`.
    pub status: String,
    /// When mock-slack received it.
    pub received_at: Timestamp,
}

/// A running `up`. When dropped, it is ended as with ctrl-c.
pub struct Stack {
    binary: PathBuf,
    up: Child,
    dir: TempDir,
    endpoints: Value,
    client: reqwest::Client,
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
                panic!("`up` is not ready ({ended:?}); it said:\n{}", said(dir.path()));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        let client = reqwest::Client::builder().timeout(Duration::from_secs(10)).no_proxy().build().unwrap();
        Self { binary: options.binary.clone(), up, dir, endpoints, client }
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
        let url = format!("{}/api/v1/query", self.endpoint("prometheus"));
        let answer = self.client.get(&url).query(&[("query", promql)]).send().await.unwrap();
        let answer: Value = answer.json().await.unwrap();
        let samples = answer["data"]["result"].as_array().unwrap_or_else(|| panic!("{promql}: {answer}"));
        let sample = |sample: &Value| {
            let labels = serde_json::from_value(sample["metric"].clone()).unwrap();
            (labels, sample["value"][1].as_str().unwrap().parse().unwrap())
        };
        samples.iter().map(sample).collect()
    }

    /// Sends GET to a path of a service and returns the JSON.
    pub async fn get(&self, name: &str, path: &str) -> Value {
        let url = format!("{}{path}", self.endpoint(name));
        let response = self.client.get(&url).send().await.unwrap_or_else(|error| panic!("{url}: {error}"));
        assert!(response.status().is_success(), "{url}: {}", response.status());
        response.json().await.unwrap()
    }

    /// Returns the notifications that mock-slack has received so far, oldest first.
    pub async fn notifications(&self) -> Vec<Notification> {
        let alerts = self.get("mock_slack", "/api/alerts").await;
        alerts.as_array().unwrap().iter().rev().map(notification).collect()
    }

    /// Waits until mock-slack has received a notification of this rule, service and status, and returns it.
    pub async fn notified(&self, rule: &str, service: &str, status: &str, limit: Duration) -> Notification {
        let what = format!("notification of {rule} {status} for {service}; up said:\n{}", self.said());
        crate::eventually(&what, limit, async || {
            let all = self.notifications().await;
            all.into_iter().find(|told| told.rule == rule && told.service == service && told.status == status)
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
            wait(&mut self.up, DRAINED).unwrap_or_else(|| panic!("`up` does not end; it said:\n{}", self.said()));
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

fn notification(alert: &Value) -> Notification {
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("not text in {alert}")).to_owned();
    let labels = alert["labels"].as_object().unwrap();
    let labels: BTreeMap<_, _> = labels.iter().map(|(name, value)| (name.clone(), text(value))).collect();
    Notification {
        rule: text(&alert["labels"]["alertname"]),
        service: labels.get("service").cloned().unwrap_or_default(),
        region: labels.get("region").cloned(),
        labels,
        status: text(&alert["status"]),
        received_at: text(&alert["received_at"]).parse().unwrap(),
    }
}

//! A real Prometheus with the scrape targets of a test, and its API.
#![allow(dead_code, reason = "each test file is a crate of its own and uses its part of this")]

use std::collections::BTreeMap;
use std::fs::File;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tidewatch_testkit::{eventually, program};

/// The labels of a series, including `__name__`.
pub(crate) type Labels = BTreeMap<String, String>;

/// A running Prometheus. It is killed when dropped.
pub(crate) struct Prometheus {
    process: Child,
    url: String,
    client: reqwest::Client,
    _dir: TempDir,
}

impl Prometheus {
    /// Starts a Prometheus that scrapes these jobs once per second. A job is a name and further lines of its
    /// configuration. If Prometheus is not installed, reports `test` as skipped.
    pub(crate) async fn start(test: &str, target: SocketAddr, jobs: &[(&str, &str)]) -> Option<Self> {
        let program = program("prometheus", test)?;
        let dir = tempfile::tempdir().unwrap();
        let mut config = "global: {scrape_interval: 1s}\nscrape_configs:\n".to_owned();
        for (name, more) in jobs {
            config += &format!("- {{job_name: {name}, static_configs: [{{targets: ['{target}']}}]{more}}}\n");
        }
        std::fs::write(dir.path().join("prometheus.yml"), config).unwrap();
        let listen = free_port();
        let log = File::create(dir.path().join("log")).unwrap();
        let process = Command::new(program)
            .args(["--config.file=prometheus.yml", "--storage.tsdb.path=data", "--enable-feature=exemplar-storage"])
            .arg(format!("--web.listen-address={listen}"))
            .current_dir(dir.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let client = reqwest::Client::builder().timeout(Duration::from_secs(30)).no_proxy().build().unwrap();
        let mut prometheus = Self { process, url: format!("http://{listen}"), client, _dir: dir };
        let log = prometheus._dir.path().join("log");
        eventually("prometheus is ready", Duration::from_secs(60), async || {
            let ended = prometheus.process.try_wait().unwrap();
            assert!(ended.is_none(), "{ended:?}: {}", std::fs::read_to_string(&log).unwrap());
            let answer = prometheus.client.get(format!("{}/-/ready", prometheus.url)).send().await;
            answer.is_ok_and(|answer| answer.status().is_success()).then_some(())
        })
        .await;
        Some(prometheus)
    }

    /// Sends a GET to its API, and returns `data` of the answer.
    pub(crate) async fn get(&self, path: &str, parameters: &[(&str, &str)]) -> Value {
        let request = self.client.get(format!("{}/api/v1/{path}", self.url)).query(parameters);
        let mut answer: Value = request.send().await.unwrap().json().await.unwrap();
        assert_eq!(answer["status"], "success", "{path} {parameters:?}: {answer}");
        answer["data"].take()
    }

    /// Returns the current value of each series that a query returns.
    pub(crate) async fn query(&self, query: &str) -> BTreeMap<Labels, f64> {
        let data = self.get("query", &[("query", query)]).await;
        let series = data["result"].as_array().unwrap().iter();
        series.map(|series| (labels(&series["metric"]), number(&series["value"][1]))).collect()
    }

    /// Returns the only value of a query, or `None` if there is none.
    pub(crate) async fn value(&self, query: &str) -> Option<f64> {
        let found = self.query(query).await;
        assert!(found.len() <= 1, "{query}: {found:?}");
        found.into_values().next()
    }

    /// Returns the scraped samples of a range such as `some_total[1h]`, by series.
    pub(crate) async fn samples(&self, range: &str) -> BTreeMap<Labels, Vec<f64>> {
        let data = self.get("query", &[("query", range)]).await;
        let series = data["result"].as_array().unwrap().iter();
        let values = |series: &Value| series["values"].as_array().unwrap().iter().map(|v| number(&v[1])).collect();
        series.map(|series| (labels(&series["metric"]), values(series))).collect()
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Returns a loopback port that was free a moment ago.
pub(crate) fn free_port() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn labels(metric: &Value) -> Labels {
    let pairs = metric.as_object().unwrap().iter();
    pairs.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect()
}

fn number(value: &Value) -> f64 {
    value.as_str().unwrap().parse().unwrap()
}

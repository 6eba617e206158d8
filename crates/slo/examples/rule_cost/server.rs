//! A Prometheus that evaluates rules over the history.

use std::error::Error;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// A running Prometheus process, killed when dropped.
pub(crate) struct Server {
    process: Child,
    address: String,
}

impl Server {
    /// Starts Prometheus in `dir`, which has `rules.yaml` and `data`, and waits until it is ready.
    pub(crate) fn start(dir: &Path, target: &str) -> Result<Self, Box<dyn Error>> {
        let config = format!(
            "global: {{scrape_interval: 30s, evaluation_interval: 30s}}\nrule_files: [rules.yaml]\n\
             scrape_configs: [{{job_name: cost, static_configs: [{{targets: ['{target}'], labels: {{instance: \
             i}}}}]}}]\n"
        );
        fs::write(dir.join("prometheus.yml"), config)?;
        // Another process is unlikely to take the port in the meantime.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        let process = Command::new("prometheus")
            .args(["--config.file=prometheus.yml", "--storage.tsdb.path=data", "--storage.tsdb.retention.time=40d"])
            .arg(format!("--web.listen-address={address}"))
            .current_dir(dir)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let server = Self { process, address };
        let deadline = Instant::now() + Duration::from_secs(120);
        while server.get("/-/ready").is_none() {
            if Instant::now() > deadline {
                return Err("Prometheus was not ready within two minutes".into());
            }
            thread::sleep(Duration::from_millis(500));
        }
        Ok(server)
    }

    /// Returns the seconds spent evaluating rule groups so far.
    pub(crate) fn evaluating(&self) -> Result<f64, Box<dyn Error>> {
        self.metric("prometheus_rule_group_duration_seconds_sum")
            .or_else(|_| self.metric("prometheus_rule_evaluation_duration_seconds_sum"))
    }

    /// Returns the CPU seconds used so far.
    pub(crate) fn cpu(&self) -> Result<f64, Box<dyn Error>> {
        self.metric("process_cpu_seconds_total")
    }

    fn metric(&self, name: &str) -> Result<f64, Box<dyn Error>> {
        let text = self.get("/metrics").ok_or("Prometheus does not answer")?;
        let samples = text.lines().filter(|line| line.starts_with(name));
        let values: Vec<f64> = samples.filter_map(|line| line.rsplit(' ').next()?.parse().ok()).collect();
        if values.is_empty() { Err(format!("Prometheus has no {name}").into()) } else { Ok(values.iter().sum()) }
    }

    fn get(&self, path: &str) -> Option<String> {
        let mut stream = TcpStream::connect(&self.address).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
        write!(stream, "GET {path} HTTP/1.0\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        answer.contains(" 200 OK").then_some(answer)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

//! A service as a separate process: started, observed while it reads, and stopped; with its CPU time and memory.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use tidewatch_client::Admin;
use tidewatch_contract::http::admin::Unmet;
use tidewatch_servers::process::{Invocation, Port, Supervised};
use tokio::time::{Instant, sleep};

use super::broker::Broker;
use super::report::Measured;
use crate::http;

const START: Duration = Duration::from_secs(30);
/// Time limit for reading the backlog.
const READ: Duration = Duration::from_secs(600);
const STOP: Duration = Duration::from_secs(15);
/// Interval between checks of whether it has started to read. Events read between two checks are not measured.
const POLL: Duration = Duration::from_millis(10);
/// Interval between checks of whether it is done. Each answer costs it some CPU time.
const GLANCE: Duration = Duration::from_millis(25);

/// A service to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    Processor,
    Bridge,
}

impl Service {
    fn program(self) -> &'static str {
        match self {
            Self::Processor => "stream-processor",
            Self::Bridge => "metrics-bridge",
        }
    }

    /// Returns whether it has its partitions and is reading them.
    fn reads(self, unmet: &[Unmet]) -> bool {
        unmet.iter().all(|Unmet { condition, reason }| match self {
            Self::Processor => condition != "partitions",
            // Before that, the reason is that nothing is restored yet.
            Self::Bridge => condition != "caught-up" || reason.starts_with("catching up"),
        })
    }

    /// Returns the metric that counts what it has read.
    fn counter(self) -> &'static str {
        match self {
            Self::Processor => "stream_processor_events_total",
            Self::Bridge => "metrics_bridge_records_counted_total",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.program())
    }
}

/// One build of a service.
pub(super) struct Program {
    service: Service,
    dir: PathBuf,
    file: PathBuf,
}

impl Program {
    /// Finds the program in `dir`.
    pub(super) fn find(service: Service, dir: &Path) -> anyhow::Result<Self> {
        let name = service.program();
        match tidewatch_servers::process::executable(dir, &[name]) {
            Some(file) => Ok(Self { service, dir: dir.to_owned(), file }),
            None => {
                bail!("--programs: no {name} in {}; build it with `cargo build --release -p {name}`", dir.display())
            }
        }
    }

    pub(super) fn service(&self) -> Service {
        self.service
    }

    /// Returns the directory it is in.
    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Starts it, and measures how it reads a backlog of `events` events from the beginning. Its log goes to `dir`.
    pub(super) async fn measure(&self, broker: &Broker, events: u64, dir: &Path) -> anyhow::Result<Measured> {
        let port = Port::free();
        let mut flags = broker.flags();
        flags.push(format!("--admin-listen=127.0.0.1:{port}"));
        if self.service == Service::Processor {
            flags.push(format!("--group=tidewatch-bench-{port}-{}", std::process::id()));
        }
        let invocation = Invocation {
            program: self.file.clone(),
            arguments: flags.into_iter().map(Into::into).collect(),
            environment: Vec::new(),
        };
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let service =
            Observed { service: self.service, admin: Admin::new(self.service.program(), address.into(), http::LIMIT)? };
        let log = dir.join(format!("{}.log", self.service));
        let name = self.service.program();
        let mut server = Supervised::start(name, &invocation, dir, &log, START, || service.lives()).await?;
        let measured = self.watch(&mut server, &service, events).await;
        server.stop(STOP).await;
        measured
    }

    async fn watch(&self, server: &mut Supervised, service: &Observed, events: u64) -> anyhow::Result<Measured> {
        until(server, START, POLL, "has no partitions", async || service.reads().await).await?;
        let (began, cpu) = (Instant::now(), cpu_seconds(server.pid())?);
        until(server, READ, GLANCE, "has not read everything", async || service.has_read(events).await).await?;
        let (seconds, cpu) = (began.elapsed().as_secs_f64(), cpu_seconds(server.pid())? - cpu);
        let read = service.count().await.unwrap_or_default();
        if read != events {
            bail!("the {} counts {read} events, but {events} were written", self.service);
        }
        let millions = events as f64 / 1e6;
        Ok(Measured {
            events_per_second: events as f64 / seconds,
            cpu_per_million: cpu / millions,
            peak_mb: peak_mb(server.pid())?,
        })
    }
}

async fn until(
    server: &mut Supervised,
    limit: Duration,
    pause: Duration,
    what: &str,
    mut met: impl AsyncFnMut() -> bool,
) -> anyhow::Result<()> {
    let deadline = Instant::now() + limit;
    while !met().await {
        if let Some(status) = server.exited() {
            bail!("the {} ended ({status}) while it was measured; RUST_LOG=debug shows more", server.name());
        }
        if Instant::now() > deadline {
            bail!("the {} {what} after {} s", server.name(), limit.as_secs());
        }
        sleep(pause).await;
    }
    Ok(())
}

/// A service seen from outside. An error counts as not ready.
struct Observed {
    service: Service,
    admin: Admin,
}

impl Observed {
    async fn lives(&self) -> bool {
        self.admin.readiness().await.is_ok()
    }

    async fn reads(&self) -> bool {
        self.admin.readiness().await.is_ok_and(|readiness| self.service.reads(&readiness.reasons))
    }

    /// Returns how much it has read. The bridge doesn't report this before it has read everything.
    async fn count(&self) -> Option<u64> {
        sum(&self.admin.metrics().await.ok()?, self.service.counter())
    }

    async fn has_read(&self, events: u64) -> bool {
        self.count().await.is_some_and(|read| read >= events)
    }
}

/// Returns the sum of all series of a counter.
fn sum(metrics: &str, counter: &str) -> Option<u64> {
    let values = metrics.lines().filter_map(|line| {
        let rest = line.strip_prefix(counter)?;
        let value =
            rest.strip_prefix(' ').or_else(|| rest.strip_prefix('{')?.rsplit_once("} ").map(|(_, value)| value))?;
        value.trim().parse::<f64>().ok()
    });
    let values: Vec<f64> = values.collect();
    (!values.is_empty()).then(|| values.iter().sum::<f64>() as u64)
}

/// Returns the user and system time of all threads of a process, in seconds.
fn cpu_seconds(pid: u32) -> anyhow::Result<f64> {
    let stat = proc(pid, "stat")?;
    // The name in parentheses may contain spaces; the fields are counted from it, see proc_pid_stat(5).
    let fields: Vec<&str> = stat.rsplit_once(')').map_or("", |(_, fields)| fields).split_whitespace().collect();
    let ticks = |number: usize| fields.get(number).and_then(|field| field.parse::<f64>().ok());
    let (user, system) = ticks(11).zip(ticks(12)).ok_or_else(|| anyhow!("/proc/{pid}/stat is not as expected"))?;
    Ok((user + system) / rustix::param::clock_ticks_per_second() as f64)
}

/// Returns the peak resident memory in MB.
fn peak_mb(pid: u32) -> anyhow::Result<f64> {
    let status = proc(pid, "status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
    let kib: f64 = peak.and_then(|kib| kib.parse().ok()).ok_or_else(|| anyhow!("/proc/{pid}/status has no VmHWM"))?;
    Ok(kib * 1024.0 / 1e6)
}

fn proc(pid: u32, file: &str) -> anyhow::Result<String> {
    let path = format!("/proc/{pid}/{file}");
    std::fs::read_to_string(&path)
        .with_context(|| format!("can't read {path}: CPU and memory are measured on Linux only"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_series_of_a_counter_are_added_and_no_others() {
        let text =
            "# HELP read_total Read.\nread_total{outcome=\"a b} 7\"} 3\nread_total{outcome=\"b\"} 4\nread_totals 9\n";
        assert_eq!(sum(text, "read_total"), Some(7));
        assert_eq!(sum("read_total 5\n", "read_total"), Some(5));
        assert_eq!(sum("", "read_total"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn cpu_and_memory_of_a_process_are_read_and_cpu_grows_with_work() {
        let pid = std::process::id();
        let before = cpu_seconds(pid).unwrap();
        let deadline = std::time::Instant::now() + Duration::from_secs(10);
        while cpu_seconds(pid).unwrap() < before + 0.05 {
            assert!(std::time::Instant::now() < deadline, "no CPU time is counted");
        }
        assert!(peak_mb(pid).unwrap() > 1.0);
        assert!(cpu_seconds(u32::MAX).unwrap_err().to_string().contains("/proc"));
    }

    #[test]
    fn a_service_reads_once_it_has_its_partitions() {
        let unmet =
            |condition: &str, reason: &str| [Unmet { condition: condition.to_owned(), reason: reason.to_owned() }];
        assert!(!Service::Processor.reads(&unmet("partitions", "none")));
        assert!(Service::Processor.reads(&unmet("kafka", "not yet")));
        assert!(!Service::Bridge.reads(&unmet("caught-up", "the series are not restored")));
        assert!(Service::Bridge.reads(&unmet("caught-up", "catching up with the records")));
    }
}

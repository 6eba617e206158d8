//! Saturation: a process's CPU, memory and open files, from its `/metrics`.

use std::time::Duration;

/// The figures that a process reports at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    cpu_seconds: f64,
    started: f64,
    memory_bytes: f64,
    open_files: f64,
    max_files: f64,
}

impl Reading {
    /// Parses a process's figures from Prometheus's text format; returns `None` if any is missing.
    pub fn parse(text: &str) -> Option<Self> {
        let value = |name: &str| {
            text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.split(' ').next()?.parse().ok())
        };
        Some(Self {
            cpu_seconds: value("process_cpu_seconds_total")?,
            started: value("process_start_time_seconds")?,
            memory_bytes: value("process_resident_memory_bytes")?,
            open_files: value("process_open_fds")?,
            max_files: value("process_max_fds")?,
        })
    }
}

/// A monitored process.
#[derive(Debug, Clone)]
pub struct Process {
    /// The services that run in it.
    pub services: Vec<&'static str>,
    /// CPU time per unit of time, 1.0 being one core; `None` until there are two readings of the same process.
    pub cpu: Option<f64>,
    /// Resident memory in bytes.
    pub memory_bytes: f64,
    /// Number of open files.
    pub open_files: f64,
    /// Maximum number of open files.
    pub max_files: f64,
    last: Reading,
}

impl Process {
    /// Creates a process from its first reading.
    pub fn new(service: &'static str, reading: Reading) -> Self {
        Self {
            services: vec![service],
            cpu: None,
            memory_bytes: reading.memory_bytes,
            open_files: reading.open_files,
            max_files: reading.max_files,
            last: reading,
        }
    }

    /// Applies the next reading, `elapsed` after the previous one.
    pub fn update(&mut self, reading: Reading, elapsed: Duration) {
        // A different start time means a new process, whose CPU time starts from zero.
        let same = reading.started == self.last.started;
        self.cpu = same.then(|| (reading.cpu_seconds - self.last.cpu_seconds).max(0.0) / elapsed.as_secs_f64());
        self.memory_bytes = reading.memory_bytes;
        self.open_files = reading.open_files;
        self.max_files = reading.max_files;
        self.last = reading;
    }
}

/// Returns the processes to show. With `tidewatch up` several services share one process, which is shown once.
pub fn distinct<'a>(processes: impl Iterator<Item = &'a Process>) -> Vec<Process> {
    let mut shown: Vec<Process> = Vec::new();
    for process in processes {
        // Start times are whole seconds; memory use tells apart two processes that started in the same second.
        let twin = shown.iter_mut().find(|other| {
            other.last.started == process.last.started
                && (other.memory_bytes / process.memory_bytes - 1.0).abs() < 0.5
                && other.max_files == process.max_files
        });
        match twin {
            Some(twin) => twin.services.extend(&process.services),
            None => shown.push(process.clone()),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(cpu: f64, started: f64, memory: f64) -> String {
        format!(
            "# HELP process_cpu_seconds_total Total.\n# TYPE process_cpu_seconds_total counter\n\
             process_cpu_seconds_total {cpu}\nprocess_start_time_seconds {started}\n\
             process_resident_memory_bytes {memory}\nprocess_open_fds 24\nprocess_max_fds 1024\n"
        )
    }

    #[test]
    fn cpu_is_the_usage_between_two_readings() {
        let mut process = Process::new("console", Reading::parse(&text(10.0, 5.0, 1e7)).unwrap());
        assert_eq!(process.cpu, None);
        process.update(Reading::parse(&text(10.5, 5.0, 2e7)).unwrap(), Duration::from_secs(5));
        assert_eq!((process.cpu, process.memory_bytes), (Some(0.1), 2e7));
    }

    #[test]
    fn a_restarted_process_has_no_cpu_figure_until_the_next_reading() {
        let mut process = Process::new("console", Reading::parse(&text(10.0, 5.0, 1e7)).unwrap());
        process.update(Reading::parse(&text(0.1, 9.0, 1e7)).unwrap(), Duration::from_secs(5));
        assert_eq!(process.cpu, None);
    }

    #[test]
    fn services_of_one_process_are_shown_once() {
        let reading = |started| Reading::parse(&text(1.0, started, 1e7)).unwrap();
        let (a, b, c) = (
            Process::new("console", reading(5.0)),
            Process::new("stream-processor", reading(5.0)),
            Process::new("other", reading(6.0)),
        );
        let shown = distinct([&a, &b, &c].into_iter());
        assert_eq!(
            shown.iter().map(|p| p.services.clone()).collect::<Vec<_>>(),
            [vec!["console", "stream-processor"], vec!["other"]]
        );
    }

    #[test]
    fn text_without_the_figures_is_not_a_reading() {
        assert_eq!(Reading::parse("process_cpu_seconds_total 1\n"), None);
        assert_eq!(Reading::parse("<html>"), None);
    }
}

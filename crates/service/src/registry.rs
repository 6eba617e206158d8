//! A metrics registry with the metrics that every service exposes: its build, its process, its CPU time, memory and
//! open files.
use crate::{
    limits,
    metrics::{BUILD_INFO, CPU_LIMIT, MEMORY_LIMIT, PROCESS_INFO},
};
use prometheus::{IntGauge, IntGaugeVec, Registry};

/// Creates a registry for `service`, with [`crate::metrics::COMMON`]: the process's CPU, memory and open files (on
/// Linux), their limits, and which build and process this is.
pub(crate) fn registry(service: &str) -> Registry {
    let registry = Registry::new();
    common(&registry, service).expect("a new registry takes what is declared once");
    registry
}

fn common(registry: &Registry, service: &str) -> prometheus::Result<()> {
    #[cfg(target_os = "linux")]
    registry.register(Box::new(prometheus::process_collector::ProcessCollector::for_self()))?;
    let build: IntGaugeVec = BUILD_INFO.register(registry)?;
    build.with_label_values(&[service, env!("CARGO_PKG_VERSION")]).set(1);
    let process: IntGaugeVec = PROCESS_INFO.register(registry)?;
    process.with_label_values(&[host(), std::process::id().to_string()]).set(1);
    let cores: IntGauge = CPU_LIMIT.register(registry)?;
    cores.set(limits::cpu_cores().try_into().unwrap_or(i64::MAX));
    if let Some(bytes) = limits::memory_bytes() {
        let memory: IntGauge = MEMORY_LIMIT.register(registry)?;
        memory.set(bytes.try_into().unwrap_or(i64::MAX));
    }
    Ok(())
}

/// Returns the host's name according to Linux; in a container, the container's.
fn host() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname").map_or("localhost".to_owned(), |name| name.trim().to_owned())
}

//! A metrics registry with what every service exports: its build, its CPU time, memory and open files.
use prometheus::{IntGauge, Opts, Registry};

/// A registry of its own for `service`, with the process's CPU, memory and open files (on Linux) and `tidewatch_build_info`.
pub fn registry(service: &str) -> Registry {
    let registry = Registry::new();
    #[cfg(target_os = "linux")]
    registry
        .register(Box::new(prometheus::process_collector::ProcessCollector::for_self()))
        .expect("a new registry has no metric of this name");
    let labels = [("service", service), ("version", env!("CARGO_PKG_VERSION"))];
    let build = labels.into_iter().fold(
        Opts::new("tidewatch_build_info", "Always 1; its labels say which service and version this is."),
        |opts, (name, value)| opts.const_label(name, value),
    );
    let build = IntGauge::with_opts(build).expect("name and labels are valid");
    build.set(1);
    registry.register(Box::new(build)).expect("a new registry has no metric of this name");
    registry
}

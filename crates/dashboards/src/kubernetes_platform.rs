//! Kubernetes: the nodes of a cluster, and what it does to Tidewatch's pods.

use crate::annotation::AlertAnnotation;
use crate::dashboard::{Design, Section};
use crate::limits;
use crate::link::Link;
use crate::panel::Panel;
use crate::query::Target;
use crate::table::Column;
use crate::threshold::Thresholds;
use crate::unit::Unit;

pub(crate) const UID: &str = "tidewatch-kubernetes-platform";

/// When none of its panels has data.
const ELSEWHERE: &str = "Tidewatch doesn't run in a Kubernetes cluster";

pub(crate) fn design() -> Design {
    Design {
        uid: UID,
        title: "Tidewatch: Kubernetes platform",
        description: "The nodes of the cluster that Tidewatch runs in, and its pods: how busy and how full they are, \
                      and what is restarted or missing.",
        from: "now-1h",
        variables: vec![],
        annotations: AlertAnnotation::both(".*"),
        sections: vec![state(), nodes(), disks(), pods(), table(), volumes()],
    }
}

fn range(expr: &str) -> Target {
    Target::range(expr).maybe_nothing(ELSEWHERE)
}

fn state() -> Section {
    let nodes = Panel::stat(
        "Nodes that are not ready",
        "Nodes whose kubelet has not reported that it can run pods.",
        Unit::Count,
        Thresholds::critical_from(1.0),
    )
    .ask(range("sum(kube_node_status_condition{condition=\"Ready\", status=\"true\"} == bool 0)").legend("nodes"))
    .link(Link::runbook("Runbook", "NodeNotReady"));
    let workloads = Panel::stat(
        "Workloads without all pods",
        "Deployments, StatefulSets and DaemonSets with fewer pods that are ready than they should have.",
        Unit::Count,
        Thresholds::warning_from(1.0),
    )
    .ask(range("sum(workload:missing_pods:max > bool 0)").legend("workloads"))
    .link(Link::runbook("Runbook", "ReplicasUnavailable"));
    let pods = Panel::stat(
        "Pods that are not ready",
        "Pods that can't do their work now. Pods that have ended for good are not counted.",
        Unit::Count,
        Thresholds::warning_from(1.0),
    )
    .ask(
        range(
            "sum(kube_pod_status_ready{condition=\"false\"} \
             unless on (namespace, pod) kube_pod_status_phase{phase=~\"Succeeded|Failed\"} == 1)",
        )
        .legend("pods"),
    );
    let restarts = Panel::stat(
        "Most restarts of a container in 15 minutes",
        "The container that Kubernetes started again most often.",
        Unit::Count,
        Thresholds::warning_from(limits::RESTARTS + 1.0),
    )
    .ask(range("max(container:restarts:increase15m)").legend("restarts"))
    .link(Link::runbook("Runbook", "PodRestartingFrequently"));
    Section::top().band(5, [(6, nodes), (6, workloads), (6, pods), (6, restarts)])
}

fn nodes() -> Section {
    let cpu = Panel::graph(
        "Processors in use",
        "Share of each node's processors, over five minutes. Waiting for a disk is not use.",
        Unit::Share,
        Thresholds::warning_from(limits::NODE_CPU),
    )
    .ask(range("node:cpu_usage:ratio_rate5m").legend("{{node}}"))
    .max(1.0)
    .link(Link::runbook("Runbook", "NodeCpuSaturated"));
    let waiting = Panel::graph(
        "Time with a process that waits",
        "Share of the time in which some process of the node could not continue, and what it waited for.",
        Unit::Share,
        Thresholds::none(),
    )
    .ask(range("rate(node_pressure_cpu_waiting_seconds_total[5m])").legend("{{node}}: processor"))
    .ask(range("rate(node_pressure_memory_waiting_seconds_total[5m])").legend("{{node}}: memory"))
    .ask(range("rate(node_pressure_io_waiting_seconds_total[5m])").legend("{{node}}: disk"))
    .max(1.0);
    let memory = Panel::graph(
        "Memory in use",
        "Share of each node's memory. Cached files are not counted.",
        Unit::Share,
        Thresholds::warning_from(limits::NODE_MEMORY),
    )
    .ask(range("node:memory_usage:ratio").legend("{{node}}"))
    .max(1.0)
    .link(Link::runbook("Runbook", "NodeMemoryShort"));
    Section::new("Nodes: processors and memory").band(8, [(8, cpu), (8, waiting), (8, memory)])
}

fn disks() -> Section {
    let space = Panel::graph(
        "Disks in use",
        "Share of the space on each disk of each node. From 85 % on, the kubelet removes images, then pods.",
        Unit::Share,
        Thresholds::warning_from(limits::NODE_DISK),
    )
    .ask(range("node_device:disk_usage:ratio").legend("{{node}}: {{device}}"))
    .max(1.0)
    .link(Link::runbook("Runbook", "NodeDiskFilling"));
    let busy = Panel::graph(
        "Busy disks",
        "Share of the time in which each disk had requests.",
        Unit::Share,
        Thresholds::none(),
    )
    .ask(range("rate(node_disk_io_time_seconds_total[5m]) > 0").legend("{{node}}: {{device}}"))
    .max(1.0);
    let network = Panel::graph(
        "Network",
        "Bytes per second through the interfaces of each node.",
        Unit::BytesPerSecond,
        Thresholds::none(),
    )
    .ask(
        range("sum by (node) (rate(container_network_receive_bytes_total{id=\"/\"}[5m]))").legend("{{node}}: received"),
    )
    .ask(range("sum by (node) (rate(container_network_transmit_bytes_total{id=\"/\"}[5m]))").legend("{{node}}: sent"));
    Section::new("Nodes: disks and network").band(8, [(8, space), (8, busy), (8, network)])
}

fn pods() -> Section {
    let cpu = Panel::graph(
        "Processors in use by pod",
        "Cores that each pod uses, over five minutes.",
        Unit::Cores,
        Thresholds::none(),
    )
    .ask(range("sum by (pod) (rate(container_cpu_usage_seconds_total{container!=\"\"}[5m]))").legend("{{pod}}"));
    let throttled = Panel::graph(
        "Stopped by a CPU limit",
        "Share of the periods in which a pod had used up its limit. Tidewatch sets no CPU limits, so only limits that \
         somebody added appear here.",
        Unit::Share,
        Thresholds::none(),
    )
    .ask(
        Target::range(
            "sum by (pod) (rate(container_cpu_cfs_throttled_periods_total{container!=\"\"}[5m])) \
             / (sum by (pod) (rate(container_cpu_cfs_periods_total{container!=\"\"}[5m])) > 0)",
        )
        .legend("{{pod}}")
        .maybe_nothing("no container has a CPU limit"),
    )
    .nothing("no CPU limits")
    .max(1.0);
    let memory = Panel::graph(
        "Memory by container, as a share of its limit",
        "Without cached files. At 100 % the kernel kills the container.",
        Unit::Share,
        Thresholds::warning_from(limits::CONTAINER_MEMORY),
    )
    .ask(range("container:memory_usage:ratio").legend("{{pod}}: {{container}}"))
    .max(1.0)
    .link(Link::runbook("Runbook", "ContainerMemoryNearLimit"));
    Section::new("Pods").band(8, [(8, cpu), (8, throttled), (8, memory)])
}

fn table() -> Section {
    let of = |resource: &str, kind: &str| {
        Target::table(format!(
            "sum by (pod, container) (kube_pod_container_resource_{kind}{{resource=\"{resource}\"}})"
        ))
        .maybe_nothing(ELSEWHERE)
    };
    let value = |title: &str, query: usize, unit: Unit, decimals: u8| {
        Column::value(title, query, unit, Thresholds::none(), decimals)
    };
    let usage = Panel::table(
        "Usage, requests and limits",
        "Now, by container: what it uses, what is reserved for it, and its limit. Restarts are those of 15 minutes.",
        vec![
            Column::label("pod").sorted(false),
            Column::label("container"),
            value("CPU", 0, Unit::Cores, 3),
            value("CPU request", 1, Unit::Cores, 3),
            value("Memory", 2, Unit::Bytes, 0),
            value("Memory request", 3, Unit::Bytes, 0),
            value("Memory limit", 4, Unit::Bytes, 0),
            Column::value("Restarts", 5, Unit::Count, Thresholds::warning_from(limits::RESTARTS + 1.0), 0),
        ],
    )
    .ask(
        Target::table("sum by (pod, container) (rate(container_cpu_usage_seconds_total{container!=\"\"}[5m]))")
            .maybe_nothing(ELSEWHERE),
    )
    .ask(of("cpu", "requests"))
    .ask(Target::table("sum by (pod, container) (container_memory_rss{container!=\"\"})").maybe_nothing(ELSEWHERE))
    .ask(of("memory", "requests"))
    .ask(of("memory", "limits"))
    .ask(Target::table("max by (pod, container) (container:restarts:increase15m)").maybe_nothing(ELSEWHERE));
    Section::new("Containers").band(12, [(24, usage)])
}

fn volumes() -> Section {
    let usage = Panel::graph(
        "Volumes in use",
        "Share of the space on each volume. Not every storage driver reports it.",
        Unit::Share,
        Thresholds::warning_from(limits::VOLUME),
    )
    .ask(
        Target::range("persistentvolumeclaim:volume_usage:ratio")
            .legend("{{persistentvolumeclaim}}")
            .maybe_nothing("the storage driver doesn't report usage"),
    )
    .nothing("the storage driver doesn't report usage")
    .max(1.0)
    .link(Link::runbook("Runbook", "VolumeFilling"));
    let restarts = Panel::graph(
        "Restarts",
        "Restarts of each container within the last 15 minutes.",
        Unit::Count,
        Thresholds::warning_from(limits::RESTARTS + 1.0),
    )
    .ask(range("container:restarts:increase15m").legend("{{pod}}: {{container}}"))
    .decimals(0)
    .link(Link::runbook("Runbook", "PodRestartingFrequently"));
    Section::new("Volumes and restarts").band(8, [(12, usage), (12, restarts)])
}

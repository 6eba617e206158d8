//! The metrics of a Kubernetes cluster that rules and dashboards use: those of kube-state-metrics 2, of node_exporter 1
//! and of the kubelet of Kubernetes 1.36.

use tidewatch_service::metrics::Family;

const CONTAINER: &[&str] = &["namespace", "pod", "container", "uid"];
const CADVISOR: &[&str] = &["node", "namespace", "pod", "container", "id", "image", "name"];
const FILE_SYSTEM: &[&str] = &["node", "namespace", "pod", "container", "id", "image", "name", "device"];
const INTERFACE: &[&str] = &["node", "namespace", "pod", "id", "image", "name", "interface"];
const RESOURCE: &[&str] = &["namespace", "pod", "container", "uid", "node", "resource", "unit"];
const VOLUME: &[&str] = &["node", "namespace", "persistentvolumeclaim"];

pub(super) const STATE: &[Family] = &[
    Family::gauge("kube_cronjob_created", &["namespace", "cronjob"], "When it was created."),
    Family::gauge("kube_cronjob_next_schedule_time", &["namespace", "cronjob"], "When its next run is due."),
    Family::gauge("kube_cronjob_status_last_schedule_time", &["namespace", "cronjob"], "When a run was last due."),
    Family::gauge("kube_cronjob_status_last_successful_time", &["namespace", "cronjob"], "When a run last succeeded."),
    Family::gauge("kube_daemonset_status_desired_number_scheduled", &["namespace", "daemonset"], "Pods to have."),
    Family::gauge("kube_daemonset_status_number_available", &["namespace", "daemonset"], "Pods that are available."),
    Family::gauge("kube_deployment_spec_replicas", &["namespace", "deployment"], "Pods to have."),
    Family::gauge("kube_deployment_status_replicas_available", &["namespace", "deployment"], "Available pods."),
    Family::gauge("kube_job_failed", &["namespace", "job_name", "condition"], "1 if the Job was given up."),
    Family::gauge("kube_node_status_condition", &["node", "condition", "status"], "1 for the status it has."),
    Family::gauge("kube_pod_container_resource_limits", RESOURCE, "Limits of a container."),
    Family::gauge("kube_pod_container_resource_requests", RESOURCE, "Requests of a container."),
    Family::gauge(
        "kube_pod_container_status_last_terminated_reason",
        &["namespace", "pod", "container", "uid", "reason"],
        "1 for the reason why a container ended the last time.",
    ),
    Family::counter("kube_pod_container_status_restarts_total", CONTAINER, "Restarts of a container."),
    Family::gauge("kube_pod_status_phase", &["namespace", "pod", "uid", "phase"], "1 for the phase of a pod."),
    Family::gauge("kube_pod_status_ready", &["namespace", "pod", "uid", "condition"], "1 for whether a pod is ready."),
    Family::gauge("kube_statefulset_replicas", &["namespace", "statefulset"], "Pods to have."),
    Family::gauge("kube_statefulset_status_replicas_ready", &["namespace", "statefulset"], "Pods that are ready."),
];

pub(super) const NODE: &[Family] = &[
    Family::counter("node_cpu_seconds_total", &["node", "cpu", "mode"], "Seconds in which a CPU was in a mode."),
    Family::counter("node_disk_io_time_seconds_total", &["node", "device"], "Seconds in which a disk was in use."),
    Family::gauge("node_load5", &["node"], "Average number of processes that ran or waited, over 5 minutes."),
    Family::gauge("node_memory_MemAvailable_bytes", &["node"], "Memory that programs can still get."),
    Family::gauge("node_memory_MemTotal_bytes", &["node"], "Memory of the node."),
    Family::counter("node_pressure_cpu_waiting_seconds_total", &["node"], "Seconds in which a process lacked a CPU."),
    Family::counter("node_pressure_io_waiting_seconds_total", &["node"], "Seconds in which a process lacked a disk."),
    Family::counter(
        "node_pressure_memory_waiting_seconds_total",
        &["node"],
        "Seconds in which a process lacked memory.",
    ),
];

pub(super) const CONTAINERS: &[Family] = &[
    Family::counter("container_cpu_usage_seconds_total", CADVISOR_CPU, "CPU time that was used."),
    Family::counter("container_cpu_cfs_periods_total", CADVISOR, "Periods in which it had a limit of CPU time."),
    Family::counter("container_cpu_cfs_throttled_periods_total", CADVISOR, "Periods in which it reached that limit."),
    Family::gauge("container_fs_limit_bytes", FILE_SYSTEM, "Size of a file system."),
    Family::gauge("container_fs_usage_bytes", FILE_SYSTEM, "Space in use on a file system."),
    Family::gauge("container_memory_rss", CADVISOR, "Memory without cached files."),
    Family::counter("container_network_receive_bytes_total", INTERFACE, "Bytes that arrived."),
    Family::counter("container_network_transmit_bytes_total", INTERFACE, "Bytes that were sent."),
    Family::gauge("container_spec_memory_limit_bytes", CADVISOR, "Its limit of memory; 0 without one."),
];
const CADVISOR_CPU: &[&str] = &["node", "namespace", "pod", "container", "id", "image", "name", "cpu"];

pub(super) const KUBELET: &[Family] = &[
    Family::gauge("kubelet_volume_stats_capacity_bytes", VOLUME, "Size of a volume."),
    Family::gauge("kubelet_volume_stats_used_bytes", VOLUME, "Space in use on a volume."),
];

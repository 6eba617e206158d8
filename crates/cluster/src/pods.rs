//! The state of pods and volume claims.

use k8s_openapi::api::core::v1::{ContainerStatus, PersistentVolumeClaim, Pod as Object};

/// A pod that is to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pod {
    /// Its name.
    pub name: String,
    /// Why it isn't ready; `None` if it is.
    pub problem: Option<String>,
    /// How often its containers were restarted.
    pub restarts: i32,
}

/// Returns those of these pods that are to run: not those that have ended for good, as those of finished jobs and those
/// that a node evicted, and not those that are ending.
pub(crate) fn of(pods: &[Object]) -> Vec<Pod> {
    let has_ended = |pod: &Object| matches!(phase(pod), "Succeeded" | "Failed");
    let is_to_run = |pod: &&Object| pod.metadata.deletion_timestamp.is_none() && !has_ended(pod);
    pods.iter().filter(is_to_run).map(state).collect()
}

fn state(pod: &Object) -> Pod {
    Pod {
        name: pod.metadata.name.clone().unwrap_or_default(),
        problem: (!is_ready(pod)).then(|| problem(pod)),
        restarts: containers(pod).map(|container| container.restart_count).sum(),
    }
}

/// Returns whether a pod's containers run, and it isn't ending.
pub(crate) fn runs(pod: &Object) -> bool {
    phase(pod) == "Running" && pod.metadata.deletion_timestamp.is_none()
}

/// Returns whether a pod passes its readiness probes.
pub(crate) fn is_ready(pod: &Object) -> bool {
    condition(pod, "Ready").is_some_and(|(status, _)| status == "True")
}

/// Describes the state of pods, none of which runs.
pub(crate) fn describe(pods: &[Object]) -> String {
    if pods.is_empty() {
        return "there is none".to_owned();
    }
    let name = |pod: &Object| pod.metadata.name.clone().unwrap_or_default();
    let said: Vec<String> = pods.iter().map(|pod| format!("{} is {}", name(pod), problem(pod))).collect();
    said.join("; ")
}

/// Describes why a pod isn't ready: what its first container waits for, why it can't be scheduled, or its phase.
fn problem(pod: &Object) -> String {
    if pod.metadata.deletion_timestamp.is_some() {
        return "ending".to_owned();
    }
    let waiting = |container: &ContainerStatus| {
        let waiting = container.state.as_ref()?.waiting.as_ref()?;
        let reason = waiting.reason.clone()?;
        Some(waiting.message.as_ref().map_or(reason.clone(), |message| format!("{reason}: {message}")))
    };
    if let Some(reason) = containers(pod).find_map(waiting) {
        return reason;
    }
    match condition(pod, "PodScheduled") {
        Some(("False", message)) => format!("{}: {message}", phase(pod)),
        _ if phase(pod) == "Running" => "running and not ready".to_owned(),
        _ => phase(pod).to_owned(),
    }
}

fn containers(pod: &Object) -> impl Iterator<Item = &ContainerStatus> {
    let status = pod.status.iter();
    status.flat_map(|status| status.init_container_statuses.iter().chain(&status.container_statuses).flatten())
}

fn phase(pod: &Object) -> &str {
    pod.status.as_ref().and_then(|status| status.phase.as_deref()).unwrap_or("Unknown")
}

/// Returns the status and the message of a condition.
fn condition<'a>(pod: &'a Object, kind: &str) -> Option<(&'a str, &'a str)> {
    let mut conditions = pod.status.as_ref()?.conditions.iter().flatten();
    let condition = conditions.find(|condition| condition.type_ == kind)?;
    Some((&condition.status, condition.message.as_deref().unwrap_or_default()))
}

/// Returns a claim's name, and whether it is bound to a volume.
pub(crate) fn claim(claim: &PersistentVolumeClaim) -> (String, bool) {
    let phase = claim.status.as_ref().and_then(|status| status.phase.as_deref());
    (claim.metadata.name.clone().unwrap_or_default(), phase == Some("Bound"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn pod(status: &Value) -> Object {
        serde_json::from_value(json!({"metadata": {"name": "kafka-0"}, "status": status})).unwrap()
    }

    #[test]
    fn the_reason_why_a_pod_is_not_ready_is_the_most_specific_one() {
        let waiting = json!({"name": "kafka", "image": "", "imageID": "", "ready": false, "restartCount": 3,
            "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}}});
        let unscheduled = json!({"type": "PodScheduled", "status": "False", "message": "Insufficient memory"});
        let ready = |status: &str| json!({"type": "Ready", "status": status});
        for (status, problem) in [
            (json!({"phase": "Running", "conditions": [ready("True")]}), None),
            (json!({"phase": "Running", "conditions": [ready("False")]}), Some("running and not ready")),
            (json!({"phase": "Running", "containerStatuses": [waiting]}), Some("CrashLoopBackOff: back-off 10s")),
            (json!({"phase": "Pending", "initContainerStatuses": [waiting]}), Some("CrashLoopBackOff: back-off 10s")),
            (json!({"phase": "Pending", "conditions": [unscheduled]}), Some("Pending: Insufficient memory")),
            (json!({}), Some("Unknown")),
        ] {
            assert_eq!(of(&[pod(&status)])[0].problem.as_deref(), problem, "{status}");
        }
        assert_eq!(of(&[pod(&json!({"containerStatuses": [waiting]}))])[0].restarts, 3);
    }

    #[test]
    fn pods_that_have_ended_for_good_and_ending_pods_are_not_to_run() {
        let mut ending = pod(&json!({"phase": "Running"}));
        ending.metadata.deletion_timestamp = serde_json::from_value(json!("2026-11-27T22:00:00Z")).unwrap();
        assert!(!runs(&ending));
        assert_eq!(describe(std::slice::from_ref(&ending)), "kafka-0 is ending");
        let evicted = pod(&json!({"phase": "Failed", "reason": "Evicted"}));
        assert_eq!(of(&[ending, evicted, pod(&json!({"phase": "Succeeded"}))]), []);
        assert_eq!(describe(&[]), "there is none");
    }
}
